//! Attempts that layers derive from the one they were given.

use std::sync::Arc;
use std::time::Duration;

use crate::attempt::Inner;
use crate::builder::AttemptBuilder;
use crate::record::Record;
use crate::{Attempt, Progress, TraceSink};

impl Attempt {
    /// The same attempt for some of its recipients, by their places in [`recipients`](Self::recipients); `None` if
    /// none of the places is there.
    ///
    /// What is told to it stands in this attempt, at its recipients' own places, and it ends with this attempt. Giving
    /// it up touches nobody else. It has an idempotency [`key`](Self::key) of its own, the same for the same
    /// recipients. A part does not [wait for the record](Self::when_recorded) of the whole: two attempts with parts in
    /// the same places would wait for each other.
    ///
    /// ```
    /// # use posthaste_transport::{Attempt, Outcomes};
    /// # use posthaste_types::{Address, Cause, Content, Envelope, Mail, MailId, Outcome};
    /// # fn outcomes(attempt: &Attempt) -> Option<Outcomes> {
    /// attempt.settle(1, Outcome::refused(Cause::local("suppressed")));
    /// let part = attempt.narrowed(&[0, 2])?;
    /// part.settle(1, Outcome::accepted(Cause::local("250 2.0.0 OK")));
    /// // In the order of the whole: deferred, refused, accepted.
    /// let outcomes = Outcomes::settled_or(attempt, &Outcome::deferred(Cause::local("no answer")));
    /// # Some(outcomes) }
    /// # let to = ["a", "b", "c"].map(|name| Address::parse(&format!("{name}@example.org")).unwrap());
    /// # let envelope = Envelope::new(to[0].clone(), to.clone()).unwrap();
    /// # let mail = Mail::new(MailId::from_bytes([1; 16]), envelope, Content::from_canonical(b"\r\n".to_vec()).unwrap());
    /// # let kinds: Vec<_> = outcomes(&Attempt::of(&mail)).unwrap().iter().map(Outcome::kind).collect();
    /// # use posthaste_types::OutcomeKind::{Accepted, Deferred, Refused};
    /// # assert_eq!(kinds, [Deferred, Refused, Accepted]);
    /// ```
    pub fn narrowed(&self, recipients: &[usize]) -> Option<Attempt> {
        let mut left = vec![true; self.recipients().len()];
        let first = |place: &usize| left.get_mut(*place).is_some_and(std::mem::take);
        let places: Vec<usize> = recipients.iter().copied().filter(first).collect();
        let envelope = self.mail().envelope().subset(&places)?;
        let mut given = self.0.given.clone();
        if places.iter().copied().ne(0..self.recipients().len()) {
            given.mail = given.mail.with_envelope(envelope);
            given.key = given.key.for_mail(&given.mail);
            given.record = Arc::new(Record::made());
        }
        Some(self.derive(given, &places))
    }

    /// A try of its own for all recipients: the first, or another behind one that no hop took anything in. `None` if
    /// somebody was accepted or is in doubt (another try could duplicate), if this attempt is over, or if it was
    /// [withdrawn](Self::withdraw) meanwhile for somebody for whom it had begun.
    ///
    /// What the last try settled is forgotten, and nothing may be sent for it any more, whoever still holds it. That the
    /// last try was [given up](Self::give_up) is forgotten too; that this attempt was is not. Until
    /// the next [`start`](Self::start) the attempt can be [withdrawn](Self::withdraw) again: derive the next try before
    /// you wait for its time.
    pub fn next_try(&self) -> Option<Attempt> {
        let progress = self.0.progress.next_try()?;
        let mut given = self.0.given.clone();
        given.record = self.0.given.record.for_try();
        Some(Attempt(Arc::new(Inner { given, progress, passages: self.0.passages.clone() })))
    }

    /// The same attempt in less time; never in more.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Attempt {
        self.changed(|given| given.timeout = given.timeout.min(timeout))
    }

    /// The same attempt without a [route](Self::route): for a transport that it was not made for, which finds its own.
    #[must_use]
    pub fn unrouted(&self) -> Attempt {
        self.changed(|given| given.route = None)
    }

    /// The same attempt, its dialogue written to `sink`.
    #[must_use]
    pub fn traced(&self, sink: Arc<dyn TraceSink>) -> Attempt {
        self.changed(|given| given.trace = Some(sink))
    }

    /// The same attempt for a transport that tells its progress like this, which [`give_up`](Self::give_up) goes by: for
    /// a layer that drops the transport inside, and knows it better than whoever made the attempt.
    #[must_use]
    pub fn telling(&self, progress: Progress) -> Attempt {
        self.changed(|given| given.progress = progress)
    }

    /// The same attempt behind one more choice between transports: whoever chooses by its [`key`](Self::key) chooses by
    /// the [number of choices](Self::choices) too, so that one choice inside another is not the same one again.
    #[must_use]
    pub fn chosen(&self) -> Attempt {
        self.changed(|given| given.choices = given.choices.saturating_add(1))
    }

    fn changed(&self, change: impl FnOnce(&mut AttemptBuilder)) -> Attempt {
        let mut given = self.0.given.clone();
        change(&mut given);
        let all: Vec<usize> = (0..self.recipients().len()).collect();
        self.derive(given, &all)
    }

    fn derive(&self, given: AttemptBuilder, places: &[usize]) -> Attempt {
        let (progress, passages) = (self.0.progress.derived(places), self.0.passages.clone());
        Attempt(Arc::new(Inner { given, progress, passages }))
    }
}

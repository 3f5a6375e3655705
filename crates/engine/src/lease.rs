//! What is being tried.

use posthaste_queue::{Granted, RecipientState, Settled};
use posthaste_types::{Address, ProviderId, Repeat, Text, Timestamp};

/// What is being tried: the granted recipients of one mail.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) granted: Granted,
    /// When the attempt began, in the time of schedules.
    pub(crate) at: Timestamp,
    /// Whether it may duplicate.
    pub(crate) repeat: Repeat,
    /// Who receives, once the route is known.
    pub(crate) provider: Option<ProviderId>,
    /// The connections that the attempt went over, once it is made.
    pub(crate) passages: Vec<Text>,
}

impl Lease {
    pub(crate) fn new(granted: Granted, at: Timestamp, repeat: Repeat) -> Self {
        Self { granted, at, repeat, provider: None, passages: Vec::new() }
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.granted.mail.envelope().to().iter().map(|to| &to.address)
    }

    /// The part whose places `keep`, and the rest.
    pub(crate) fn split(self, keep: impl Fn(usize) -> bool) -> (Option<Self>, Option<Self>) {
        let count = self.granted.recipients.len();
        let (kept, out): (Vec<usize>, Vec<usize>) = (0..count).partition(|place| keep(*place));
        if out.is_empty() {
            return (Some(self), None);
        }
        (self.part(&kept), self.part(&out))
    }

    fn part(&self, places: &[usize]) -> Option<Self> {
        let envelope = self.granted.mail.envelope().subset(places)?;
        let mut granted = self.granted.clone();
        granted.mail = granted.mail.with_envelope(envelope);
        granted.recipients = places.iter().filter_map(|place| self.granted.recipients.get(*place).cloned()).collect();
        let Self { granted: _, at, repeat, provider, passages } = self;
        Some(Self { granted, at: *at, repeat: *repeat, provider: provider.clone(), passages: passages.clone() })
    }

    /// One result for each recipient that `judge` has one for, with its index.
    pub(crate) fn each(
        &self,
        mut judge: impl FnMut(usize, &RecipientState, &Address) -> Option<Settled>,
    ) -> Vec<(usize, Settled)> {
        let all = self.granted.recipients.iter().zip(self.addresses()).enumerate();
        all.filter_map(|(i, ((_, state), to))| Some((i, judge(i, state, to)?))).collect()
    }
}

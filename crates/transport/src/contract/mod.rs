//! The contract of [`Transport`], as checks that any implementation can run.
//!
//! A contract needs the peer's side: [`TransportFixture`] sets scenes. A scene that a fixture cannot set
//! is reported as skipped, so that a green run says what was not shown.
//!
//! Besides the scenes, an attempt is dropped at each of its awaits, one after the other: whoever is deferred then is never
//! reached, whoever was refused stays refused, and the transport takes the next mail as if nothing had been.
//!
//! ```
//! # use std::sync::Arc;
//! # use posthaste_transport::contract::{self, MemoryFixture};
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! let report = contract::check(&MemoryFixture::new()).await;
//! assert!(report.skipped().is_empty(), "{report}");
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod drops;
mod memory;

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_types::{Address, Cause, Content, Envelope, Mail, MailId, OutcomeKind};

pub use memory::MemoryFixture;

use crate::{Attempt, Outcomes, Progress, Transport, TransportError, TransportErrorKind};

/// The peer's side of the contract suite.
#[async_trait]
pub trait TransportFixture: Send + Sync {
    /// The transport under test, connected to the fixture's peer.
    fn transport(&self) -> Arc<dyn Transport>;

    /// Sets the scene for the attempts that follow.
    async fn script(&self, scene: Scene) -> Scripted;

    /// What the peer received since the last call.
    async fn received(&self) -> Vec<Taken>;

    /// Waits until an attempt with [`PATIENCE`] as its timeout has surely run out of time.
    async fn out_of_time(&self);
}

/// The timeout of the suite's attempts.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// What the peer is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scene {
    /// Accept everything.
    Accept,
    /// Refuse the second recipient for good, accept the others.
    RefuseSecond,
    /// Defer everybody.
    Defer,
    /// Never answer.
    Hang,
    /// Break the connection before the message is complete.
    CutBeforeBody,
    /// Break the connection behind the message, without an answer.
    CutBehindBody,
    /// Refuse our credential.
    WrongCredential,
}

/// Whether a fixture could set a [`Scene`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum Scripted {
    /// The scene is set.
    Set,
    /// This transport knows no such scene.
    Impossible,
}

/// A mail as the peer took it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Taken {
    /// The recipients, as the peer wrote them down; empty where a transport keeps none.
    pub to: Vec<Address>,
    /// The octets, without what the peer prepended.
    pub octets: Vec<u8>,
}

impl Taken {
    /// A mail that was taken.
    pub fn new(to: Vec<Address>, octets: Vec<u8>) -> Self {
        Self { to, octets }
    }
}

/// What a run showed and what it could not.
#[derive(Clone, Debug, Default)]
pub struct Report {
    shown: Vec<Scene>,
    skipped: Vec<Scene>,
    drops: usize,
}

impl Report {
    /// The scenes that were played.
    pub fn shown(&self) -> &[Scene] {
        &self.shown
    }

    /// The scenes that the fixture could not set.
    pub fn skipped(&self) -> &[Scene] {
        &self.skipped
    }

    /// At how many awaits an attempt was dropped; 0 for a transport that waits for nothing.
    pub fn drops(&self) -> usize {
        self.drops
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shown, skipped, drops } = self;
        write!(f, "transport contract: shown {shown:?}, skipped {skipped:?}, dropped at {drops} awaits")
    }
}

/// Runs the whole contract.
///
/// # Panics
/// At the first clause that does not hold, with the scene and what was seen.
pub async fn check(fixture: &dyn TransportFixture) -> Report {
    let mut report = Report::default();
    let scenes = [
        Scene::Accept,
        Scene::RefuseSecond,
        Scene::Defer,
        Scene::CutBeforeBody,
        Scene::CutBehindBody,
        Scene::WrongCredential,
        Scene::Hang,
    ];
    for scene in scenes {
        if fixture.script(scene).await == Scripted::Impossible {
            report.skipped.push(scene);
            continue;
        }
        play(fixture, scene).await;
        report.shown.push(scene);
    }
    if fixture.script(Scene::Accept).await == Scripted::Set {
        withdrawn(fixture).await;
    }
    for scene in [Scene::Accept, Scene::RefuseSecond] {
        if fixture.script(scene).await == Scripted::Set {
            report.drops = report.drops.saturating_add(drops::check(fixture, scene).await);
        }
    }
    fixture.transport().close().await;
    fixture.transport().close().await;
    report
}

async fn play(fixture: &dyn TransportFixture, scene: Scene) {
    let transport = fixture.transport();
    let attempt = attempt(&*transport);
    let result = race(transport.deliver(&attempt), fixture.out_of_time()).await;
    let dropped = result.is_none();
    let result = result.unwrap_or_else(|| Ok(attempt.give_up(Cause::local("out of time"))));
    let taken = fixture.received().await;
    let kinds = result.as_ref().map(kinds);
    let is = |kind: OutcomeKind| kinds.as_ref().is_ok_and(|kinds| kinds.iter().all(|k| *k == kind));
    match scene {
        Scene::Accept => {
            assert!(is(OutcomeKind::Accepted), "{scene:?}: {result:?}");
            assert_taken(&taken, &attempt, &[0, 1, 2]);
        }
        Scene::RefuseSecond => {
            let expected = [OutcomeKind::Accepted, OutcomeKind::Refused, OutcomeKind::Accepted];
            assert_eq!(kinds.ok(), Some(expected.to_vec()), "{scene:?}: {result:?}");
            assert_taken(&taken, &attempt, &[0, 2]);
        }
        Scene::Defer => {
            assert!(is(OutcomeKind::Deferred), "{scene:?}: {result:?}");
            assert!(taken.is_empty(), "{scene:?}: the peer took {taken:?}");
        }
        Scene::CutBeforeBody => {
            let fine = is(OutcomeKind::Deferred) || result.as_ref().is_err_and(TransportError::is_transient);
            assert!(fine, "{scene:?}: {result:?}");
        }
        Scene::CutBehindBody => assert!(is(OutcomeKind::InDoubt), "{scene:?}: {result:?}"),
        Scene::WrongCredential => {
            let misconfigured = |e: &TransportError| e.kind() == TransportErrorKind::Misconfigured;
            assert!(result.as_ref().is_err_and(misconfigured), "{scene:?}: {result:?}");
        }
        Scene::Hang => {
            let unknown = kinds.as_ref().is_ok_and(|kinds| kinds.iter().all(|k| *k != OutcomeKind::Accepted));
            let fine = unknown || (!dropped && result.as_ref().is_err_and(TransportError::is_transient));
            assert!(fine, "{scene:?}: {result:?}");
            assert!(attempt.past_return().is_err() || !dropped, "{scene:?}: an octet may leave behind the drop");
        }
    }
}

/// A transport that tracks progress sends nothing for a mail that was withdrawn before it began.
async fn withdrawn(fixture: &dyn TransportFixture) {
    let transport = fixture.transport();
    if transport.capabilities().progress() == Progress::Returned {
        return;
    }
    let attempt = attempt(&*transport);
    assert!(attempt.withdraw().is_ok(), "nothing has begun");
    let result = transport.deliver(&attempt).await;
    let withdrawn = |e: &TransportError| e.kind() == TransportErrorKind::Withdrawn;
    assert!(result.as_ref().is_err_and(withdrawn), "withdrawn: {result:?}");
    let taken = fixture.received().await;
    assert!(taken.is_empty(), "withdrawn: the peer took {taken:?}");
}

fn assert_taken(taken: &[Taken], attempt: &Attempt, expected: &[usize]) {
    let to = |i: &usize| attempt.recipients().get(*i).map(|recipient| recipient.address.clone());
    let expected: Vec<Address> = expected.iter().filter_map(to).collect();
    let mut seen: Vec<Address> = taken.iter().flat_map(|taken| taken.to.iter().cloned()).collect();
    seen.sort();
    if !seen.is_empty() {
        assert_eq!(seen, expected, "the peer's recipients");
    }
    assert!(!taken.is_empty(), "the peer took nothing");
    for one in taken {
        assert_eq!(one.octets, attempt.mail().content().to_vec(), "delivered means identical octets (I2)");
    }
}

fn kinds(outcomes: &Outcomes) -> Vec<OutcomeKind> {
    outcomes.iter().map(posthaste_types::Outcome::kind).collect()
}

fn attempt(transport: &dyn Transport) -> Attempt {
    numbered(transport, 7)
}

/// An attempt whose octets no other number has.
fn numbered(transport: &dyn Transport, number: u32) -> Attempt {
    let address = |text: &str| Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let to = ["ada@example.org", "bob@example.org", "eve@example.org"].map(address);
    let envelope = Envelope::new(address("sender@example.com"), to).unwrap_or_else(|error| panic!("{error}"));
    let head = format!("From: sender@example.com\r\nTo: ada@example.org\r\nSubject: contract {number}\r\n");
    let octets = [head.as_bytes(), b"\r\n.\r\n..dots\r\n"].concat();
    let content = Content::from_canonical(octets).unwrap_or_else(|error| panic!("{error}"));
    let mail = Mail::new(MailId::from_bytes(u128::from(number).to_be_bytes()), envelope, content);
    let progress = transport.capabilities().progress();
    Attempt::builder(mail).timeout(PATIENCE).progress(progress).build()
}

/// `Some` if `work` ended first.
async fn race<T>(work: impl Future<Output = T>, limit: impl Future<Output = ()>) -> Option<T> {
    let (mut work, mut limit) = (pin!(work), pin!(limit));
    std::future::poll_fn(|context| {
        if let Poll::Ready(value) = work.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        limit.as_mut().poll(context).map(|()| None)
    })
    .await
}

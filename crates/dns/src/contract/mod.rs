//! The contract suite: what every [`Resolve`] must hold, as code that anybody's resolver can run.
//!
//! ```
//! # use std::future::Future;
//! # use std::pin::Pin;
//! # use std::sync::atomic::{AtomicU64, Ordering};
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use async_trait::async_trait;
//! use posthaste_dns::contract::{self, ResolveFixture};
//! use posthaste_dns::{MemoryZone, Resolve};
//! use posthaste_types::Clock;
//!
//! # use posthaste_types::{Tick, Timestamp};
//! # #[derive(Clone, Debug, Default)]
//! # struct TestClock(Arc<AtomicU64>);
//! # impl Clock for TestClock {
//! #     fn wall(&self) -> Timestamp {
//! #         Timestamp::default()
//! #     }
//! #     fn tick(&self) -> Tick {
//! #         Tick::from_start(Duration::from_secs(self.0.load(Ordering::Relaxed)))
//! #     }
//! #     fn sleep_until(&self, _: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
//! #         Box::pin(std::future::pending()) // a zone in memory never waits
//! #     }
//! # }
//! struct Fixture {
//!     zone: MemoryZone,
//!     clock: TestClock,
//! }
//!
//! #[async_trait]
//! impl ResolveFixture for Fixture {
//!     fn resolver(&self) -> Arc<dyn Resolve> {
//!         Arc::new(self.zone.clone())
//!     }
//!     fn zone(&self) -> MemoryZone {
//!         self.zone.clone()
//!     }
//!     fn clock(&self) -> Arc<dyn Clock> {
//!         Arc::new(self.clock.clone())
//!     }
//!     async fn advance(&self, by: Duration) {
//!         // The test kit has a clock that wakes sleepers, too.
//!         self.clock.0.fetch_add(by.as_secs(), Ordering::Relaxed);
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! contract::check(&Fixture { zone: MemoryZone::new(), clock: TestClock::default() }).await;
//! # }
//! ```

mod answers;
mod errors;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_types::{Clock, DnsName, Tick};

use crate::answer::Answer;
use crate::error::DnsError;
use crate::record::RecordKind;
use crate::resolve::Resolve;
use crate::zone::MemoryZone;

/// What the suite must know of a resolver, and the DNS that it asks.
#[async_trait]
pub trait ResolveFixture: Send + Sync {
    /// The resolver, always the same one, or one that shares all its state.
    fn resolver(&self) -> Arc<dyn Resolve>;

    /// The DNS that the resolver asks, and nothing else. The suite adds names below `contract.example` and
    /// `signed.example`, and changes none that was asked for before, so that the resolver may cache.
    fn zone(&self) -> MemoryZone;

    /// The clock by which the resolver keeps deadlines.
    fn clock(&self) -> Arc<dyn Clock>;

    /// Makes so much time pass on that clock, the resolver's work going on.
    async fn advance(&self, by: Duration);

    /// A server that [`Resolve::at`] can ask and that serves [`zone`](Self::zone); `None` if the resolver has no
    /// [`Resolve::at`].
    fn server(&self) -> Option<SocketAddr> {
        None
    }

    /// Whether this scene can be shown with this resolver. What cannot is printed as skipped.
    fn shows(&self, scene: Scene) -> bool {
        let _ = scene;
        true
    }
}

/// What not every resolver can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scene {
    /// An answer that the zone calls bogus is [`DnsErrorKind::Bogus`](crate::DnsErrorKind::Bogus).
    Bogus,
    /// An answer of the signed part of the zone is [`Dnssec::Secure`](crate::Dnssec::Secure).
    Secure,
}

/// Checks every clause of the contract of [`Resolve`].
///
/// # Panics
/// At the first clause that does not hold, naming it. A scene that the fixture cannot show is printed as skipped.
pub async fn check<F: ResolveFixture + ?Sized>(fixture: &F) {
    answers::every_kind_of_record_comes_as_it_was_published(fixture).await;
    answers::negatives_are_answers(fixture).await;
    answers::wildcards_speak_for_names_that_do_not_exist(fixture).await;
    answers::aliases_are_followed_and_told(fixture).await;
    answers::texts_are_joined_octets(fixture).await;
    answers::large_answers_come_whole(fixture).await;
    answers::names_are_asked_as_they_stand(fixture).await;
    answers::ttl_is_what_is_left(fixture).await;
    answers::secure_is_said_of_what_is_signed_only(fixture).await;
    errors::not_known_is_an_error_of_its_own_kind(fixture).await;
    errors::a_loop_of_aliases_is_an_error(fixture).await;
    errors::deadlines_are_kept(fixture).await;
    errors::dropping_cancels_without_a_trace(fixture).await;
    errors::questions_run_concurrently(fixture).await;
    errors::one_named_server_is_asked(fixture).await;
}

async fn ask<F: ResolveFixture + ?Sized>(fixture: &F, on: &str, kind: RecordKind) -> Result<Answer, DnsError> {
    fixture.resolver().resolve(&name(on), kind, soon(fixture)).await
}

async fn answer<F: ResolveFixture + ?Sized>(fixture: &F, on: &str, kind: RecordKind) -> Answer {
    match ask(fixture, on, kind).await {
        Ok(answer) => answer,
        Err(error) => panic!("contract: the answer to {on} {kind} is known, but: {error} ({error:?})"),
    }
}

fn publish<F: ResolveFixture + ?Sized>(fixture: &F, records: &str) {
    fixture.zone().add(records).expect("the suite's own records are well formed");
}

fn name(text: &str) -> DnsName {
    text.parse().expect("the suite's own names are well formed")
}

fn soon<F: ResolveFixture + ?Sized>(fixture: &F) -> Tick {
    fixture.clock().tick().saturating_add(PATIENCE)
}

/// How long a question may take: the usual time of a resolver's library (RFC 1035 §7.2 names 5 s as the least).
const PATIENCE: Duration = Duration::from_secs(10);

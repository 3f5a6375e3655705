//! How an evaluation asks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use posthaste_dns::{Answer, DnsError, RecordKind, Resolve};
use posthaste_types::{Clock, DnsName, Tick, Timestamp};

/// What an evaluation needs of the world.
pub(in crate::spf) trait Ask: fmt::Debug + Send + Sync {
    fn ask<'a>(&'a self, name: &'a DnsName, kind: RecordKind) -> Asked<'a>;

    /// When the check began: what is kept of the DNS must have been good then.
    fn began(&self) -> Tick;

    fn now(&self) -> Tick;

    /// Whether the time has run out.
    fn is_late(&self) -> bool;

    /// The time, for the macro `t`.
    fn wall(&self) -> Timestamp;
}

pub(in crate::spf) type Asked<'a> = Pin<Box<dyn Future<Output = Result<Answer, DnsError>> + Send + 'a>>;

/// The world as ports.
#[derive(Debug)]
pub(in crate::spf) struct Asking<'a> {
    pub(in crate::spf) resolver: &'a dyn Resolve,
    pub(in crate::spf) clock: &'a dyn Clock,
    pub(in crate::spf) began: Tick,
    pub(in crate::spf) by: Tick,
}

impl Ask for Asking<'_> {
    fn ask<'a>(&'a self, name: &'a DnsName, kind: RecordKind) -> Asked<'a> {
        self.resolver.resolve(name, kind, self.by)
    }

    fn began(&self) -> Tick {
        self.began
    }

    fn now(&self) -> Tick {
        self.clock.tick()
    }

    fn is_late(&self) -> bool {
        self.now() >= self.by
    }

    fn wall(&self) -> Timestamp {
        self.clock.wall()
    }
}

//! What a transport can do.

/// What the engine must know of a transport before it makes attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    finality: Finality,
    idempotency: Idempotency,
    progress: Progress,
    max_recipients: usize,
}

/// What it means that the next hop accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the hop is the last one or it is not")]
pub enum Finality {
    /// The recipient's own MX has it: delivered.
    Delivered,
    /// A relay has it: relayed.
    Relayed,
}

/// Whether repeating an attempt under the same key delivers once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum Idempotency {
    /// It does.
    Keyed,
    /// It may deliver twice, as SMTP does.
    None,
}

/// Whether a transport tells how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum Progress {
    /// Only by what it returns.
    Returned,
    /// Through [`Attempt`](crate::Attempt) as it goes.
    Tracked,
}

impl Capabilities {
    /// What takes mail to the recipients' own MX.
    pub const fn mx() -> Self {
        Self { finality: Finality::Delivered, ..Self::relay() }
    }

    /// What hands mail to somebody who carries it on: a relay, a gateway, a provider.
    pub const fn relay() -> Self {
        Self {
            finality: Finality::Relayed,
            idempotency: Idempotency::None,
            progress: Progress::Returned,
            max_recipients: 100,
        }
    }

    /// The same, repeating under one key delivers once.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotency = Idempotency::Keyed;
        self
    }

    /// The same, telling its progress.
    #[must_use]
    pub const fn tracks_progress(mut self) -> Self {
        self.progress = Progress::Tracked;
        self
    }

    /// The same, with another limit of recipients an attempt; at least 1. The default is 100, which every
    /// SMTP server must take (RFC 5321 §4.5.3.1.8).
    #[must_use]
    pub const fn max_recipients(mut self, limit: usize) -> Self {
        self.max_recipients = if limit == 0 { 1 } else { limit };
        self
    }

    /// The same, repeating under one key may deliver twice.
    #[must_use]
    pub const fn not_idempotent(mut self) -> Self {
        self.idempotency = Idempotency::None;
        self
    }

    /// What holds whichever of two transports takes an attempt: the weaker of each.
    #[must_use]
    pub fn either(self, other: Self) -> Self {
        let Self { finality, idempotency, progress, max_recipients } = self;
        Self {
            finality: if finality == Finality::Relayed { finality } else { other.finality },
            idempotency: if idempotency == Idempotency::None { idempotency } else { other.idempotency },
            progress: if progress == Progress::Returned { progress } else { other.progress },
            max_recipients: max_recipients.min(other.max_recipients),
        }
    }

    /// What acceptance means.
    pub const fn finality(&self) -> Finality {
        self.finality
    }

    /// Whether repeating is harmless.
    pub const fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    /// Whether it tells its progress.
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// The most recipients of one attempt.
    pub const fn recipient_limit(&self) -> usize {
        self.max_recipients
    }
}

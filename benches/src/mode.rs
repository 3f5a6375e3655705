//! How much is done.

/// How much is done: all, or as little as shows that the bench works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Seven rounds or more.
    Full,
    /// One tiny round.
    Smoke,
}

impl Mode {
    /// What `POSTHASTE_BENCH_SMOKE` and `POSTHASTE_BENCH_ROUNDS` ask for.
    pub fn from_env() -> Self {
        if std::env::var_os("POSTHASTE_BENCH_SMOKE").is_some_and(|value| value != "0") {
            Self::Smoke
        } else {
            Self::Full
        }
    }

    /// Whether this part is to run: all do, unless the command line names some (`cargo bench ... -- one many`).
    pub fn wants(self, part: &str) -> bool {
        // Cargo itself adds `--bench`.
        let mut named = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
        named.peek().is_none() || named.any(|word| word == part)
    }

    /// The number of rounds: 15, or what `POSTHASTE_BENCH_ROUNDS` says if it is 7 or more.
    pub fn rounds(self) -> usize {
        self.rounds_or(15)
    }

    /// The number of rounds: `usual`, or what `POSTHASTE_BENCH_ROUNDS` says, 7 at least.
    pub fn rounds_or(self, usual: usize) -> usize {
        let wanted = std::env::var("POSTHASTE_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok());
        match self {
            Self::Full => wanted.unwrap_or(usual).max(7),
            Self::Smoke => 1,
        }
    }

    /// How many times the work is done in one round.
    pub fn count(self, full: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Smoke => (full / 50).clamp(4, 64),
        }
    }
}

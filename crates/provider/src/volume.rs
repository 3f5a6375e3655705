//! How much somebody sends.

use std::fmt;

/// How many messages a day somebody sends to one provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Volume(Option<u64>);

impl Volume {
    /// Not known: the rules for bulk senders may count.
    pub const UNKNOWN: Self = Self(None);

    /// So many a day, on the day with the most: providers do not forget it.
    pub const fn per_day(messages: u64) -> Self {
        Self(Some(messages))
    }

    /// How many a day, if known.
    pub const fn messages(self) -> Option<u64> {
        self.0
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(messages) => write!(f, "{messages} messages a day"),
            None => f.write_str("an unknown number of messages a day"),
        }
    }
}

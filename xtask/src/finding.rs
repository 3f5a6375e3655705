//! What a check says.

use std::fmt;

/// Whether a finding stops the build or only asks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Severity {
    /// Worth a look; the build goes on.
    Ask,
    /// The build stops.
    Fail,
}

/// One thing found, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    severity: Severity,
    place: String,
    message: String,
}

impl Finding {
    pub(crate) fn ask(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Ask, place: place.into(), message: message.into() }
    }

    pub(crate) fn fail(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Fail, place: place.into(), message: message.into() }
    }

    /// Does it stop the build?
    pub fn is_failure(&self) -> bool {
        self.severity == Severity::Fail
    }

    /// Whether it stops the build or only asks.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The file, with a line where there is one.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong, and by which rule.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Ask => "ask",
            Severity::Fail => "error",
        };
        write!(f, "{word}: {}: {}", self.place, self.message)
    }
}

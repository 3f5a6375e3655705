//! Where a dialogue is written.

use std::fmt;

/// Takes the lines of a dialogue. Transports leave secrets out.
pub trait TraceSink: fmt::Debug + Send + Sync {
    /// One line, without its line end.
    fn line(&self, direction: Direction, line: &str);
}

/// Who said a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Direction {
    /// We did.
    Sent,
    /// The peer did.
    Received,
    /// Nobody: a note on what happened to the connection.
    Note,
}

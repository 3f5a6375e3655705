//! Where a dialogue is written.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use posthaste_types::Text;

/// Takes the lines of a dialogue. Transports leave secrets and content out.
pub trait TraceSink: fmt::Debug + Send + Sync {
    /// One line, without its line end. Called while the attempt is made: it is short, and waits for nothing.
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

impl Direction {
    /// The sign in front of a line: `>` for what was sent, `<` for what was received, `-` for a note.
    pub const fn sign(self) -> char {
        match self {
            Self::Sent => '>',
            Self::Received => '<',
            Self::Note => '-',
        }
    }
}

/// A sink that keeps the last lines, of however many attempts. `Display` writes them, each behind its
/// [sign](Direction::sign).
///
/// ```
/// use posthaste_transport::{Direction, TraceLines, TraceSink};
///
/// let lines = TraceLines::new();
/// lines.line(Direction::Sent, "NOOP");
/// lines.line(Direction::Received, "250 2.0.0 OK");
/// assert_eq!(lines.to_string(), "> NOOP\n< 250 2.0.0 OK\n");
/// ```
///
/// # Limits
/// [`MAX_LINES`](Self::MAX_LINES) lines unless [told otherwise](Self::with_limit), each at most [`Text::MAX`] octets long;
/// of more, the oldest are dropped and counted.
pub struct TraceLines {
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<(Direction, Text)>,
    dropped: usize,
}

impl TraceLines {
    /// The most lines that are kept by default: a dialogue with a hundred recipients has two hundred.
    pub const MAX_LINES: usize = 1000;

    /// Keeps the last [`MAX_LINES`](Self::MAX_LINES) lines.
    pub fn new() -> Self {
        Self::with_limit(Self::MAX_LINES)
    }

    /// Keeps so many lines.
    pub fn with_limit(lines: usize) -> Self {
        Self { limit: lines, kept: Mutex::default() }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<(Direction, Text)> {
        self.kept().lines.iter().cloned().collect()
    }

    /// How many lines were said before these, and are gone.
    pub fn dropped(&self) -> usize {
        self.kept().dropped
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TraceLines {
    fn default() -> Self {
        Self::new()
    }
}

impl TraceSink for TraceLines {
    fn line(&self, direction: Direction, line: &str) {
        let mut kept = self.kept();
        kept.lines.push_back((direction, Text::lossy(line)));
        while kept.lines.len() > self.limit {
            kept.lines.pop_front();
            kept.dropped = kept.dropped.saturating_add(1);
        }
    }
}

impl fmt::Display for TraceLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept();
        if kept.dropped > 0 {
            writeln!(f, "- {} lines before", kept.dropped)?;
        }
        kept.lines.iter().try_for_each(|(direction, line)| writeln!(f, "{} {line}", direction.sign()))
    }
}

/// Without the lines: they hold addresses.
impl fmt::Debug for TraceLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceLines").field("lines", &self.kept().lines.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_the_others_counted() {
        let lines = TraceLines::with_limit(2);
        for line in ["EHLO a", "MAIL FROM:<ada@example.com>\r\nforged", "QUIT"] {
            lines.line(Direction::Sent, line);
        }
        assert_eq!(lines.to_string(), "- 1 lines before\n> MAIL FROM:<ada@example.com>  forged\n> QUIT\n");
        assert_eq!((lines.lines().len(), lines.dropped()), (2, 1));
        assert!(!format!("{lines:?}").contains("ada@"), "no address is printed unasked");
    }
}

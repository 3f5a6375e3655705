//! A spool in memory.

/// A spool in memory, for tests and for mail that need not outlive the process.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct MemorySpool {}

impl MemorySpool {
    /// An empty spool.
    pub fn new() -> Self {
        Self::default()
    }
}

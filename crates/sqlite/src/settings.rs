//! What may be set when a spool is opened.

/// How a spool is opened. That every commit is synced to the disk before it is answered is no setting.
///
/// ```
/// let mut settings = posthaste_sqlite::Settings::default();
/// settings.page_cache_bytes = 64 << 20;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Octets of pages that each connection keeps in memory; there are four connections. Default: 16 MiB.
    pub page_cache_bytes: usize,
    /// After how many pages (of 4 KiB) the write-ahead log is copied into the file. A longer log makes
    /// copying rarer, and recovery after a crash longer. Default: 16,000 (64 MiB).
    pub checkpoint_pages: u32,
    /// Octets of the file that are mapped into memory; 0 maps nothing. An I/O error within mapped memory
    /// kills the process (SIGBUS), where it would be an error else. Default: 0.
    pub mmap_bytes: u64,
    /// Requests that share one commit, at most. Default: 512.
    pub max_batch: usize,
    /// Requests that wait for the writer, and for each reader, at most; the next caller waits until there
    /// is room. Default: 1,024.
    pub max_queue: usize,
    /// Pages (of 4 KiB) of the file, at most: reaching it is as a full disk is. Default: SQLite's own limit,
    /// 4,294,967,294.
    pub max_pages: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            page_cache_bytes: 16 << 20,
            checkpoint_pages: 16_000,
            mmap_bytes: 0,
            max_batch: 512,
            max_queue: 1_024,
            max_pages: 4_294_967_294,
        }
    }
}

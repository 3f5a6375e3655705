//! A log that is read as it is written.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What a daemon and its children say.
#[derive(Debug)]
pub(super) struct Log(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Debug)]
pub(super) struct Lines {
    lines: Vec<String>,
    /// Pipes that somebody may still write to.
    open: usize,
}

impl Lines {
    /// How many lines hold all of these words.
    pub(super) fn count(&self, words: &[&str]) -> usize {
        self.lines.iter().filter(|line| words.iter().all(|words| line.contains(words))).count()
    }

    /// Whether nobody is left who could say anything.
    pub(super) fn is_over(&self) -> bool {
        self.open == 0
    }
}

impl Log {
    pub(super) fn of(stdout: impl Read + Send + 'static, stderr: impl Read + Send + 'static) -> Self {
        let log = Self(Arc::new((Mutex::new(Lines { lines: Vec::new(), open: 2 }), Condvar::new())));
        log.follow(stdout);
        log.follow(stderr);
        log
    }

    fn follow(&self, pipe: impl Read + Send + 'static) {
        let shared = Arc::clone(&self.0);
        std::thread::spawn(move || {
            let (lines, changed) = &*shared;
            let lock = || lines.lock().unwrap_or_else(PoisonError::into_inner);
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                lock().lines.push(String::from_utf8_lossy(&line).into_owned());
                changed.notify_all();
            }
            lock().open -= 1;
            changed.notify_all();
        });
    }

    /// Whether `enough` became true within this time.
    pub(super) fn wait(&self, time: Duration, enough: impl Fn(&Lines) -> bool) -> bool {
        let (lines, changed) = &*self.0;
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(lines, time, |lines| !enough(lines));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Lines) -> T) -> T {
        look(&self.0.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The last lines.
    pub(super) fn tail(&self, lines: usize) -> String {
        self.look(|log| log.lines[log.lines.len().saturating_sub(lines)..].join("\n"))
    }
}

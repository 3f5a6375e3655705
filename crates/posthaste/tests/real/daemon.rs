//! A daemon in the foreground, which ends with its test.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::log::{Lines, Log};

/// A running daemon; dropped, it and its children end.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    log: Log,
}

impl Daemon {
    pub(super) fn start(program: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", START_IT, "sh"]).arg(program).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Log::of(child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self { child, log }
    }

    /// Whether `started` becomes true; else what it said.
    pub(super) fn started(self, started: impl Fn(&Lines) -> bool) -> Result<Self, String> {
        let settled = self.log.wait(START, |lines| started(lines) || lines.is_over());
        if settled && self.log.look(started) { Ok(self) } else { Err(self.tail()) }
    }

    /// Waits until so many lines of its log hold all of these words.
    pub(super) fn wait_for(&self, count: usize, words: &[&str]) {
        let came = self.log.wait(super::PATIENCE, |lines| lines.count(words) >= count || lines.is_over());
        assert!(came && self.count(words) >= count, "{count} times {words:?}:\n{}", self.tail());
    }

    /// How many lines hold all of these words by now.
    pub(super) fn count(&self, words: &[&str]) -> usize {
        self.log.look(|lines| lines.count(words))
    }

    /// The last lines of its log.
    pub(super) fn tail(&self) -> String {
        self.log.tail(60)
    }

    /// Whether it ended already.
    pub(super) fn has_ended(&self) -> bool {
        self.log.look(Lines::is_over)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The shell hears the end of its input, as it does where the test is killed.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        // Its children hold the pipes of the log until they have ended.
        self.log.wait(STOP, Lines::is_over);
    }
}

/// Daemons close every file that might be open, one by one: there shall not be a million. The shell ends the daemon when
/// nobody holds the other end of its input any more: TERM, then KILL. In no case does it live longer than the tests.
const START_IT: &str = r#"
ulimit -n 1024
trap : HUP INT TERM
timeout --kill-after=10 900 "$@" </dev/null &
exec >/dev/null 2>&1
read -r line
kill -TERM $!
wait $!
"#;

/// How long it may take to start, and its children to stop.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(20);

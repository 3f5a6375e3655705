//! Other processes: this test program again, told by a variable what to play. They agree through pipes, a line at a
//! time.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// What names the role.
pub(crate) const ROLE: &str = "POSTHASTE_TEST_ROLE";
/// The test that plays the roles.
pub(crate) const PLAYER: &str = "the_other_process";

/// Another process.
#[derive(Debug)]
pub(crate) struct Other {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    output: Option<Lines>,
}

impl Other {
    /// Starts this program in a role, with variables of its own.
    pub(crate) fn start(role: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawn(&mut Command::new(std::env::current_exe().unwrap()), role, variables)
    }

    /// Starts a command that starts this program, whose name is its last argument.
    pub(crate) fn spawn(command: &mut Command, role: &str, variables: &[(&str, &str)]) -> Self {
        command.args(["--exact", PLAYER, "--nocapture", "--test-threads=1"]);
        command.env(ROLE, role).envs(variables.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = Lines(BufReader::new(child.stdout.take().unwrap()));
        Self { input: child.stdin.take(), child, output: Some(output) }
    }

    /// Says a line to it. That it is gone already is no fault.
    pub(crate) fn tell(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// The next thing that it says; `None` when it has ended.
    pub(crate) fn says(&mut self) -> Option<String> {
        self.output.as_mut().unwrap().next()
    }

    /// What it says, for another thread to listen to.
    pub(crate) fn take_lines(&mut self) -> Lines {
        self.output.take().unwrap()
    }

    /// SIGKILL, and how the process ended: perhaps it had before.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        self.child.kill().unwrap();
        self.child.wait().unwrap()
    }

    /// Waits for its end, which must be a good one.
    pub(crate) fn wait(mut self) {
        drop(self.input.take());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the other process: {status}");
    }
}

/// Nothing outlives the test.
impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What another process says, without what the test harness says in between.
#[derive(Debug)]
pub(crate) struct Lines(BufReader<ChildStdout>);

impl Iterator for Lines {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut line = Vec::new();
        while self.0.read_until(b'\n', &mut line).unwrap() > 0 {
            let text = String::from_utf8_lossy(&line);
            // The harness does not end its lines before a test says something.
            if let Some((_, said)) = text.trim_end().split_once("> ") {
                return Some(said.to_owned());
            }
            line.clear();
        }
        None
    }
}

/// In the other process: says a line, in one write.
pub(crate) fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("> {what}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// In the other process: the role, if this is one.
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// In the other process: a variable that must be there.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

//! A run of the program.

use std::ffi::OsString;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use posthaste_transport::{Attempt, TransportError};
use posthaste_types::{Clock, Content, Tick};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};

/// A program that runs. Dropped, it is killed, and only then is its input closed: fields are dropped in order.
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stderr: Option<ChildStderr>,
}

/// How it ended.
pub(super) enum End {
    /// It had all of the mail.
    Exited { status: ExitStatus, words: String },
    /// It ended before it had.
    Incomplete { status: ExitStatus, words: String },
    /// The attempt was given up: it was killed before it had all of the mail.
    Withdrawn,
    /// It was killed.
    OutOfTime,
    /// Nobody knows; it was killed.
    Lost(Error),
}

impl Process {
    pub(super) fn run(program: &Path, arguments: &[OsString]) -> Result<Self, TransportError> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| fault(program, error))?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        Ok(Self { child, stdin, stderr })
    }

    /// Feeds it the content and waits for its end, until `by`.
    pub(super) async fn feed(&mut self, attempt: &Attempt, clock: &dyn Clock, by: Tick) -> End {
        let end = tokio::select! {
            biased;
            end = self.talk(attempt, clock) => end.unwrap_or_else(|end| end),
            () = clock.sleep_until(by) => End::OutOfTime,
        };
        // Killed before anything else is dropped; one that has ended is not there any more.
        let _ = self.child.start_kill();
        end
    }

    async fn talk(&mut self, attempt: &Attempt, clock: &dyn Clock) -> Result<End, End> {
        let Self { child, stdin, stderr } = self;
        let mut words = Vec::new();
        let (fed, status) = {
            let mut listening = pin!(listen(stderr, &mut words));
            let mut ending = pin!(async {
                let fed = feed(stdin, attempt).await?;
                Ok((fed, child.wait().await.map_err(End::Lost)?))
            });
            let mut heard = false;
            let ended = loop {
                tokio::select! {
                    biased;
                    () = &mut listening, if !heard => heard = true,
                    ended = &mut ending => break ended?,
                }
            };
            if !heard {
                // A program in the background may hold its standard error open for ever.
                tokio::select! {
                    biased;
                    () = listening => {}
                    () = clock.sleep_until(clock.tick().saturating_add(LAST_WORDS)) => {}
                }
            }
            ended
        };
        let words = String::from_utf8_lossy(&words).into_owned();
        Ok(match fed {
            Fed::All => End::Exited { status, words },
            Fed::Part => End::Incomplete { status, words },
        })
    }
}

enum Fed {
    All,
    /// It stopped reading.
    Part,
}

async fn feed(stdin: &mut Option<ChildStdin>, attempt: &Attempt) -> Result<Fed, End> {
    match write(stdin, attempt.mail().content()).await {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Fed::Part),
        Err(error) => Err(End::Lost(error)),
        Ok(()) => {
            attempt.past_return().map_err(|_| End::Withdrawn)?;
            *stdin = None; // the end of the content
            Ok(Fed::All)
        }
    }
}

/// Writes the content with LF line ends. Canonical content has no CR without LF, so that leaving out each CR is all.
async fn write(stdin: &mut Option<ChildStdin>, content: &Content) -> Result<(), Error> {
    let Some(stdin) = stdin else { return Err(ErrorKind::BrokenPipe.into()) };
    for chunk in content.chunks() {
        for window in chunk.chunks(WINDOW) {
            let text: Vec<u8> = window.iter().copied().filter(|octet| *octet != b'\r').collect();
            stdin.write_all(&text).await?;
        }
    }
    stdin.flush().await
}

/// What it writes to its standard error, from the beginning; the rest is read and dropped, so that it never waits.
async fn listen(stderr: &mut Option<ChildStderr>, words: &mut Vec<u8>) {
    let Some(stderr) = stderr else { return };
    let mut buffer = [0; 1024];
    while let Ok(n @ 1..) = stderr.read(&mut buffer).await {
        let room = MAX_WORDS.saturating_sub(words.len());
        words.extend(buffer.iter().take(n.min(room)));
    }
}

fn fault(program: &Path, error: Error) -> TransportError {
    let text = format!("{}: {error}", program.display());
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory | ErrorKind::InvalidInput => {
            TransportError::misconfigured(text)
        }
        kind => TransportError::unreachable(Error::new(kind, text)),
    }
}

/// So much is written at once.
const WINDOW: usize = 16 * 1024;
/// So much of what it says is kept.
const MAX_WORDS: usize = 4096;
/// So long it is listened to behind its end.
const LAST_WORDS: Duration = Duration::from_secs(1);

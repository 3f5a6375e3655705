//! Handing mail to the host's own mail system.

mod exit;
mod process;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_transport::{Attempt, Capabilities, Outcomes, Route, Transport, TransportError, TransportErrorKind};
use posthaste_types::{Cause, Clock, Domain, Outcome, RequireTls};

use process::{End, Process};

/// Hands mail to a program with the command line of sendmail: that of Postfix, Exim, OpenSMTPD, msmtp and others.
///
/// The program is run as `PROGRAM -i -f FROM -- TO...`, without a shell. An address is one argument, whatever it holds:
/// `FROM` is the value of `-f` (`<>` for the null reverse path), and behind `--` nothing is an option. The content goes
/// to its standard input with LF line ends, as these programs read text; the mail system makes CRLF of them again.
/// Accepted means [relayed](posthaste_transport::Finality::Relayed).
///
/// # What the program's end means
/// It has one end for all recipients, by the codes of `sysexits.h`:
///
/// | code | what comes of it |
/// |---|---|
/// | 0 | accepted |
/// | 65 (data error) | refused |
/// | 67 (no such user) | refused, if there is one recipient; else deferred |
/// | 64 (usage), 72 (system file), 77 (no permission), 78 (configuration) | an error, [`Misconfigured`](TransportErrorKind::Misconfigured) |
/// | any other | deferred: nobody is bounced for a fault of this host |
/// | killed by a signal | deferred before the end of the content, in doubt behind it |
///
/// The first line of its standard error is in the [`Cause`]. A program that cannot be run is Misconfigured.
///
/// # Time
/// At the end of [`Attempt::timeout`], or when the future is dropped, the program is killed before its input is closed:
/// it never takes a part for the whole. A script that starts another program should `exec` it.
///
/// # Limits
/// [`MAX_RECIPIENTS`](Self::MAX_RECIPIENTS) recipients a run. DSN parameters are not passed on. A mail that asks for
/// REQUIRETLS (RFC 8689) is refused: the command line cannot ask for it. Needs a tokio runtime with IO enabled.
///
/// # Stacking
/// Right: with a limit of runs at a time, as each is a process.
/// ```
/// # use std::sync::Arc;
/// # use posthaste_layers::{Limits, Sendmail, Throttle};
/// # let clock = Arc::new(posthaste_testkit::VirtualClock::new());
/// let sendmail = Sendmail::new("/usr/sbin/sendmail", clock.clone());
/// let transport = Throttle::new(sendmail, clock).overall(Limits::unlimited().at_a_time(8));
/// ```
/// Wrong: first in a [`Failover`](crate::Failover) on deferral. The local queue takes everything, also what it will
/// never be able to deliver, and the second transport is never asked.
#[derive(Clone)]
pub struct Sendmail {
    program: PathBuf,
    arguments: Vec<OsString>,
    clock: Arc<dyn Clock>,
}

impl Sendmail {
    /// The most recipients of one run.
    pub const MAX_RECIPIENTS: usize = 100;

    /// Runs this program; its path is not searched for where it holds a slash.
    pub fn new(program: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), clock }
    }

    /// One more argument in front of all others, such as `-C` and then a file. Never from outside.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The arguments for an attempt.
    fn arguments(&self, attempt: &Attempt) -> Vec<OsString> {
        let envelope = attempt.mail().envelope();
        let from = envelope.from().address().map_or("<>", |from| from.as_str());
        let fixed = ["-i", "-f", from, "--"].map(OsString::from);
        let to = envelope.to().iter().map(|to| OsString::from(to.address.as_str()));
        self.arguments.iter().cloned().chain(fixed).chain(to).collect()
    }
}

impl fmt::Debug for Sendmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sendmail").field("program", &self.program).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Transport for Sendmail {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay().tracks_progress().max_recipients(Self::MAX_RECIPIENTS)
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        if attempt.mail().envelope().require_tls() == RequireTls::Yes {
            let cause = Cause::tls("REQUIRETLS cannot be asked of a sendmail program");
            return Ok(Outcomes::all(attempt, Outcome::refused(cause)));
        }
        let by = self.clock.tick().saturating_add(attempt.timeout());
        attempt.start()?;
        let mut process = Process::run(&self.program, &self.arguments(attempt))?;
        match process.feed(attempt, &*self.clock, by).await {
            End::Exited { status, words } => exit::judge(attempt, status, &words),
            End::Incomplete { status, words } => exit::judge_incomplete(attempt, status, &words),
            End::Withdrawn => Err(TransportError::new(TransportErrorKind::Withdrawn, "")),
            End::OutOfTime => Ok(attempt.give_up(Cause::local("the sendmail program ran out of time"))),
            End::Lost(error) => Ok(attempt.give_up(Cause::local(format_args!("the sendmail program: {error}")))),
        }
    }

    async fn route(&self, _: &Domain) -> Result<Route, TransportError> {
        Ok(Route::to_relay())
    }

    async fn close(&self) {}
}

//! What the end of a sendmail program means (`sysexits.h`).

use std::fmt;
use std::process::ExitStatus;

use posthaste_transport::{Attempt, Outcomes, TransportError};
use posthaste_types::{Cause, Outcome};

/// It had all of the mail.
pub(super) fn judge(attempt: &Attempt, status: ExitStatus, words: &str) -> Result<Outcomes, TransportError> {
    let said = Said { status, words };
    let one = attempt.recipients().len() == 1;
    let outcome = match status.code() {
        Some(0) => Outcome::accepted(Cause::local(format_args!("taken by the sendmail program{}", Words(words)))),
        Some(EX_DATAERR) => Outcome::refused(Cause::local(said)),
        Some(EX_NOUSER) if one => Outcome::refused(Cause::local(said)),
        Some(EX_USAGE | EX_OSFILE | EX_NOPERM | EX_CONFIG) => return Err(TransportError::misconfigured(said)),
        Some(_) => Outcome::deferred(Cause::local(said)),
        None => Outcome::in_doubt(Cause::local(said)),
    };
    Ok(Outcomes::all(attempt, outcome))
}

/// It ended before it had all of the mail.
pub(super) fn judge_incomplete(attempt: &Attempt, status: ExitStatus, words: &str) -> Result<Outcomes, TransportError> {
    match status.code() {
        // It may have taken what it had read for the whole.
        Some(0) => {
            let cause = Cause::local("the sendmail program ended well without reading the whole mail");
            Ok(Outcomes::in_doubt(attempt, cause))
        }
        None => Ok(Outcomes::all(attempt, Outcome::deferred(Cause::local(Said { status, words })))),
        Some(_) => judge(attempt, status, words),
    }
}

/// `sendmail: exit status: 75: queue file write error`
struct Said<'a> {
    status: ExitStatus,
    words: &'a str,
}

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sendmail program: {}{}", self.status, Words(self.words))
    }
}

struct Words<'a>(&'a str);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.lines().map(str::trim).find(|line| !line.is_empty()) {
            Some(line) => write!(f, ": {line}"),
            None => Ok(()),
        }
    }
}

const EX_USAGE: i32 = 64;
const EX_DATAERR: i32 = 65;
const EX_NOUSER: i32 = 67;
const EX_OSFILE: i32 = 72;
const EX_NOPERM: i32 = 77;
const EX_CONFIG: i32 = 78;

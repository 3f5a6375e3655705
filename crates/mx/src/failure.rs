//! Why a host did not take a mail, and which of several reasons decides.

use std::io;

use posthaste_smtp::{ClientError, ClientErrorKind};
use posthaste_transport::TransportError;
use posthaste_types::{Cause, NetworkFault, Outcome, OutcomeKind, Stage};

use crate::open::Refusal;

/// Why one host did not take the mail: nobody has it, and another host may.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) lasting: Lasting,
}

/// Whether the same host may do better later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    Temporary,
    Permanent,
}

/// Why a delivery ended without an answer for everybody.
#[derive(Debug)]
pub(crate) enum Failed {
    /// No host took it.
    Hosts(Failure),
    /// A fault of ours.
    Ours(TransportError),
}

impl Failure {
    pub(crate) fn temporary(cause: Cause) -> Self {
        Self { cause, lasting: Lasting::Temporary }
    }

    pub(crate) fn permanent(cause: Cause) -> Self {
        Self { cause, lasting: Lasting::Permanent }
    }

    pub(crate) fn network(fault: NetworkFault, text: impl std::fmt::Display) -> Self {
        Self::temporary(Cause::network(fault, text))
    }

    pub(crate) fn out_of_time(stage: Stage) -> Self {
        Self::network(NetworkFault::TimedOut, format_args!("{stage}: the attempt ran out of time"))
    }

    /// What an error of the operating system says of the way there.
    pub(crate) fn io(error: &io::Error, what: impl std::fmt::Display) -> Self {
        let fault = match error.kind() {
            io::ErrorKind::ConnectionRefused => NetworkFault::ConnectionRefused,
            io::ErrorKind::TimedOut => NetworkFault::TimedOut,
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof => NetworkFault::Closed,
            _ => NetworkFault::Unreachable,
        };
        Self::network(fault, format_args!("{what}: {error}"))
    }

    /// What the end of a session says of its host. Only a greeting and an answer to EHLO speak for good; that our
    /// policy asks for TLS is no fault of the recipient.
    pub(crate) fn session(error: &ClientError) -> Self {
        let refused = error.kind() == ClientErrorKind::Refused && !error.is_transient();
        let lasting = if refused { Lasting::Permanent } else { Lasting::Temporary };
        Self { cause: error.cause(), lasting }
    }

    /// What a host lacks that the mail needs; another one may have it.
    pub(crate) fn lacking(objection: &Outcome) -> Self {
        let cause = objection.cause().clone();
        if objection.kind() == OutcomeKind::Refused { Self::permanent(cause) } else { Self::temporary(cause) }
    }

    pub(crate) fn outcome(self) -> Outcome {
        match self.lasting {
            Lasting::Temporary => Outcome::deferred(self.cause),
            Lasting::Permanent => Outcome::refused(self.cause),
        }
    }

    /// How much it counts: a host that may do better keeps the mail alive, and what a server says tells most.
    fn weight(&self) -> u8 {
        match (self.lasting, self.cause.reply()) {
            (Lasting::Permanent, None) => 0,
            (Lasting::Permanent, Some(_)) => 1,
            (Lasting::Temporary, None) => 2,
            (Lasting::Temporary, Some(_)) => 3,
        }
    }
}

/// The failures of the hosts that were tried; the first of the heaviest decides.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    heaviest: Option<Failure>,
    ours: Option<TransportError>,
}

impl Failures {
    pub(crate) fn push(&mut self, failure: Failure) {
        if self.heaviest.as_ref().is_none_or(|known| known.weight() < failure.weight()) {
            self.heaviest = Some(failure);
        }
    }

    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Host(failure) | Refusal::Handshake(failure) => self.push(failure),
            Refusal::Ours(error) => self.ours = self.ours.take().or(Some(error)),
        }
    }

    /// With a fault of ours, what the recipients' side would have said is not known.
    pub(crate) fn decisive(self) -> Failed {
        match (self.ours, self.heaviest) {
            (Some(error), _) => Failed::Ours(error),
            (None, Some(failure)) => Failed::Hosts(failure),
            (None, None) => Failed::Hosts(Failure::network(NetworkFault::Unreachable, "no host is left to try")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use posthaste_types::Reply;

    #[test]
    fn mail_is_refused_only_if_every_host_refuses_it() {
        let reply = |code, text| Cause::smtp(Reply::new(code, text).unwrap(), Stage::Connect);
        let no = || Failure::permanent(reply(554, "5.7.1 no service"));
        let later = || Failure::temporary(reply(421, "4.3.2 later"));
        let down = || Failure::network(NetworkFault::ConnectionRefused, "down");
        let table: [(Vec<Failure>, &str); 5] = [
            (vec![no(), no()], "refused (554 5.7.1 no service)"),
            (vec![no(), down()], "deferred (connection refused: down)"),
            (vec![down(), no()], "deferred (connection refused: down)"),
            (vec![down(), later(), no()], "deferred (421 4.3.2 later)"),
            (vec![], "deferred (unreachable: no host is left to try)"),
        ];
        for (failures, expected) in table {
            let mut all = Failures::default();
            failures.into_iter().for_each(|failure| all.push(failure));
            let Failed::Hosts(failure) = all.decisive() else { panic!("{expected}") };
            assert_eq!(failure.outcome().to_string(), expected);
        }
    }
}

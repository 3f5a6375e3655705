//! A message as its receiver sees it: every check in one call.

mod arrival;
mod author;
mod results;
mod verdict;

use futures_util::future::join5;
use posthaste_auth::{dmarc, iprev, spf};
use posthaste_dns::Resolve;
use posthaste_types::{Clock, Domain, Tick};

pub use arrival::{Arrival, MessageSettings};
pub use author::AuthorError;
pub use verdict::{MessageVerdict, SpfCheck};

use crate::arc::check_arc_octets;
use crate::check::{DkimResult, check_octets};

/// Checks a message that arrived, which comes in any number of pieces: iprev, SPF of HELO and of MAIL FROM, DKIM, ARC,
/// and DMARC from those.
///
/// It always comes to a verdict; what the DNS does not answer is said in it. All but DMARC run at once. The questions
/// end within [`MessageSettings::time`], those of DMARC within as much again, and SPF has a limit of its own in
/// [`spf::Limits`]. Lines may end in CRLF alone: what came over SMTP is as it must be, a file may have to be
/// [normalised](posthaste_types::Content::from_raw).
///
/// In a message with several authors, DMARC is checked for the domain of each, and the strictest result counts
/// (RFC 7489 §6.6.1). A signature whose key is being tested counts for nothing there (RFC 6376 §3.6.1).
///
/// Cancel safe: dropping the future only ends the checks.
///
/// ```
/// use posthaste_auth::results::AuthservId;
/// use posthaste_dkim::{Arrival, MessageSettings, check_message};
/// use posthaste_dns::Resolve;
/// use posthaste_types::{Clock, HeaderField, ParseError};
///
/// /// What a receiver puts in front of a message.
/// async fn field(
///     (message, arrival): (&[u8], &Arrival),
///     (dns, clock): (&dyn Resolve, &dyn Clock),
///     own: AuthservId,
/// ) -> Result<HeaderField, ParseError> {
///     let verdict = check_message(&[message], arrival, dns, clock, &MessageSettings::default()).await;
///     println!("{}: {}", verdict.disposition().as_str(), verdict.dmarc_in_words());
///     verdict.results(own).to_field()
/// }
/// ```
pub async fn check_message(
    pieces: &[&[u8]],
    arrival: &Arrival,
    dns: &dyn Resolve,
    clock: &dyn Clock,
    settings: &MessageSettings,
) -> MessageVerdict {
    let (by, at) = (clock.tick().saturating_add(settings.time), clock.wall());
    let helo = spf::Query::helo(arrival.ip(), arrival.helo());
    let mail_from = spf::Query::mail_from(arrival.ip(), arrival.helo(), arrival.mail_from());
    let (iprev, of_helo, of_mail_from, dkim, arc) = join5(
        iprev::check(dns, arrival.ip(), by),
        spf::check(dns, clock, &helo, &settings.spf),
        spf::check(dns, clock, &mail_from, &settings.spf),
        check_octets(pieces, &settings.limits, dns, at, by),
        check_arc_octets(pieces, &settings.limits, dns, at, by),
    )
    .await;
    let helo = SpfCheck { query: helo, outcome: of_helo };
    let mail_from = SpfCheck { query: mail_from, outcome: of_mail_from };
    let authors = author::authors(pieces, &settings.limits);
    let dmarc = match authors {
        Ok(authors) => {
            let by = clock.tick().saturating_add(settings.time);
            strictest(dns, &authors, &mail_from, &dkim, by).await.ok_or(AuthorError::Missing)
        }
        Err(error) => Err(error),
    };
    MessageVerdict { iprev, helo, mail_from, dkim, arc, dmarc }
}

/// The strictest result of all authors.
async fn strictest(
    dns: &dyn Resolve,
    authors: &[Domain],
    spf: &SpfCheck,
    dkim: &[DkimResult],
    by: Tick,
) -> Option<dmarc::Outcome> {
    let mut strictest: Option<dmarc::Outcome> = None;
    for author in authors {
        let outcome = dmarc::check(dns, &identifiers(author, spf, dkim), by).await;
        if strictest.as_ref().is_none_or(|other| strictness(&outcome) > strictness(other)) {
            strictest = Some(outcome);
        }
    }
    strictest
}

fn identifiers(author: &Domain, spf: &SpfCheck, dkim: &[DkimResult]) -> dmarc::Identifiers {
    let mut identifiers = dmarc::Identifiers::new(author.clone());
    if let Some(domain) = spf.query.domain() {
        identifiers = identifiers.spf(domain.clone(), spf.outcome.verdict.into());
    }
    let signed = dkim.iter().filter_map(DkimResult::identifier);
    signed.fold(identifiers, |identifiers, (domain, authenticated)| identifiers.dkim(domain, authenticated))
}

/// A failure counts most, by what the domain asks for; what is not known more than nothing, and a pass least.
fn strictness(outcome: &dmarc::Outcome) -> (u8, dmarc::Disposition) {
    let rank = match outcome.verdict {
        dmarc::Verdict::Pass => 0,
        dmarc::Verdict::None => 1,
        dmarc::Verdict::TempError | dmarc::Verdict::PermError => 2,
        dmarc::Verdict::Fail => 3,
    };
    (rank, outcome.disposition)
}

//! Whether a list works at all.

use std::fmt;
use std::net::IpAddr;

use posthaste_dns::{DnsError, Resolve};
use posthaste_types::Tick;

use crate::code::Meaning;
use crate::finding::{Listing, NotAsked};
use crate::list::DnsList;
use crate::subject::Subject;

/// What the test names of a list say of it (RFC 5782 §5).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Health {
    /// It lists what must not be listed: it may list everything.
    ListsAll(Listing),
    /// It does not list what must be listed: it may list nothing.
    ListsNothing,
    /// It was not asked.
    NotAsked(NotAsked),
    /// It refuses to answer from here.
    Refused(Meaning),
    /// It lists and does not list what it must.
    Sound,
    /// There is no answer.
    Unknown(DnsError),
    /// It is not known to have test names.
    Untested,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ListsAll(listing) => write!(f, "broken: what must not be listed is: {listing}"),
            Self::ListsNothing => f.write_str("broken: what must be listed is not"),
            Self::NotAsked(why) => write!(f, "not asked: {why}"),
            Self::Refused(meaning) => write!(f, "no answer from here: {} ({})", meaning.text, meaning.code),
            Self::Sound => f.write_str("sound"),
            Self::Unknown(error) => write!(f, "not known: {error}"),
            Self::Untested => f.write_str("it is not known to have test names"),
        }
    }
}

impl DnsList {
    /// Asks for the names that must and must not be on the list.
    ///
    /// Cancel safe: dropping the future only cancels the questions.
    pub async fn self_test<R: Resolve + ?Sized>(&self, dns: &R, by: Tick) -> Health {
        let (Some(must), Some(must_not)) = (self.test_name(&self.0.must_list), self.test_name(&self.0.must_not_list))
        else {
            return match self.question(&Subject::Ip(IpAddr::from([127, 0, 0, 2]))) {
                Err(why @ (NotAsked::Closed | NotAsked::NeedsKey)) => Health::NotAsked(why),
                _ => Health::Untested,
            };
        };
        match self.look_up(dns, &must_not, by).await.listing {
            Listing::Clean => {}
            Listing::NotAsked(why) => return Health::NotAsked(why),
            Listing::Refused(meaning) => return Health::Refused(meaning),
            Listing::Unknown(error) => return Health::Unknown(error),
            listing @ (Listing::Listed(_) | Listing::Broken(_)) => return Health::ListsAll(listing),
        }
        match self.look_up(dns, &must, by).await.listing {
            Listing::Listed(_) => Health::Sound,
            Listing::Clean => Health::ListsNothing,
            Listing::NotAsked(why) => Health::NotAsked(why),
            Listing::Refused(meaning) => Health::Refused(meaning),
            Listing::Unknown(error) => Health::Unknown(error),
            listing @ Listing::Broken(_) => Health::ListsAll(listing),
        }
    }

    /// The test name in the form that this list takes: a list of IPv6 addresses alone has `::ffff:127.0.0.2`.
    fn test_name(&self, name: &Option<Subject>) -> Option<Subject> {
        match name {
            Some(Subject::Ip(IpAddr::V4(v4))) if !self.0.subjects.v4 => {
                Some(Subject::Ip(IpAddr::V6(v4.to_ipv6_mapped())))
            }
            other => other.clone(),
        }
    }
}

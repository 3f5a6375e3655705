//! Asking.

use futures_util::stream::{self, StreamExt};
use posthaste_dns::{RecordKind, Resolve, ResolveExt};
use posthaste_types::{DnsName, Text, Tick};

use crate::finding::{Finding, Listing};
use crate::list::DnsList;
use crate::lists::DnsLists;
use crate::subject::Subject;

impl DnsLists {
    /// Asks every list about a subject, [`CONCURRENT`](Self::CONCURRENT) at once; the findings come in the order of the
    /// lists. Lists that do not know such subjects, that need a key or were given up are not asked, and say so.
    ///
    /// Cancel safe: dropping the future only cancels the questions.
    pub async fn look_up_all<R: Resolve + ?Sized>(&self, dns: &R, subject: &Subject, by: Tick) -> Vec<Finding> {
        let questions = self.0.iter().map(|list| list.look_up(dns, subject, by));
        stream::iter(questions).buffered(Self::CONCURRENT).collect().await
    }
}

impl DnsList {
    /// Asks this list about a subject. The answer is complete by `by`, a moment of the resolver's clock.
    ///
    /// Cancel safe: dropping the future only cancels the question.
    pub async fn look_up<R: Resolve + ?Sized>(&self, dns: &R, subject: &Subject, by: Tick) -> Finding {
        let mut finding = Finding {
            list: self.clone(),
            subject: subject.clone(),
            question: None,
            listing: Listing::Clean,
            reason: None,
        };
        match self.question(subject) {
            Err(why) => finding.listing = Listing::NotAsked(why),
            Ok(name) => {
                finding.listing = match dns.resolve(&name, RecordKind::A, by).await {
                    Ok(answer) => self.read(&answer),
                    Err(error) => Listing::Unknown(error),
                };
                if matches!(finding.listing, Listing::Listed(_)) {
                    finding.reason = reason(dns, &name, by).await;
                }
                finding.question = Some(name);
            }
        }
        finding
    }
}

/// The first text of the name: a reason is good to have, and nothing depends on it.
async fn reason<R: Resolve + ?Sized>(dns: &R, name: &DnsName, by: Tick) -> Option<Text> {
    let texts = dns.txt(name, by).await.ok()?;
    let text = texts.values.first().map(|text| Text::lossy(String::from_utf8_lossy(text)))?;
    Some(text).filter(|text| !text.as_str().is_empty())
}

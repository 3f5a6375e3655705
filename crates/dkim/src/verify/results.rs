//! The verdict as Authentication-Results (RFC 8601).

use posthaste_auth::results::{AuthservId, MethodResult, Results, Word};

use super::verdict::MessageVerdict;

impl MessageVerdict {
    /// All results, for the Authentication-Results field of the host that calls itself so. Fields of that id which the
    /// message brought must be [stripped](posthaste_auth::results::strip) first.
    pub fn results(&self, id: AuthservId) -> Results {
        let mut results = Results::new(id).with(MethodResult::iprev(&self.iprev));
        for check in [&self.helo, &self.mail_from] {
            results = results.with(MethodResult::spf(&check.query, &check.outcome));
        }
        for result in &self.dkim {
            results = results.with(result.into());
        }
        results = results.with((&self.arc).into());
        results.with(match &self.dmarc {
            Ok(outcome) => MethodResult::dmarc(outcome),
            Err(error) => MethodResult::of(DMARC, PERMERROR).reason(error),
        })
    }
}

const DMARC: Word = Word::from_static("dmarc");
const PERMERROR: Word = Word::from_static("permerror");

//! The verdict as Authentication-Results (RFC 8601).

use posthaste_auth::results::{AuthservId, MethodResult, Results};
use posthaste_types::ParseError;

use super::verdict::MessageVerdict;
use crate::arc::ArcResult;
use crate::check::DkimResult;

impl MessageVerdict {
    /// All results, for the Authentication-Results field of the host that calls itself so. Fields of that id which the
    /// message brought must be [stripped](posthaste_auth::results::strip) first.
    ///
    /// # Errors
    /// [`ParseError`] never happens with what these checks find; it is passed on rather than hidden.
    pub fn results(&self, id: AuthservId) -> Result<Results, ParseError> {
        let mut results = Results::new(id).with(MethodResult::iprev(&self.iprev));
        for check in [&self.helo, &self.mail_from] {
            results = results.with(MethodResult::spf(&check.query, &check.outcome));
        }
        for result in &self.dkim {
            results = results.with(result.to_method_result()?);
        }
        results = results.with(self.arc.to_method_result()?);
        Ok(results.with(match &self.dmarc {
            Ok(outcome) => MethodResult::dmarc(outcome),
            Err(error) => MethodResult::new("dmarc", "permerror")?.reason(error),
        }))
    }
}

impl DkimResult {
    /// The result as Authentication-Results tell it (RFC 8601 §2.7.1): `header.d`, `header.s`, `header.a`, `header.i`
    /// and the beginning of `header.b` (RFC 6008), the reason and the notes.
    ///
    /// # Errors
    /// [`ParseError`] never happens; it is passed on rather than hidden.
    pub fn to_method_result(&self) -> Result<MethodResult, ParseError> {
        let mut result = MethodResult::new("dkim", self.outcome.as_str())?;
        let said = self.reason.iter().map(ToString::to_string).chain(self.notes.iter().map(ToString::to_string));
        let said: Vec<String> = said.collect();
        if !said.is_empty() {
            result = result.reason(said.join("; "));
        }
        let properties = [
            ("d", self.domain.as_ref().map(ToString::to_string)),
            ("s", self.selector.clone()),
            ("a", self.algorithm.as_ref().map(ToString::to_string)),
            ("i", self.identity.clone()),
            ("b", self.signature_start.clone()),
        ];
        for (name, value) in properties {
            if let Some(value) = value {
                result = result.property("header", name, value)?;
            }
        }
        Ok(result)
    }
}

impl ArcResult {
    /// The result as Authentication-Results tell it (RFC 8617 §10.1): the status, the reason, and
    /// `header.oldest-pass`.
    ///
    /// # Errors
    /// [`ParseError`] never happens; it is passed on rather than hidden.
    pub fn to_method_result(&self) -> Result<MethodResult, ParseError> {
        let mut result = MethodResult::new("arc", self.status.as_str())?;
        if let Some(reason) = &self.reason {
            result = result.reason(reason);
        }
        match self.oldest_pass {
            Some(oldest) => result.property("header", "oldest-pass", oldest),
            None => Ok(result),
        }
    }
}

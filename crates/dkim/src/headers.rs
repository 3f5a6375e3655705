//! Which header fields are signed.

use posthaste_types::HeaderName;

use crate::error::{DkimError, DkimErrorKind};
use crate::head::Field;

/// Which header fields a signature covers, and against which additions it protects (RFC 6376 §5.4, §8.15).
///
/// By default:
/// * oversigned: From, To, Cc, Subject, Date, Message-ID, Reply-To, MIME-Version, Content-Type,
///   Content-Transfer-Encoding, In-Reply-To, References;
/// * oversigned when present: List-Unsubscribe, List-Unsubscribe-Post;
/// * signed when present: Sender, every other List-*, Feedback-ID, CFBL-Address, CFBL-Feedback-ID (RFC 9477 §3.1).
///
/// Received, Return-Path, Bcc, Authentication-Results and DKIM-Signature are never signed: relays add, change
/// or remove them (RFC 6376 §5.4). From is always signed (§5.4: MUST).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeaders {
    rules: Vec<(HeaderName, Listing)>,
}

/// How often a field's name stands in `h=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Listing {
    /// Once for each time it is present.
    WhenPresent,
    /// Once more than it is present, if it is: nobody can add another.
    OversignWhenPresent,
    /// Once more than it is present, even if it is not: nobody can add one.
    Oversign,
}

impl SignedHeaders {
    /// Signs `name` as `listing` says, in place of what was said before.
    ///
    /// # Errors
    /// [`DkimErrorKind::Header`] for a field that must never be signed, and for a name that cannot stand in `h=`.
    pub fn with(mut self, name: HeaderName, listing: Listing) -> Result<Self, DkimError> {
        if NEVER.iter().any(|never| name.is(never)) {
            return Err(DkimErrorKind::Header { why: "this header field must not be signed (RFC 6376 §5.4)" }.into());
        }
        if name.as_str().contains(';') {
            return Err(DkimErrorKind::Header { why: SEMICOLON }.into());
        }
        match self.rules.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = listing,
            None => self.rules.push((name, listing)),
        }
        Ok(self)
    }

    /// Does not sign `name`. The List-* fields without a rule of their own stay signed when present.
    ///
    /// # Errors
    /// [`DkimErrorKind::Header`] for From.
    pub fn without(mut self, name: &HeaderName) -> Result<Self, DkimError> {
        if name.is("From") {
            return Err(DkimErrorKind::Header { why: "From must be signed (RFC 6376 §5.4)" }.into());
        }
        self.rules.retain(|(known, _)| known != name);
        Ok(self)
    }

    /// Names to list in `h=`, and the fields that they stand for, in the order in which a verifier takes
    /// them: of several fields with one name the last comes first (RFC 6376 §5.4.2).
    pub(crate) fn select<'a>(&'a self, fields: &'a [Field<'a>]) -> Selection<'a> {
        let mut selection = Selection { names: Vec::with_capacity(40), fields: Vec::with_capacity(fields.len()) };
        for (name, listing) in &self.rules {
            let before = selection.fields.len();
            for field in fields.iter().rev().filter(|field| field.is(name.as_str())) {
                selection.names.push(name.as_str());
                selection.fields.push(*field);
            }
            let present = selection.fields.len() > before;
            if *listing == Listing::Oversign || (*listing == Listing::OversignWhenPresent && present) {
                selection.names.push(name.as_str());
            }
        }
        for field in fields.iter().rev().filter(|field| is_list_field(field) && !self.has_rule(field)) {
            // A name of printable ASCII: `head::fields` gives no other.
            selection.names.extend(std::str::from_utf8(field.name));
            selection.fields.push(*field);
        }
        selection
    }

    fn has_rule(&self, field: &Field<'_>) -> bool {
        self.rules.iter().any(|(name, _)| field.is(name.as_str()))
    }
}

impl Default for SignedHeaders {
    fn default() -> Self {
        let rules = DEFAULT.iter().filter_map(|(name, listing)| Some((HeaderName::parse(name).ok()?, *listing)));
        Self { rules: rules.collect() }
    }
}

/// What is signed of one message.
pub(crate) struct Selection<'a> {
    pub(crate) names: Vec<&'a str>,
    pub(crate) fields: Vec<Field<'a>>,
}

/// Not one whose name has a semicolon: RFC 5322 §2.2 allows that, but it would end `h=`.
fn is_list_field(field: &Field<'_>) -> bool {
    let is_list = field.name.get(..LIST.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(LIST));
    is_list && !field.name.contains(&b';')
}

/// Why a name is refused.
pub(crate) const SEMICOLON: &str = "a name with a semicolon cannot stand in h= (RFC 6376 §3.2)";

const LIST: &[u8] = b"List-";

const NEVER: [&str; 5] = ["Authentication-Results", "Bcc", "DKIM-Signature", "Received", "Return-Path"];

const DEFAULT: [(&str, Listing); 18] = [
    ("From", Listing::Oversign),
    ("To", Listing::Oversign),
    ("Cc", Listing::Oversign),
    ("Subject", Listing::Oversign),
    ("Date", Listing::Oversign),
    ("Message-ID", Listing::Oversign),
    ("Reply-To", Listing::Oversign),
    ("MIME-Version", Listing::Oversign),
    ("Content-Type", Listing::Oversign),
    ("Content-Transfer-Encoding", Listing::Oversign),
    ("In-Reply-To", Listing::Oversign),
    ("References", Listing::Oversign),
    ("List-Unsubscribe", Listing::OversignWhenPresent),
    ("List-Unsubscribe-Post", Listing::OversignWhenPresent),
    ("Sender", Listing::WhenPresent),
    ("Feedback-ID", Listing::WhenPresent),
    ("CFBL-Address", Listing::WhenPresent),
    ("CFBL-Feedback-ID", Listing::WhenPresent),
];

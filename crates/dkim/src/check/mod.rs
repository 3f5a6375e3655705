//! Checking signatures (RFC 6376 §6).

pub(crate) mod key;
mod message;
mod note;
mod result;
pub(crate) mod signature;
pub(crate) mod tags;

use posthaste_dns::Resolve;
use posthaste_types::{Content, Tick, Timestamp};

use self::key::Keys;
pub(crate) use self::message::{BodyHashes, Message, canonical};
pub use self::note::DkimNote;
pub use self::result::{DkimOutcome, DkimReason, DkimResult};
use self::signature::outcome;
use crate::field::NAME;
use crate::head::{self, Field, Split};

/// How much a check takes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckLimits {
    /// How many signatures are evaluated, from the top; by default 5. RFC 6376 §6.1 allows a limit, and each
    /// costs a hash, a DNS question and a verification.
    pub signatures: usize,
    /// The longest header, in octets; by default 1 MiB.
    pub header_octets: usize,
    /// The most header fields; by default 2,000.
    pub header_fields: usize,
    /// The most ARC sets; by default 50, which is also the most that is heeded (RFC 8617 §4.2.1).
    pub arc_sets: usize,
    /// Whether ARC signatures before the newest one are evaluated; by default they are.
    pub arc_history: ArcHistory,
}

/// Whether ARC signatures before the newest one are evaluated (RFC 8617 §5.2, step 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArcHistory {
    /// Yes: the result then says since when the message is unchanged. Each costs a verification.
    #[default]
    Evaluate,
    /// No.
    Skip,
}

impl Default for CheckLimits {
    fn default() -> Self {
        Self {
            signatures: 5,
            header_octets: 1024 * 1024,
            header_fields: 2000,
            arc_sets: 50,
            arc_history: ArcHistory::default(),
        }
    }
}

/// Checks the signatures of a message at the time `at`, within the default limits: see [`check_octets`].
///
/// ```
/// use posthaste_dkim::{DkimOutcome, check};
/// use posthaste_dns::Resolve;
/// use posthaste_types::{Content, Tick, Timestamp};
///
/// async fn show(content: &Content, dns: &dyn Resolve, at: Timestamp, by: Tick) {
///     for result in check(content, dns, at, by).await {
///         println!("dkim={result}");
///     }
/// }
/// ```
pub async fn check(content: &Content, dns: &dyn Resolve, at: Timestamp, by: Tick) -> Vec<DkimResult> {
    let pieces: Vec<&[u8]> = content.chunks().collect();
    check_octets(&pieces, &CheckLimits::default(), dns, at, by).await
}

/// Checks the signatures of a message that comes in any number of pieces, wherever they are cut.
///
/// One result for each signature evaluated, from the top; one of outcome `none` for an unsigned message, and
/// one of outcome `policy` at the end if there were more signatures than are evaluated. Every question
/// to the DNS goes through `dns` and is answered or given up by `by`; the time for `x=` is `at`.
///
/// Stricter than RFC 6376 where RFC 8301 or experience says so: From must be signed, `rsa-sha1` and keys under
/// 1024 bits do not pass, a tag that stands twice is an error. `l=` is honoured and reported.
///
/// Cancel safe: dropping the future only ends the check.
pub async fn check_octets(
    pieces: &[&[u8]],
    limits: &CheckLimits,
    dns: &dyn Resolve,
    at: Timestamp,
    by: Tick,
) -> Vec<DkimResult> {
    let too_large = || vec![DkimResult::of(DkimOutcome::PermError, Some(DkimReason::HeaderTooLarge))];
    let Some(split) = Split::of(pieces.iter().copied(), limits.header_octets) else { return too_large() };
    let Some(fields) = limits.fields(&split.head) else { return too_large() };
    let message = Message::new(&fields, &split.body);
    let (mut keys, mut hashes) = (Keys::new(dns, by), BodyHashes::default());
    let signatures = fields.iter().filter(|field| field.is(NAME));
    let count = signatures.clone().count();
    let mut results = Vec::with_capacity(count.min(limits.signatures) + 1);
    for signature in signatures.take(limits.signatures) {
        let mut result = DkimResult::of(DkimOutcome::Pass, None);
        if let Err(reason) = message.evaluate(signature, (&mut keys, &mut hashes), at, &mut result).await {
            result.outcome = outcome(&reason);
            result.reason = Some(reason);
        }
        results.push(result);
    }
    if count == 0 {
        results.push(DkimResult::of(DkimOutcome::None, None));
    } else if count > results.len() {
        let reason = DkimReason::TooManySignatures { ignored: count - results.len() };
        results.push(DkimResult::of(DkimOutcome::Policy, Some(reason)));
    }
    results
}

impl CheckLimits {
    /// The fields of a header; `None` if there are too many.
    pub(crate) fn fields<'a>(&self, head: &'a [u8]) -> Option<Vec<Field<'a>>> {
        let most = self.header_fields.saturating_add(1);
        let fields: Vec<Field<'_>> = head::fields(head).flatten().take(most).collect();
        (fields.len() <= self.header_fields).then_some(fields)
    }
}

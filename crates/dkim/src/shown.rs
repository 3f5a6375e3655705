//! Results as Authentication-Results shows them (RFC 8601).

use posthaste_auth::results::{MethodResult, Word};

use crate::arc::{ArcResult, ChainStatus};
use crate::check::{DkimOutcome, DkimResult};

/// `dkim=pass header.d=example.com header.i=@example.com header.s=s1 header.a=rsa-sha256 header.b=abcdefgh` (RFC 8601
/// §2.7.1, RFC 6008), with the reason of what did not pass.
impl From<&DkimResult> for MethodResult {
    fn from(result: &DkimResult) -> Self {
        let shown = MethodResult::of(const { Word::from_static("dkim") }, outcome(result.outcome));
        let shown = match &result.reason {
            Some(reason) => shown.reason(reason),
            None => shown,
        };
        let property = |shown: MethodResult, name, value: Option<&dyn std::fmt::Display>| match value {
            Some(value) => shown.with_property(HEADER, name, value),
            None => shown,
        };
        let shown = property(shown, D, result.domain.as_ref().map(|domain| domain as _));
        let shown = property(shown, I, result.identity.as_ref().map(|identity| identity as _));
        let shown = property(shown, S, result.selector.as_ref().map(|selector| selector as _));
        let shown = property(shown, A, result.algorithm.as_ref().map(|algorithm| algorithm as _));
        property(shown, B, result.signature_start.as_ref().map(|start| start as _))
    }
}

/// `arc=pass header.oldest-pass=0` (RFC 8617 §10.2), with the reason of a failure.
impl From<&ArcResult> for MethodResult {
    fn from(result: &ArcResult) -> Self {
        let shown = MethodResult::of(const { Word::from_static("arc") }, status(result.status));
        let shown = match &result.reason {
            Some(reason) => shown.reason(reason),
            None => shown,
        };
        match result.oldest_pass {
            Some(oldest) => shown.with_property(HEADER, OLDEST_PASS, oldest),
            None => shown,
        }
    }
}

fn outcome(outcome: DkimOutcome) -> Word {
    match outcome {
        DkimOutcome::None => const { Word::from_static("none") },
        DkimOutcome::Pass => const { Word::from_static("pass") },
        DkimOutcome::Fail => const { Word::from_static("fail") },
        DkimOutcome::Policy => const { Word::from_static("policy") },
        DkimOutcome::PermError => const { Word::from_static("permerror") },
        DkimOutcome::TempError => const { Word::from_static("temperror") },
    }
}

fn status(status: ChainStatus) -> Word {
    match status {
        ChainStatus::None => const { Word::from_static("none") },
        ChainStatus::Fail => const { Word::from_static("fail") },
        ChainStatus::Pass => const { Word::from_static("pass") },
    }
}

const HEADER: Word = Word::from_static("header");
const A: Word = Word::from_static("a");
const B: Word = Word::from_static("b");
const D: Word = Word::from_static("d");
const I: Word = Word::from_static("i");
const S: Word = Word::from_static("s");
const OLDEST_PASS: Word = Word::from_static("oldest-pass");

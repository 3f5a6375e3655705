//! DKIM-Signature and ARC fields of anybody: the results do not depend on how the octets are cut, nothing passes with a
//! key that it was not signed with, and what is sealed has a seal that verifies.

#![no_main]

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use posthaste_auth::results::{MethodResult, Results};
use posthaste_dkim::{
    ArcSealer, ArcVerdicts, ChainStatus, CheckLimits, DkimKey, check_arc, check_arc_octets, check_octets,
};
use posthaste_dns::MemoryZone;
use posthaste_types::{Content, Tick, Timestamp};

const AT: Timestamp = Timestamp::from_unix_secs(1_700_000_000);
const BY: Tick = Tick::from_start(std::time::Duration::ZERO);

static SEALER: LazyLock<ArcSealer> = LazyLock::new(|| {
    let key = DkimKey::from_ed25519_seed(&[7; 32]).expect("a seed");
    ArcSealer::new("lists.example.org".parse().expect("a domain"), "s1".parse().expect("a selector"), key)
});

/// Our key, and one of nobody's under the name that the seeds use.
static ZONE: LazyLock<MemoryZone> = LazyLock::new(|| {
    let strange = DkimKey::from_ed25519_seed(&[8; 32])
        .expect("a seed")
        .record(&"s".parse().expect("a selector"), &"example.com".parse().expect("a domain"));
    let own = SEALER.record().expect("a record");
    format!("{own}\n{}\n", strange.expect("a record")).parse().expect("a zone")
});

fuzz_target!(|data: &[u8]| {
    let limits = CheckLimits::default();
    let whole = ready(check_octets(&[data], &limits, &*ZONE, AT, BY));
    let chain = ready(check_arc_octets(&[data], &limits, &*ZONE, AT, BY));
    assert!(!whole.is_empty() && whole.len() <= limits.signatures + 1);
    assert!(chain.sets.len() <= limits.arc_sets && chain.highest <= 50);
    // What is shown is one field that reads back.
    let id = "mx.example.org".parse().expect("an id");
    let shown = whole.iter().fold(Results::new(id), |shown, result| shown.with(MethodResult::from(result)));
    let field = shown.with(MethodResult::from(&chain)).to_field().expect("a field");
    let read = Results::parse(field.as_str().split_once(':').expect("a colon").1).expect("own results");
    assert_eq!(read.results().len(), whole.len() + 1);

    // Cut at line ends, as the pieces of a message are.
    let pieces: Vec<&[u8]> = data.split_inclusive(|octet| *octet == b'\n').collect();
    assert_eq!(ready(check_octets(&pieces, &limits, &*ZONE, AT, BY)), whole);
    assert_eq!(ready(check_arc_octets(&pieces, &limits, &*ZONE, AT, BY)), chain);

    let Ok((content, _)) = Content::from_raw(data.to_vec()) else { return };
    let chain = ready(check_arc(&content, &*ZONE, AT, BY));
    let verdicts = ArcVerdicts::InMessage("mx.example.org".parse().expect("an id"));
    let Ok(fields) = SEALER.seal(&content, &chain, &verdicts, AT) else { return };
    if chain.status != ChainStatus::Fail {
        let again = ready(check_arc(&content.with_headers(&fields), &*ZONE, AT, BY));
        assert!(again.is_pass(), "{again}");
        assert_eq!(again.sets.len(), chain.sets.len() + 1);
    }
});

/// The zone in memory never makes anybody wait.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a zone in memory waits"),
    }
}

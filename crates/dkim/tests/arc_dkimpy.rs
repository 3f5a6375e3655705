//! dkimpy verifies the chains that we seal, and seals chains that we verify. Needs Debian's `python3-dkim`; without it the
//! tests are skipped, except where `CI=true`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/arc.rs"]
mod arc;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use posthaste_auth::results::AuthservId;
use posthaste_dkim::{ArcSealer, ArcVerdicts, CheckLimits, DkimRecord, check_arc, check_arc_octets};
use posthaste_types::{Content, HeaderName, Timestamp};

use support::{BY, Dns, Messages, rsa};

/// Prints the status of each message's chain, and how many sets it has.
const VERIFY: &str = r#"
import pathlib, sys
import dkim
folder = pathlib.Path(sys.argv[1])
records = dict(line.split(" ", 1) for line in (folder / "records").read_text().splitlines())
def dns(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()
for path in sorted(folder.glob("*.eml")):
    status, sets, why = dkim.arc_verify(path.read_bytes(), dnsfunc=dns)
    print(path.stem, status.decode(), len(sets), "" if status == b"pass" else why)
"#;

/// Adds a set to each message.
const SEAL: &str = r#"
import pathlib, sys
import dkim
folder = pathlib.Path(sys.argv[1])
records = dict(line.split(" ", 1) for line in (folder / "records").read_text().splitlines())
def dns(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()
key = (folder / "key").read_bytes()
for path in sorted(folder.glob("*.eml")):
    message = path.read_bytes()
    status, sets, why = dkim.arc_verify(message, dnsfunc=dns)
    found = b"Authentication-Results: lists.example.org; arc=" + status + b"\r\n"
    fields = dkim.arc_sign(found + message, b"s1", b"lists.example.org", key, b"lists.example.org",
                           include_headers=[b"from", b"to", b"subject", b"date"])
    path.write_bytes(b"".join(fields) + message)
"#;

/// dkimpy looks at the clock.
const PAST: Timestamp = Timestamp::from_unix_secs(1_700_000_000);

fn missing() -> bool {
    let there = Command::new("/usr/bin/python3").args(["-c", "import dkim"]).output();
    let there = there.is_ok_and(|output| output.status.success());
    if !there {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "dkimpy is required in CI");
        println!("skipped: /usr/bin/python3 has no dkim");
    }
    !there
}

fn python(script: &str, folder: &Path) -> String {
    let output = Command::new("/usr/bin/python3").args(["-c", script]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn sealer() -> ArcSealer {
    ArcSealer::new("lists.example.org".parse().unwrap(), "s1".parse().unwrap(), rsa())
}

fn put_records(folder: &Path, record: &DkimRecord, others: &[(String, String)]) {
    let own = format!("{} {}\n", record.name, record.value);
    let others = others.iter().map(|(name, text)| format!("{name} {text}\n"));
    fs::write(folder.join("records"), others.chain([own]).collect::<String>()).unwrap();
}

fn found() -> ArcVerdicts {
    ArcVerdicts::InMessage(AuthservId::parse("lists.example.org").unwrap())
}

/// Adds a set to what came, as it stands in the DNS that has our key.
async fn seal(message: &Content, dns: &Dns) -> Content {
    let chain = check_arc(message, &dns.0, PAST, BY).await;
    let fields = sealer().seal(message, &chain, &found(), PAST).unwrap();
    assert_eq!(fields.len(), 3, "{chain}");
    message.with_headers(&fields)
}

#[tokio::test]
async fn dkimpy_verifies_chains_of_one_to_four_sets() {
    if missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let record = sealer().record().unwrap();
    put_records(folder.path(), &record, &[]);
    let dns = Dns::of(&[record]);
    let mut messages = Messages::seeded(6);
    let mut expected = String::new();
    for i in 0..100_usize {
        let mut message = messages.next();
        for _ in 0..=i % 4 {
            message = seal(&message, &dns).await;
        }
        let octets = message.to_vec();
        fs::write(folder.path().join(format!("{i:03}-a.eml")), &octets).unwrap();
        let mut bad = octets;
        let at = bad.windows(6).rposition(|window| window.eq_ignore_ascii_case(b"From: ")).unwrap();
        bad[at + 7] ^= 1;
        fs::write(folder.path().join(format!("{i:03}-b.eml")), &bad).unwrap();
        let ours = check_arc_octets(&[&bad], &CheckLimits::default(), &dns.0, PAST, BY).await;
        assert!(!ours.is_pass(), "{ours}");
        expected.push_str(&format!("{i:03}-a pass {}\n{i:03}-b fail\n", i % 4 + 1));
    }
    let said = python(VERIFY, folder.path());
    let said: String = said
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').take(if line.contains(" pass ") { 3 } else { 2 }).collect();
            words.join(" ") + "\n"
        })
        .collect();
    assert_eq!(said, expected);
}

#[tokio::test]
async fn what_dkimpy_seals_passes_and_can_be_sealed_again() {
    if missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let record = sealer().record().unwrap();
    put_records(folder.path(), &record, &[]);
    fs::write(folder.path().join("key"), &*rsa().to_pem().unwrap()).unwrap();
    let dns = Dns::of(&[record]);
    let mut messages = Messages::seeded(7);
    let file = |i: usize| folder.path().join(format!("{i:03}.eml"));
    for i in 0..100 {
        let message = messages.next();
        // Every other chain is begun by us.
        let message = if i % 2 == 0 { message } else { seal(&message, &dns).await };
        fs::write(file(i), message.to_vec()).unwrap();
    }
    python(SEAL, folder.path());
    for i in 0..100 {
        let octets = fs::read(file(i)).unwrap();
        let chain = check_arc_octets(&[&octets], &CheckLimits::default(), &dns.0, PAST, BY).await;
        assert!(chain.is_pass(), "{i}: {chain}\n{}", String::from_utf8_lossy(&octets));
        assert_eq!((chain.sets.len(), chain.oldest_pass), (1 + i % 2, Some(0)), "{i}");
        let (content, _) = Content::from_raw(octets).unwrap();
        fs::write(file(i), seal(&content, &dns).await.to_vec()).unwrap();
    }
    let said = python(VERIFY, folder.path());
    let said: Vec<&str> = said.lines().collect();
    assert!(said.len() == 100 && said.iter().all(|line| line.contains(" pass ")), "{said:?}");
}

/// The suite's signing cases, sealed with a key of 2048 bits.
#[tokio::test]
async fn dkimpy_verifies_the_signing_cases_of_the_suite() {
    if missing() {
        return;
    }
    let Some(cases) = arc::cases("arc-draft-sign-tests.yml") else { return };
    for case in &cases {
        let content = Content::from_canonical(case.message().into_bytes()).unwrap();
        let chain = check_arc(&content, &case.dns.0, PAST, BY).await;
        if !chain.can_be_sealed() || chain.reason.is_some() {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let names = case.text("sig-headers").split(':').map(|name| HeaderName::parse(name.trim()).unwrap());
        let at = Timestamp::from_unix_secs(case.text("t").parse().unwrap());
        let fields = sealer().exactly(names).unwrap().seal(&content, &chain, &found(), at).unwrap();
        fs::write(folder.path().join("case.eml"), content.with_headers(&fields).to_vec()).unwrap();
        put_records(folder.path(), &sealer().record().unwrap(), &case.other_records());
        let said = python(VERIFY, folder.path());
        assert_eq!(said, format!("case pass {} \n", chain.highest + 1), "{}", case.name);
    }
}

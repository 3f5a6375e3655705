//! dkimpy, by other people, verifies what we sign, and signs what we verify. Needs Debian's `python3-dkim` and
//! `python3-nacl`; without them the tests are skipped, except where `CI=true`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use data_encoding::BASE64;
use posthaste_dkim::{Canonicalization, CheckLimits, DkimNote, DkimReason, check_octets};
use posthaste_types::Timestamp;

use support::{AT, BY, Dns, Messages, both, rsa};

/// Verifies every signature of every message: those in `good` must pass, those in `bad` must not.
const VERIFY: &str = r#"
import pathlib, sys
import dkim
folder = pathlib.Path(sys.argv[1])
records = dict(line.split(" ", 1) for line in (folder / "records").read_text().splitlines())
def dns(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()
def passes(message, index):
    try:
        return dkim.DKIM(message).verify(index, dnsfunc=dns)
    except dkim.DKIMException:
        return False
for kind in ("good", "bad"):
    checked = 0
    for path in sorted((folder / kind).iterdir()):
        for index in (0, 1):
            if passes(path.read_bytes(), index) != (kind == "good"):
                sys.exit(f"{kind} {path.name}: signature {index}\n{path.read_bytes()!r}")
            checked += 1
    print(kind, checked)
"#;

/// Signs every message in its own way: each canonicalization, both algorithms, with and without oversigning and `l=`.
const SIGN: &str = r#"
import pathlib, sys
import dkim
folder = pathlib.Path(sys.argv[1])
rsa = (folder / "rsa.pem").read_bytes()
ed25519 = (folder / "ed25519").read_bytes()
signed = 0
for number, path in enumerate(sorted((folder / "plain").iterdir())):
    message = path.read_bytes()
    forms = tuple((b"relaxed", b"simple")[number >> bit & 1] for bit in (0, 1))
    names = [b"from"] * (1 + (number >> 2 & 1)) + [b"to", b"SUBJECT", b"x-none", b"date", b"subject"]
    names += [b"list-id"] * (number % 3)
    for selector, key, algorithm in ((b"rsa", rsa, b"rsa-sha256"), (b"ed", ed25519, b"ed25519-sha256")):
        field = dkim.sign(message, selector, b"news.example.com", key, canonicalize=forms, include_headers=names,
                          length=bool(number & 8), signature_algorithm=algorithm)
        (folder / "signed" / f"{path.stem}.{selector.decode()}.eml").write_bytes(field + message)
        signed += 1
print("signed", signed)
"#;

/// dkimpy refuses signatures of the future, and looks at the clock.
const PAST: Timestamp = Timestamp::from_unix_secs(1_700_000_000);

fn missing() -> bool {
    let there = Command::new("/usr/bin/python3").args(["-c", "import dkim, nacl.signing"]).output();
    let there = there.is_ok_and(|output| output.status.success());
    if !there {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "dkimpy is required in CI");
        println!("skipped: /usr/bin/python3 has no dkim or no nacl");
    }
    !there
}

fn python(script: &str, folder: &Path) -> String {
    let output = Command::new("/usr/bin/python3").args(["-c", script]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn dkimpy_verifies_200_random_messages() {
    if missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("good")).unwrap();
    fs::create_dir(path("bad")).unwrap();
    let records = both().records().unwrap();
    let records: String = records.iter().map(|record| format!("{} {}\n", record.name, record.value)).collect();
    fs::write(path("records"), records).unwrap();

    let forms = [Canonicalization::Relaxed, Canonicalization::Simple];
    let mut messages = Messages::seeded(1);
    for i in 0..200_usize {
        // Every other message as the default is, the rest in the other three ways.
        let way = if i % 2 == 0 { 0 } else { i / 2 % 4 };
        let signer = both().canonicalization(forms[way / 2], forms[way % 2]);
        let content = messages.next();
        let mut octets = content.with_headers(&signer.sign_content(&content, PAST).unwrap()).to_vec();
        fs::write(path("good").join(format!("{i:03}.eml")), &octets).unwrap();
        let at = octets.windows(6).rposition(|window| window.eq_ignore_ascii_case(b"From: ")).unwrap();
        octets[at + 7] ^= 1;
        fs::write(path("bad").join(format!("{i:03}.eml")), &octets).unwrap();
    }
    assert_eq!(python(VERIFY, folder.path()), "good 400\nbad 400\n");
}

#[tokio::test]
async fn what_dkimpy_signs_in_200_ways_passes() {
    if missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("plain")).unwrap();
    fs::create_dir(path("signed")).unwrap();
    fs::write(path("rsa.pem"), &*rsa().to_pem().unwrap()).unwrap();
    fs::write(path("ed25519"), BASE64.encode(&[7; 32])).unwrap();
    let mut messages = Messages::seeded(3);
    for i in 0..200_usize {
        fs::write(path("plain").join(format!("{i:03}.eml")), messages.next().to_vec()).unwrap();
    }
    assert_eq!(python(SIGN, folder.path()), "signed 400\n");

    let dns = Dns::of(&both().records().unwrap());
    let mut files: Vec<_> = fs::read_dir(path("signed")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let octets = fs::read(file).unwrap();
        let result = check_octets(&[&octets], &CheckLimits::default(), &dns.0, AT, BY).await.swap_remove(0);
        assert!(result.is_pass(), "{}: {result}\n{}", file.display(), String::from_utf8_lossy(&octets));
        let number: usize = file.file_name().unwrap().to_str().unwrap()[..3].parse().unwrap();
        let oversigned = result.oversigned.contains(&"from".to_owned());
        assert_eq!((oversigned, result.body_length.is_some()), (number & 4 > 0, number & 8 > 0), "{}", file.display());

        let ends_header = octets.windows(4).any(|end| end == b"\r\n\r\n");
        let longer = [&octets[..], if ends_header { b"x\r\n" } else { b"\r\nx\r\n" }].concat();
        // Of an empty body in simple form, the CRLF is signed.
        let length = result.body_length.filter(|length| *length > 2);
        let result = check_octets(&[&longer], &CheckLimits::default(), &dns.0, AT, BY).await.swap_remove(0);
        if length.is_some() {
            let unsigned = result.notes.iter().any(|note| matches!(note, DkimNote::BodyLength { unsigned: 3.., .. }));
            assert!(result.is_pass() && unsigned, "{}: {result} {:?}", file.display(), result.notes);
        } else if result.body_length.is_none() {
            assert_eq!(result.reason, Some(DkimReason::BodyChanged), "{}", file.display());
        }
        let mut bad = octets;
        let at = bad.windows(6).rposition(|window| window.eq_ignore_ascii_case(b"From: ")).unwrap();
        bad[at + 7] ^= 1;
        let result = check_octets(&[&bad], &CheckLimits::default(), &dns.0, AT, BY).await.swap_remove(0);
        assert_eq!(result.reason, Some(DkimReason::HeaderChanged), "{}", file.display());
    }
    assert_eq!(files.len(), 400);
}

//! OpenDKIM, the filter of many mail hosts, verifies what we sign, and signs what we verify. It knows RSA alone. Needs
//! Debian's `opendkim`; without it the tests are skipped, except where `CI=true`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use posthaste_dkim::{Canonicalization, CheckLimits, Dkim, DkimReason, check_octets};
use posthaste_types::{Content, Timestamp};

use support::{AT, BY, Dns, Messages, content, rsa};

/// OpenDKIM refuses signatures of the future, and looks at the clock.
const PAST: Timestamp = Timestamp::from_unix_secs(1_700_000_000);
const FORMS: [Canonicalization; 2] = [Canonicalization::Relaxed, Canonicalization::Simple];

fn missing() -> bool {
    let there = Path::new(PROGRAM).exists();
    if !there {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "opendkim is required in CI");
        println!("skipped: there is no {PROGRAM}");
    }
    !there
}

/// Puts the messages through OpenDKIM, which takes a file for each, and gives what it says.
fn opendkim(folder: &Path, settings: &str, mode: &str, files: &[PathBuf]) -> String {
    let configuration = folder.join("opendkim.conf");
    fs::write(&configuration, format!("Syslog no\nRequireSafeKeys no\n{settings}")).unwrap();
    let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    let output = Command::new(PROGRAM)
        .arg("-x")
        .arg(configuration)
        .args(["-b", mode, "-v", "-v", "-t"])
        .arg(files.join(","))
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn signer() -> Dkim {
    Dkim::new("news.example.com".parse().unwrap()).key("rsa".parse().unwrap(), rsa())
}

/// The next message. A milter is not told the white space behind a colon, so that a header in simple form has one space
/// there.
fn next(messages: &mut Messages, header: Canonicalization) -> Content {
    let text = String::from_utf8(messages.next().to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let line = |line: &str| match line.split_once(':') {
        Some((name, value)) if !line.starts_with([' ', '\t']) => {
            format!("{name}: {}\r\n", value.trim_start_matches([' ', '\t']))
        }
        _ => format!("{line}\r\n"),
    };
    match header {
        Canonicalization::Relaxed => content(&text),
        Canonicalization::Simple => content(&format!("{}\r\n{body}", head.lines().map(line).collect::<String>())),
    }
}

/// Changes the display name in From.
fn forge(octets: &mut [u8]) {
    let at = octets.windows(6).rposition(|window| window.eq_ignore_ascii_case(b"From: ")).unwrap();
    octets[at + 7] ^= 1;
}

#[test]
fn opendkim_verifies_200_random_messages() {
    if missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let record = signer().records().unwrap().swap_remove(0);
    fs::write(folder.path().join("dns"), format!("{} {}\n", record.name, record.value)).unwrap();
    let settings = format!("TestDNSData file:{}\n", folder.path().join("dns").display());

    let mut messages = Messages::seeded(4);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for i in 0..200_usize {
        let signer = signer().canonicalization(FORMS[i / 2 % 2], FORMS[i % 2]);
        let content = next(&mut messages, FORMS[i / 2 % 2]);
        let mut octets = content.with_headers(&signer.sign_content(&content, PAST).unwrap()).to_vec();
        good.push(folder.path().join(format!("good-{i:03}.eml")));
        fs::write(&good[i], &octets).unwrap();
        forge(&mut octets);
        bad.push(folder.path().join(format!("bad-{i:03}.eml")));
        fs::write(&bad[i], &octets).unwrap();
    }
    for (files, expected) in [(&good, ") succeeded"), (&bad, "failed: signature verification failed")] {
        let said = opendkim(folder.path(), &settings, "v", files);
        for file in files {
            let name = file.to_str().unwrap();
            let line = said.lines().find(|line| line.contains(&format!("{name}: verification")));
            assert!(
                line.is_some_and(|line| line.ends_with(expected)),
                "{line:?}\n{}",
                fs::read_to_string(file).unwrap()
            );
        }
    }
}

#[tokio::test]
async fn what_opendkim_signs_in_200_ways_passes() {
    if missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.pem");
    fs::write(&key, &*rsa().to_pem().unwrap()).unwrap();
    let dns = Dns::of(&signer().records().unwrap());
    let mut messages = Messages::seeded(5);
    let mut passed = 0;
    for way in 0..8_usize {
        let (header, body) = (FORMS[way / 2 % 2], FORMS[way % 2]);
        let oversigned = if way & 4 > 0 { "OversignHeaders From,Subject,X-None\n" } else { "" };
        let settings = format!(
            "Domain news.example.com\nSelector rsa\nKeyFile {}\nCanonicalization {header}/{body}\n{oversigned}\
             SignatureTTL 86400\n",
            key.display()
        );
        let plain: Vec<Vec<u8>> = (0..25).map(|_| next(&mut messages, header).to_vec()).collect();
        let name = |i: usize| folder.path().join(format!("{way}-{i}.eml"));
        let files: Vec<PathBuf> = (0..plain.len()).map(name).collect();
        files.iter().zip(&plain).for_each(|(file, octets)| fs::write(file, octets).unwrap());
        let said = opendkim(folder.path(), &settings, "s", &files);
        let fields: Vec<String> = said.split("hname='DKIM-Signature' hvalue='").skip(1).map(field).collect();
        assert_eq!(fields.len(), plain.len(), "{said}");
        for (field, octets) in fields.iter().zip(&plain) {
            let mut signed = [field.as_bytes(), octets].concat();
            let text = String::from_utf8_lossy(&signed).into_owned();
            let result = check_octets(&[&signed], &CheckLimits::default(), &dns.0, now(field), BY).await.swap_remove(0);
            assert!(result.is_pass(), "{header}/{body}: {result}\n{text}");
            assert_eq!(result.oversigned.contains(&"x-none".to_owned()), way & 4 > 0, "{text}");
            let result = check_octets(&[&signed], &CheckLimits::default(), &dns.0, AT, BY).await.swap_remove(0);
            let expired = result.expires.is_some_and(|expires| expires < AT);
            assert_eq!(result.reason, expired.then_some(DkimReason::Expired), "{text}");
            forge(&mut signed);
            let result = check_octets(&[&signed], &CheckLimits::default(), &dns.0, now(field), BY).await.swap_remove(0);
            assert_eq!(result.reason, Some(DkimReason::HeaderChanged), "{text}");
            passed += 1;
        }
    }
    assert_eq!(passed, 200);
}

fn field(said: &str) -> String {
    let value = said.split("'\n").next().unwrap();
    format!("DKIM-Signature: {}\r\n", value.replace('\n', "\r\n"))
}

/// The moment at which a field says that it was made.
fn now(field: &str) -> Timestamp {
    let seconds = field.split("t=").nth(1).unwrap().split(';').next().unwrap();
    Timestamp::from_unix_secs(seconds.parse().unwrap())
}

const PROGRAM: &str = "/usr/sbin/opendkim";

//! What is composed is read back equal by readers that nobody here wrote: mail-parser and Python's email.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use mail_parser::{Address, MessageParser, MimeHeaders};
use posthaste_message::{Limits, check_strict, read};
use posthaste_types::{Content, Mailbox};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::{Case, case, line, lines, stamp};

fn name_and_address(mailbox: &Mailbox) -> (String, String) {
    (mailbox.name().unwrap_or_default().to_owned(), mailbox.address().to_string())
}

/// QUIRK: mail-parser takes a quoted local part for a display name.
fn is_known_to_mail_parser(mailbox: &Mailbox) -> bool {
    !mailbox.address().as_str().starts_with('"')
}

fn people(address: Option<&Address<'_>>) -> Vec<(String, String)> {
    let of = |a: &mail_parser::Addr<'_>| {
        (a.name().unwrap_or_default().to_owned(), a.address().unwrap_or_default().to_owned())
    };
    address.map(|address| address.iter().map(of).collect()).unwrap_or_default()
}

fn assert_canonical(case: &Case, content: &Content) {
    let octets = content.to_vec();
    assert!(octets.is_ascii(), "7-bit by default: {case:?}");
    assert!(Content::from_canonical(octets.clone()).is_ok(), "{case:?}");
    let text = String::from_utf8(octets).unwrap();
    let header = text.split("\r\n\r\n").next().unwrap_or_default();
    for line in text.split("\r\n") {
        assert!(line.len() <= 998, "{line}");
        // A token that has a line of its own, or stands first, cannot fold.
        let can_fold = line.split_once(": ").map_or(line.trim_start(), |(_, value)| value).contains(' ');
        assert!(line.len() <= 78 || !can_fold || !header.contains(line), "a line that could fold: {line:?}");
        if line.contains("=?utf-8?") && header.contains(line) {
            assert!(line.len() <= 78, "{line:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mail_parser_reads_back_what_was_composed(case in case()) {
        let content = case.compose().render(&stamp()).unwrap();
        assert_canonical(&case, &content);
        let octets = content.to_vec();
        let read = MessageParser::new().parse(&octets).unwrap();
        prop_assert_eq!(read.subject().unwrap_or_default(), case.subject.as_str());
        for (read, given) in [(read.from(), std::slice::from_ref(&case.from)), (read.to(), &case.to)] {
            if given.iter().all(is_known_to_mail_parser) {
                prop_assert_eq!(people(read), given.iter().map(name_and_address).collect::<Vec<_>>());
            }
        }
        if let Some(text) = &case.text {
            prop_assert_eq!(lines(&read.body_text(0).unwrap_or_default()), lines(text));
        }
        if let (Some(html), None) = (&case.html, &case.text) {
            prop_assert_eq!(lines(&read.body_html(0).unwrap_or_default()), lines(html));
        }
        let files: Vec<_> = read.attachments().map(|f| (f.attachment_name().unwrap_or_default().to_owned(), f.contents().to_vec())).collect();
        prop_assert_eq!(files, case.files);
    }

    #[test]
    fn we_read_back_what_was_composed(case in case()) {
        let octets = case.compose().to_eml(&stamp()).unwrap();
        let read = read(&octets, &Limits::default()).unwrap();
        prop_assert_eq!(read.defects(), []);
        prop_assert_eq!(check_strict(&octets), Ok(()));
        prop_assert_eq!(read.subject().unwrap_or_default(), case.subject.as_str());
        let of = |a: posthaste_message::ReadAddress| (a.name.unwrap_or_default(), a.address);
        let to: Vec<_> = case.to.iter().map(name_and_address).collect();
        prop_assert_eq!(read.to().into_iter().map(of).collect::<Vec<_>>(), to);
        prop_assert_eq!(read.text().as_deref().map(lines), case.text.as_deref().map(lines).or((case.html.is_none() && case.files.is_empty()).then(String::new)));
        prop_assert_eq!(read.html().as_deref().map(lines), case.html.as_deref().map(lines));
        let files: Vec<_> = read.attachments().map(|f| (f.filename().unwrap_or_default(), f.decoded().into_owned())).collect();
        prop_assert_eq!(files, case.files);
    }

    #[test]
    fn a_header_of_any_length_reads_back(value in line(3000)) {
        let message = posthaste_message::Message::builder().from("a@example.com").to("b@example.org").header("X-Note", &value).build().unwrap();
        let octets = message.to_eml(&stamp()).unwrap();
        let read = read(&octets, &Limits::default()).unwrap();
        prop_assert_eq!(read.header("X-Note").unwrap().text(), value);
    }
}

#[test]
fn python_reads_back_what_was_composed() {
    let mut runner = TestRunner::deterministic();
    let cases: Vec<Case> = (0..400).map(|_| case().new_tree(&mut runner).unwrap().current()).collect();
    let messages: Vec<Vec<u8>> = cases.iter().map(|case| case.compose().to_eml(&stamp()).unwrap()).collect();
    let Some(told) = python(&messages) else { return };
    assert_eq!(told.len(), cases.len());
    for (case, told) in cases.iter().zip(&told) {
        let people = |mailboxes: &[Mailbox]| -> serde_json::Value {
            mailboxes.iter().map(name_and_address).map(|(name, address)| serde_json::json!([name, address])).collect()
        };
        assert_eq!(told["subject"], case.subject.as_str(), "{case:?}");
        assert_eq!(told["from"], people(std::slice::from_ref(&case.from)), "{case:?}");
        assert_eq!(told["to"], people(&case.to), "{case:?}");
        for (kind, given) in [("text", &case.text), ("html", &case.html)] {
            if let Some(given) = given {
                assert_eq!(lines(told[kind].as_str().unwrap_or_default()), lines(given), "{case:?}");
            }
        }
        let files: serde_json::Value =
            case.files.iter().map(|(name, octets)| serde_json::json!([name, base64(octets)])).collect();
        assert_eq!(told["files"], files, "{case:?}");
        assert_eq!(told["defects"], serde_json::json!([]), "{case:?}");
    }
    println!("{} messages read back by Python", cases.len());
}

/// Runs Debian's Python over all messages at once; required in CI.
fn python(messages: &[Vec<u8>]) -> Option<Vec<serde_json::Value>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_back.py");
    let child = Command::new("/usr/bin/python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "/usr/bin/python3 is required in CI");
        println!("skipped: no /usr/bin/python3");
        return None;
    };
    let encoded: Vec<String> = messages.iter().map(|message| base64(message)).collect();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(serde_json::to_string(&encoded).unwrap().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn base64(octets: &[u8]) -> String {
    String::from_utf8(mail_builder::encoders::Base64Encoder::new().encode(octets).unwrap()).unwrap()
}

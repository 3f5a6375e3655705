//! What is written reads back as itself: the values, the files, the mails.

mod support;

use posthaste_report::{Report, read};
use posthaste_types::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use support::{aggregate, failure, mail, tls};

/// What a reading of these octets holds, which must be one sound report.
fn read_back(octets: &[u8]) -> Report {
    let reading = read(octets).expect("within the limits");
    assert!(reading.is_sound(), "{reading:#?}\n{}", String::from_utf8_lossy(octets));
    let [document] = &reading.documents[..] else { panic!("one document") };
    document.report.clone().expect("a report")
}

/// What a mail must be to pass everywhere: CRLF, 7-bit, short lines.
fn assert_canonical(octets: &[u8]) {
    assert!(octets.is_ascii() && octets.ends_with(b"\r\n"));
    let text = String::from_utf8_lossy(octets);
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n', '\0'])), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn aggregate_reports(report in aggregate()) {
        let xml = report.to_xml().expect("complete");
        prop_assert_eq!(&read_back(xml.as_bytes()), &Report::Aggregate(Box::new(report.clone())));
        let octets = mail().aggregate(&report).expect("complete");
        assert_canonical(&octets);
        prop_assert_eq!(read_back(&octets), Report::Aggregate(Box::new(report)));
    }

    #[test]
    fn tls_reports(report in tls()) {
        let json = report.to_json().expect("complete");
        // Another reader takes it for JSON.
        serde_json::from_str::<serde_json::Value>(&json).expect("JSON");
        prop_assert_eq!(&read_back(json.as_bytes()), &Report::Tls(Box::new(report.clone())));
        let octets = mail().tls(&report).expect("complete");
        assert_canonical(&octets);
        prop_assert_eq!(read_back(&octets), Report::Tls(Box::new(report)));
    }

    #[test]
    fn failure_reports(report in failure()) {
        let octets = mail().failure(&report).expect("complete");
        assert_canonical(&octets);
        let Report::Failure(back) = read_back(&octets) else { panic!("a failure report") };
        let mut expected = report;
        expected.original_from = Some("Ada <ada@example.com>".to_owned());
        expected.original_subject = Some("Hello".to_owned());
        expected.original_message_id = Some("1@example.com".parse().expect("a Message-ID"));
        expected.original_date = Some(Timestamp::from_unix_secs(1_795_513_304));
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).trim().to_owned();
        prop_assert_eq!(text(&back.original_header), text(&expected.original_header));
        expected.original_header.clone_from(&back.original_header);
        prop_assert_eq!(*back, expected);
    }

    /// Whatever the octets are: an answer, the same each time, and no text that could forge a line.
    #[test]
    fn any_octets_give_a_typed_answer(octets in vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(read(&octets).expect("small"), read(&octets).expect("small"));
    }
}

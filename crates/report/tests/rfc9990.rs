//! Aggregate reports: RFC 7489 appendix C, RFC 9990, and what is sent in their name.

use posthaste_report::{
    Aggregate, Aligned, ComposeErrorKind, Discovery, Disposition, DkimOutcome, DkimResult, Document, Metadata,
    Override, Policy, PolicyPublished, Problem, ProblemKind, Record, Report, ReportMail, Schema, SpfOutcome, SpfResult,
    SpfScope, Testing, read,
};
use posthaste_types::Timestamp;

fn only(octets: &[u8]) -> Document {
    let mut reading = read(octets).expect("within the limits");
    assert_eq!(reading.documents.len(), 1, "{reading:?}");
    reading.documents.remove(0)
}

fn aggregate(document: &Document) -> &Aggregate {
    let Some(Report::Aggregate(report)) = &document.report else { panic!("no aggregate report: {document:?}") };
    report
}

fn problems(document: &Document) -> Vec<(ProblemKind, &'static str)> {
    document.problems.iter().map(|problem| (problem.kind, problem.what)).collect()
}

/// A report of the new schema with everything that it has, extensions too.
const NEW: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0" xmlns:ext="urn:example:ext">
  <version>1.0</version>
  <report_metadata>
    <org_name>Receiver &amp; Sons</org_name>
    <email>dmarc@receiver.example</email>
    <extra_contact_info>https://receiver.example/dmarc</extra_contact_info>
    <report_id>r1@receiver.example</report_id>
    <date_range><begin>1700000000</begin><end>1700086399</end></date_range>
    <error>two records</error>
    <generator>Gen/1.0</generator>
  </report_metadata>
  <policy_published>
    <domain>example.com</domain>
    <discovery_method>treewalk</discovery_method>
    <p>quarantine</p><sp>none</sp><np>reject</np><fo>1:d</fo><adkim>r</adkim><aspf>s</aspf><testing>y</testing>
  </policy_published>
  <extension><ext:arc-override>never</ext:arc-override><ext:record><ext:count>9</ext:count></ext:record></extension>
  <record>
    <row>
      <source_ip>2001:db8::1</source_ip>
      <count>123</count>
      <policy_evaluated>
        <disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf>
        <reason><type>policy_test_mode</type><comment><![CDATA[a <b> ]]>c</comment></reason>
      </policy_evaluated>
    </row>
    <identifiers>
      <header_from>example.com</header_from><envelope_from/><envelope_to>receiver.example</envelope_to>
    </identifiers>
    <auth_results>
      <dkim><domain>example.com</domain><selector>s1</selector><result>pass</result></dkim>
      <spf><domain>example.net</domain><scope>mfrom</scope><result>softfail</result><human_result>no</human_result></spf>
    </auth_results>
    <ext:arc-results><ext:dkim><ext:domain>other.example</ext:domain></ext:dkim></ext:arc-results><ext:row><count>5</count></ext:row>
  </record>
</feedback>"#;

#[test]
fn the_new_schema_with_extensions() {
    let document = only(NEW.as_bytes());
    assert!(document.problems.is_empty(), "{:?}", document.problems);
    let report = aggregate(&document);
    assert_eq!((report.schema, report.version.as_deref()), (Schema::Rfc9990, Some("1.0")));
    assert_eq!(report.metadata.org_name, "Receiver & Sons");
    assert_eq!((report.metadata.errors.len(), report.metadata.generator.as_deref()), (1, Some("Gen/1.0")));
    let policy = &report.policy;
    assert_eq!((policy.p, policy.np), (Some(Policy::Quarantine), Some(Policy::Reject)));
    assert_eq!((policy.discovery_method, policy.testing), (Some(Discovery::TreeWalk), Some(Testing::Yes)));
    let [record] = &report.records[..] else { panic!("{:?}", report.records) };
    assert_eq!((record.count, record.disposition, record.passes()), (123, Some(Disposition::Pass), true));
    assert_eq!(record.reasons[0].kind, Some(Override::PolicyTestMode));
    assert_eq!(record.reasons[0].comment.as_deref(), Some("a <b> c"));
    assert_eq!(record.envelope_from.as_deref(), Some(""));
    assert_eq!(record.spf_results[0].result, Some(SpfOutcome::SoftFail));
    // The extension's elements are not the report's.
    assert_eq!(record.dkim_results.len(), 1);
}

#[test]
fn prefixes_and_other_namespaces_do_not_matter() {
    let old = NEW.replace(" xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\"", "");
    let mut expected = aggregate(&only(NEW.as_bytes())).clone();
    expected.schema = Schema::Rfc7489;
    assert_eq!(aggregate(&only(old.as_bytes())), &expected);
    let other = NEW.replace("urn:ietf:params:xml:ns:dmarc-2.0", "http://dmarc.org/dmarc-xml/0.1");
    assert_eq!(aggregate(&only(other.as_bytes())), &expected);
    // Everything under a prefix.
    let mut prefixed = String::new();
    for (index, piece) in NEW.split('<').enumerate() {
        let mark = if index > 0 { "<" } else { "" };
        let tagged = match piece.chars().next() {
            Some('/') if !piece.starts_with("/ext:") => format!("/d:{}", &piece[1..]),
            Some(c) if c.is_ascii_lowercase() && !piece.starts_with("ext:") => format!("d:{piece}"),
            _ => piece.to_owned(),
        };
        prefixed.push_str(&format!("{mark}{tagged}"));
    }
    let prefixed = prefixed.replace("xmlns=", "xmlns:d=").replace("a <d:b>", "a <b>");
    expected.schema = Schema::Rfc9990;
    assert_eq!(aggregate(&only(prefixed.as_bytes())), &expected, "{prefixed}");
}

#[test]
fn character_sets() {
    let bom = [&b"\xEF\xBB\xBF"[..], NEW.as_bytes()].concat();
    let wide =
        |unit: fn(u16) -> [u8; 2], bom: &[u8]| [bom.to_vec(), NEW.encode_utf16().flat_map(unit).collect()].concat();
    let expected = only(NEW.as_bytes()).report;
    for octets in [
        bom,
        wide(u16::to_le_bytes, b"\xFF\xFE"),
        wide(u16::to_be_bytes, b"\xFE\xFF"),
        wide(u16::to_le_bytes, b""),
        wide(u16::to_be_bytes, b""),
    ] {
        let document = only(&octets);
        assert_eq!((document.report, document.problems.is_empty()), (expected.clone(), true));
    }
    let latin = NEW.replace("UTF-8", "ISO-8859-1").replace("Sons", "S\u{F6}hne");
    let octets: Vec<u8> = latin.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    assert_eq!(aggregate(&only(&octets)).metadata.org_name, "Receiver & S\u{F6}hne");
    // Declared as UTF-8 and not: the text is kept, and the place is told.
    let mut broken = NEW.as_bytes().to_vec();
    let at = NEW.find("Sons").expect("a name") + 1;
    broken[at] = 0xF6;
    let document = only(&broken);
    assert!(problems(&document).contains(&(ProblemKind::NotText, "xml")), "{:?}", document.problems);
    assert_eq!(aggregate(&document).metadata.org_name, "Receiver & S\u{FFFD}ns");
}

/// Each damage costs what is damaged, and is told with its element and its place.
#[test]
fn damage_costs_what_is_damaged() {
    let cases: &[(&str, &str, ProblemKind, &str)] = &[
        ("<count>123</count>", "<count>many</count>", ProblemKind::Value, "count"),
        ("<count>123</count>", "<count>-1</count>", ProblemKind::Value, "count"),
        ("<source_ip>2001:db8::1</source_ip>", "<source_ip>unknown</source_ip>", ProblemKind::Value, "source_ip"),
        ("<begin>1700000000</begin>", "<begin>yesterday</begin>", ProblemKind::Value, "begin"),
        ("<disposition>pass</disposition>", "<disposition>maybe</disposition>", ProblemKind::Value, "disposition"),
        ("<disposition>pass</disposition>", "<disposition>Pass</disposition>", ProblemKind::Case, "disposition"),
        ("<p>quarantine</p>", "", ProblemKind::Missing, "p"),
        ("<report_id>r1@receiver.example</report_id>", "", ProblemKind::Missing, "report_id"),
        ("<type>policy_test_mode</type>", "<type>because</type>", ProblemKind::Value, "type"),
        ("</row>", "", ProblemKind::Mismatched, "xml"),
        ("</feedback>", "", ProblemKind::Truncated, "xml"),
        ("<email>dmarc@receiver.example</email>", "<email>a & b</email>", ProblemKind::Entity, "xml"),
    ];
    for (from, to, kind, what) in cases {
        assert!(NEW.contains(from), "{from}");
        let xml = NEW.replace(from, to);
        let document = only(xml.as_bytes());
        let told = problems(&document);
        if *kind != ProblemKind::Entity {
            assert!(told.contains(&(*kind, *what)), "{to}: {told:?}");
        }
        let report = aggregate(&document);
        assert_eq!(report.policy.domain, "example.com", "{to}");
        assert_eq!(report.records.len(), 1, "{to}");
        assert_eq!(report.records[0].header_from, "example.com", "{to}: {:?}", report.records);
    }
    let document = only(NEW.replace("<count>123", "<count>many").as_bytes());
    let Some(Problem { at, .. }) = document.problems.iter().next() else { panic!("a problem") };
    assert_eq!(&NEW.as_bytes()[at - 7..*at], b"<count>", "the place");
}

#[test]
fn garbage_between_records_costs_no_record_behind_it() {
    let begin = NEW.find("  <record>").expect("a record");
    let end = NEW.find("</record>").expect("its end") + "</record>".len();
    let record = &NEW[begin..end];
    for garbage in ["<<<", "<a b=\"", "<!", "<!-- ", "</>", "<?", "< record>", "<record", "\0\u{1}<>"] {
        let xml = format!("{}{record}\n{garbage}\n{record}\n{record}</feedback>", &NEW[..begin]);
        let document = only(xml.as_bytes());
        let report = aggregate(&document);
        // A comment or a quoted attribute that never ends swallows what stands in it.
        assert!(report.records.len() >= 2, "{garbage}: {} records, {:?}", report.records.len(), document.problems);
        assert!(!document.problems.is_empty(), "{garbage}");
    }
    // Without its beginning.
    let document = only(&NEW.as_bytes()[begin + 2..]);
    assert_eq!(aggregate(&document).records.len(), 1);
    assert!(problems(&document).contains(&(ProblemKind::Missing, "feedback")));
    // Behind words that do not belong.
    assert_eq!(aggregate(&only(format!("see this: {NEW}").as_bytes())).records.len(), 1);
}

#[test]
fn words_in_the_wild() {
    let xml = NEW
        .replace("<result>pass</result>", "<result>hardfail</result>")
        .replace("<result>softfail</result>", "<result>error</result>")
        .replace("<begin>1700000000</begin>", "<begin>2023-11-14T22:13:20Z</begin>")
        .replace("<end>1700086399</end>", "<end>1700086399.0</end>")
        .replace("2001:db8::1", " ::ffff:192.0.2.7\n");
    let document = only(xml.as_bytes());
    assert!(document.problems.is_empty(), "{:?}", document.problems);
    let report = aggregate(&document);
    assert_eq!(report.records[0].dkim_results[0].result, Some(DkimOutcome::Fail));
    assert_eq!(report.records[0].spf_results[0].result, Some(SpfOutcome::PermError));
    assert_eq!(report.metadata.begin, Some(Timestamp::from_unix_secs(1_700_000_000)));
    assert_eq!(report.metadata.end, Some(Timestamp::from_unix_secs(1_700_086_399)));
    assert_eq!(report.records[0].source_ip, Some("192.0.2.7".parse().expect("an address")));
}

/// What is told of a line end or an escape never reaches a log or a terminal.
#[test]
fn texts_are_one_clean_line() {
    let xml = NEW.replace("two records", "two\r\n\t records&#10;\u{1B}[31m&#x1b;[0m\u{202E}\u{9B}31m");
    assert_eq!(aggregate(&only(xml.as_bytes())).metadata.errors, ["two records [31m[0m31m"]);
}

fn complete(schema: Schema) -> Aggregate {
    let period = (Timestamp::from_unix_secs(1_013_662_812), Timestamp::from_unix_secs(1_013_749_130));
    let metadata = Metadata::new("Receiver", "dmarc@receiver.example", "sample-ridtxt@example.com", period);
    let mut report = Aggregate::new(schema, metadata, PolicyPublished::new("example.com", Policy::None));
    let mut record = Record::new("192.0.2.1".parse().expect("an address"), 1, "example.com");
    (record.disposition, record.dkim, record.spf) = (Some(Disposition::None), Some(Aligned::Pass), Some(Aligned::Fail));
    record.dkim_results = vec![DkimResult::new("example.com", "s1", DkimOutcome::Pass)];
    record.spf_results = vec![SpfResult::new("example.net", SpfOutcome::None)];
    report.records = vec![record];
    report
}

/// A change that makes a report one that may not be written, and the element that is told.
type Refusal = (Schema, fn(&mut Aggregate), ComposeErrorKind, &'static str);

#[test]
fn writing_is_strict() {
    use ComposeErrorKind::{Forbidden, Missing, NotInSchema, TooLong, TooMany};
    let cases: &[Refusal] = &[
        (Schema::Rfc9990, |it| it.records.clear(), Missing, "record"),
        (Schema::Rfc9990, |it| it.metadata.org_name.clear(), Missing, "org_name"),
        (Schema::Rfc9990, |it| it.metadata.begin = None, Missing, "begin"),
        (Schema::Rfc9990, |it| it.policy.p = None, Missing, "p"),
        (Schema::Rfc9990, |it| it.records[0].source_ip = None, Missing, "source_ip"),
        (Schema::Rfc9990, |it| it.records[0].disposition = None, Missing, "disposition"),
        (Schema::Rfc9990, |it| it.records[0].dkim_results[0].selector = None, Missing, "selector"),
        (Schema::Rfc7489, |it| it.records[0].spf_results.clear(), Missing, "spf"),
        (Schema::Rfc9990, |it| it.policy.pct = Some(50), NotInSchema, "pct"),
        (Schema::Rfc7489, |it| it.policy.np = Some(Policy::None), NotInSchema, "np"),
        (Schema::Rfc7489, |it| it.policy.testing = Some(Testing::Yes), NotInSchema, "testing"),
        (Schema::Rfc7489, |it| it.metadata.generator = Some("g".to_owned()), NotInSchema, "generator"),
        (Schema::Rfc9990, |it| it.records[0].spf_results[0].scope = Some(SpfScope::Helo), NotInSchema, "scope"),
        (Schema::Rfc9990, |it| it.records[0].spf_results.push(SpfResult::default()), TooMany, "spf"),
        (Schema::Rfc9990, |it| it.records[0].header_from = "a\nb".to_owned(), Forbidden, "header_from"),
        (Schema::Rfc9990, |it| it.metadata.email = "a\u{0}".to_owned(), Forbidden, "email"),
        (Schema::Rfc9990, |it| it.metadata.email = "a".repeat(5000), TooLong, "email"),
    ];
    for (schema, change, kind, what) in cases {
        let mut report = complete(*schema);
        assert!(report.to_xml().is_ok());
        change(&mut report);
        let error = report.to_xml().expect_err(what);
        assert_eq!((error.kind(), error.what(), error.is_transient()), (*kind, *what, false), "{error}");
    }
}

/// The examples of RFC 9990, "Email".
#[test]
fn the_mail_has_the_subject_and_the_name_of_the_standard() {
    let report = complete(Schema::Rfc9990);
    let submitter = "mail.receiver.example".parse().expect("a domain");
    let name = report.file_name(&submitter).expect("complete");
    assert_eq!(name, "mail.receiver.example!example.com!1013662812!1013749130!sampleridtxtexamplecom.xml.gz");
    let mail = ReportMail::new(
        submitter,
        "dmarc@receiver.example".parse().expect("an address"),
        "rua@example.com".parse().expect("an address"),
        Timestamp::from_unix_secs(1_013_749_200),
        "1@receiver.example".parse().expect("a Message-ID"),
    );
    let octets = mail.aggregate(&report).expect("complete");
    let text = String::from_utf8(octets.clone()).expect("7-bit");
    assert!(text.contains(
        "\r\nSubject: Report Domain: example.com\r\n Submitter: mail.receiver.example\r\n \
         Report-ID: <sample-ridtxt@example.com>\r\n"
    ));
    assert!(text.contains("Content-Type: application/gzip;\r\n"));
    assert_eq!(octets, mail.aggregate(&report).expect("complete"), "the same octets");
    assert_eq!(only(&octets).name.as_deref(), name.strip_suffix(".gz"));

    let mut forged = report.clone();
    forged.metadata.report_id = "x>\u{20}Bcc: a@b".to_owned();
    assert_eq!(mail.aggregate(&forged).expect_err("no id").kind(), ComposeErrorKind::Forbidden);
    forged.metadata.report_id = "x".to_owned();
    forged.policy.domain = "example.com!x".to_owned();
    assert_eq!(mail.aggregate(&forged).expect_err("no domain").what(), "domain");
}

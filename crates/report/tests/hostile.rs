//! Input that wants to cost: bombs, nesting, lies about sizes. Everything on a stack of 256 KiB.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use posthaste_report::{Limits, ProblemKind, Reading, Report, Summary, read, read_with};

/// Runs on a small stack, so that recursion on what is read shows.
fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).expect("a thread").join().expect("it ends")
}

fn reading(octets: Vec<u8>) -> Reading {
    on_a_small_stack(move || read(&octets).expect("within the limit of the input"))
}

fn has(reading: &Reading, kind: ProblemKind) -> bool {
    reading.problems.has(kind) || reading.documents.iter().any(|document| document.problems.has(kind))
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(octets).expect("a Vec");
    encoder.finish().expect("a Vec")
}

fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(octets).expect("a Vec");
    encoder.finish().expect("a Vec")
}

fn crc(octets: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(octets);
    crc.sum()
}

/// An archive, its entries by name and content. `claim` is the size that it claims, in zip64 form if that is needed.
fn zip(entries: &[(&str, &[u8])], claim: Option<u64>) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let data = deflate(content);
        let size = claim.unwrap_or(content.len() as u64);
        let narrow = u32::try_from(size).unwrap_or(u32::MAX);
        let extra = if narrow == u32::MAX { [&[1, 0, 8, 0][..], &size.to_le_bytes()].concat() } else { Vec::new() };
        let at = out.len() as u32;
        let common = [
            &[20, 0, 0, 0, 8, 0, 0, 0, 0, 0][..],
            &crc(content).to_le_bytes(),
            &(data.len() as u32).to_le_bytes(),
            &narrow.to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
            &(extra.len() as u16).to_le_bytes(),
        ]
        .concat();
        out.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &extra, &data].concat());
        directory
            .extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &at.to_le_bytes(), name.as_bytes(), &extra].concat());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let (size, at) = ((directory.len() as u32).to_le_bytes(), (out.len() as u32).to_le_bytes());
    out.extend(&directory);
    out.extend([&b"PK\x05\x06"[..], &[0; 4], &count, &count, &size, &at, &[0; 2]].concat());
    out
}

const RECORD: &str = "<record><row><source_ip>192.0.2.1</source_ip><count>1</count><policy_evaluated>\
    <disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row><identifiers>\
    <header_from>example.com</header_from></identifiers><auth_results/></record>";

fn report(records: &str) -> String {
    format!(
        "<feedback><report_metadata><org_name>o</org_name><email>e</email><report_id>r</report_id><date_range><begin>1</begin>\
         <end>2</end></date_range></report_metadata><policy_published><domain>example.com</domain><p>none</p>\
         </policy_published>{records}</feedback>"
    )
}

fn records_of(reading: &Reading) -> usize {
    reading.reports().map(|report| if let Report::Aggregate(report) = report { report.records.len() } else { 0 }).sum()
}

#[test]
fn archives_are_read_as_made() {
    let xml = report(RECORD);
    for octets in [xml.clone().into_bytes(), gzip(xml.as_bytes()), zip(&[("a.xml", xml.as_bytes())], None)] {
        assert!(reading(octets.clone()).is_sound(), "{:?}", reading(octets));
    }
    let two = reading(zip(&[("a.xml", xml.as_bytes()), ("dir/", b""), ("b/c.xml", xml.as_bytes())], None));
    assert_eq!(two.documents.iter().map(|it| it.name.as_deref()).collect::<Vec<_>>(), [Some("a.xml"), Some("c.xml")]);
    let nested = reading(gzip(&zip(&[("a.xml.gz", &gzip(xml.as_bytes()))], None)));
    assert!(nested.is_sound() && nested.documents[0].name.as_deref() == Some("a.xml"), "{nested:?}");
}

#[test]
fn a_gzip_bomb_is_cut() {
    let mut bomb = report(RECORD).into_bytes();
    bomb.resize(200 << 20, b' ');
    let bomb = gzip(&bomb);
    assert!(bomb.len() < 1 << 20);
    let reading = reading(bomb);
    assert!(has(&reading, ProblemKind::Inflated));
    // What came before the limit is read.
    assert_eq!((records_of(&reading), reading.documents[0].size), (1, Limits::default().inflated));
}

#[test]
fn a_zip_bomb_is_cut_whatever_size_it_claims() {
    let bomb = vec![b' '; 100 << 20];
    for claim in [None, Some(10), Some(u64::from(u32::MAX)), Some(1 << 40), Some(u64::MAX)] {
        let reading = reading(zip(&[("a.xml", &bomb)], claim));
        assert!(has(&reading, ProblemKind::Inflated), "{claim:?}: {reading:?}");
    }
    // A size that lies of little costs nothing, and is told.
    let xml = report(RECORD);
    for claim in [0, 1, u64::MAX] {
        let reading = reading(zip(&[("a.xml", xml.as_bytes())], Some(claim)));
        assert!(has(&reading, ProblemKind::Damaged) && records_of(&reading) == 1, "{claim}: {reading:?}");
    }
}

#[test]
fn many_bombs_share_one_limit() {
    let bomb = vec![b' '; 30 << 20];
    let entries: Vec<(&str, &[u8])> = vec![("a.xml", &bomb); 100];
    let reading = reading(zip(&entries, None));
    let total: usize = reading.documents.iter().map(|document| document.size).sum();
    assert!(total <= Limits::default().inflated && has(&reading, ProblemKind::Inflated));
}

#[test]
fn archives_within_archives_end() {
    let mut inner = report(RECORD).into_bytes();
    for _ in 0..50 {
        inner = gzip(&inner);
    }
    assert!(has(&reading(inner), ProblemKind::Nesting));
    let mut inner = report(RECORD).into_bytes();
    for _ in 0..50 {
        inner = zip(&[("a.zip", &inner)], None);
    }
    assert!(has(&reading(inner), ProblemKind::Nesting));
    // One that contains many, each of which contains many.
    let xml = report(RECORD);
    let entries: Vec<(&str, &[u8])> = vec![("a.xml", xml.as_bytes()); 100];
    let many = zip(&entries, None);
    let entries: Vec<(&str, &[u8])> = vec![("a.zip", &many); 100];
    let reading = reading(zip(&entries, None));
    assert!(has(&reading, ProblemKind::Entries) && reading.documents.len() <= Limits::default().entries);
}

#[test]
fn damaged_archives_give_what_can_be_read() {
    let xml = report(&RECORD.repeat(500));
    let packed = gzip(xml.as_bytes());
    let cut = reading(packed[..packed.len() / 2].to_vec());
    assert!(has(&cut, ProblemKind::Truncated) && records_of(&cut) > 0, "{:?}", cut.problems);
    let mut wrong = packed.clone();
    let last = wrong.len() - 6;
    wrong[last] ^= 1;
    let wrong = reading(wrong);
    assert!(has(&wrong, ProblemKind::Damaged) && records_of(&wrong) == 500);
    let trailing = reading([&packed[..], b"\0\0\0\0junk"].concat());
    assert_eq!(records_of(&trailing), 500);

    let packed = zip(&[("a.xml", xml.as_bytes())], None);
    for end in [packed.len() - 1, packed.len() - 30, packed.len() - 100, packed.len() / 2] {
        let cut = reading(packed[..end].to_vec());
        assert!(has(&cut, ProblemKind::Damaged) && records_of(&cut) > 0, "{end}: {:?}", cut.problems);
    }
    let mut encrypted = packed.clone();
    encrypted[6] |= 1;
    let flags = encrypted.windows(4).position(|it| it == b"PK\x01\x02").expect("a directory") + 8;
    encrypted[flags] |= 1;
    assert!(has(&reading(encrypted), ProblemKind::Unsupported));
}

#[test]
fn every_cut_and_many_flips_are_typed() {
    let xml = report(RECORD);
    on_a_small_stack(move || {
        for octets in [xml.clone().into_bytes(), gzip(xml.as_bytes()), zip(&[("a.xml", xml.as_bytes())], None)] {
            for end in 0..octets.len() {
                let reading = read(&octets[..end]).expect("small");
                assert!(!reading.is_sound(), "{end} of {}", octets.len());
                let mut flipped = octets.clone();
                flipped[end] ^= 1 << (end % 8);
                let _ = read(&flipped).expect("small");
            }
        }
    });
}

#[test]
fn entities_are_not_expanded() {
    let bomb = "<!DOCTYPE feedback [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">\
         <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    let xml = report(&RECORD.replace("example.com", "a&c;&x;&amp;&#x62;&#0;&#1114112;.example"))
        .replace("<org_name>o", "<org_name>&c;");
    let reading = reading(format!("{bomb}{xml}").into_bytes());
    assert!(has(&reading, ProblemKind::Doctype) && has(&reading, ProblemKind::Entity), "{reading:?}");
    let Some(Report::Aggregate(report)) = reading.reports().next() else { panic!("a report") };
    assert_eq!(report.records[0].header_from, "a&b.example");
    assert!(report.metadata.org_name.is_empty());
}

#[test]
fn a_million_attributes_cost_one_look() {
    let attributes: String = (0..1_000_000).map(|index| format!(" a{index}=\"{index}\"")).collect();
    let xml = report(RECORD).replacen("<feedback>", &format!("<feedback{attributes}>"), 1);
    let reading = reading(xml.into_bytes());
    assert!(has(&reading, ProblemKind::Attributes) && records_of(&reading) == 1);
    let same = " a=\"1\"".repeat(1_000_000);
    let xml = report(&RECORD.replacen("<row>", &format!("<row{same}>"), 1));
    assert_eq!(records_of(&self::reading(xml.into_bytes())), 1);
}

#[test]
fn deep_nesting_is_cut() {
    for open in ["<a>", "<feedback>", "<a><row>", "<e:record>"] {
        let deep = open.repeat(500_000);
        let reading = reading(report(&format!("{RECORD}{deep}")).into_bytes());
        assert!(has(&reading, ProblemKind::Depth), "{open}");
        assert!(records_of(&reading) >= 1);
    }
    for open in ["[", "{\"a\":", "{\"policies\":[", "{\"policies\":[{\"policy\":"] {
        let reading = reading(format!("{{\"report-id\":\"x\",\"a\":{}", open.repeat(500_000)).into_bytes());
        assert!(has(&reading, ProblemKind::Depth), "{open}");
    }
    let mails = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    assert!(!reading(mails.into_bytes()).is_sound());
}

/// What must be searched for its end is not searched for again and again.
#[test]
fn time_follows_the_size() {
    let pieces = [
        "<",
        "<<a>",
        "&",
        "&a",
        "</",
        "</a>",
        "<!",
        "<!--",
        "<!-- <record>",
        "<![CDATA[",
        "<?",
        "<!DOCTYPE [",
        "<a b='",
        "<record",
        "<record>",
        "<record a=\"",
        "]]>",
        "<record><row><count>",
        "<reason><type>x</type></reason>",
    ];
    for piece in pieces {
        let reading = reading(report(&format!("{RECORD}{}", piece.repeat((1 << 20) / piece.len()))).into_bytes());
        assert_eq!(reading.documents.len(), 1, "{piece}");
    }
    for piece in ["{", "[", "\"", "\\", "\"a\":\"", "1", "{\"a\":[", "\"\\u", "-", "{}"] {
        let json = format!("{{\"report-id\":\"x\",\"policies\":[{}", piece.repeat((1 << 20) / piece.len()));
        assert_eq!(reading(json.into_bytes()).documents.len(), 1, "{piece}");
    }
    for piece in
        ["a: b\r\n", "\r\n\r\n", "--x\r\n", "--x\r\nContent-Type: message/feedback-report\r\n\r\n", "PK\x03\x04"]
    {
        let mail =
            format!("Content-Type: multipart/mixed; boundary=x\r\n\r\n{}", piece.repeat((1 << 20) / piece.len()));
        assert!(!reading(mail.into_bytes()).is_sound(), "{piece}");
        let zip = format!("PK\x03\x04{}", piece.repeat((1 << 20) / piece.len()));
        assert!(!reading(zip.into_bytes()).is_sound(), "{piece}");
    }
}

#[test]
fn small_elements_do_not_become_large_lists() {
    let limits = Limits::default();
    let reading =
        reading(report(&"<record><row><count>1</count></row></record>".repeat(limits.records + 1000)).into_bytes());
    assert!(has(&reading, ProblemKind::Records) && records_of(&reading) == limits.records);
    let inner = "<dkim/>".repeat(limits.items + 1000);
    let xml = report(&RECORD.replace("<auth_results/>", &format!("<auth_results>{inner}</auth_results>")));
    assert!(has(&self::reading(xml.into_bytes()), ProblemKind::Items));
    let json = format!("{{\"report-id\":\"x\",\"policies\":[{}]}}", vec!["{}"; limits.items + 1000].join(","));
    assert!(has(&self::reading(json.into_bytes()), ProblemKind::Items));
    let problems = self::reading(report(&"<record/>".repeat(100_000)).into_bytes());
    assert!(problems.documents[0].problems.iter().len() <= limits.problems + 5);
    assert!(problems.documents[0].problems.omitted() > 99_000);
}

#[test]
fn long_texts_are_cut() {
    let long = "x".repeat(10 << 20);
    let reading = reading(report(&RECORD.replace("example.com", &long)).into_bytes());
    assert!(has(&reading, ProblemKind::TooLong));
    let Some(Report::Aggregate(report)) = reading.reports().next() else { panic!("a report") };
    assert_eq!(report.records[0].header_from.len(), Limits::default().text);
}

#[test]
fn what_is_too_large_is_the_only_error() {
    let mut limits = Limits::default();
    limits.input = 10;
    let error = read_with(&[b' '; 11], &limits).expect_err("too large");
    assert_eq!((error.size(), error.limit(), error.is_transient()), (11, 10, false));
    assert!(read_with(&[b' '; 10], &limits).is_ok());
}

/// A report of ever new senders does not grow the summary without end, and the large senders stay.
#[test]
fn a_summary_is_bounded() {
    let mut summary = Summary::new();
    let mut expected = 0;
    for part in 0..4_u32 {
        let mut records = RECORD
            .replace("<count>1<", "<count>1000000<")
            .replace("192.0.2.1", "198.51.100.7")
            .replace(">pass<", ">fail<");
        expected += 1_000_000;
        for index in 0..50_000_u32 {
            let [_, b, c, d] = (part * 50_000 + index).to_be_bytes();
            records
                .push_str(&RECORD.replace("192.0.2.1", &format!("{}.{c}.{d}.1", b + 11)).replace(">pass<", ">fail<"));
            expected += 1;
        }
        let xml = report(&records).replace("<report_id>r", &format!("<report_id>{part}"));
        for report in reading(xml.into_bytes()).reports() {
            summary.add(report);
        }
    }
    let domain = summary.domains().next().expect("a domain");
    let senders = domain.senders();
    assert!(senders.len() <= 5000, "{}", senders.len());
    assert_eq!(senders[0].name.to_string(), "198.51.100.0/24");
    let sum: u64 = senders.iter().map(|sender| sender.counts.messages).sum::<u64>() + domain.rest.messages;
    assert_eq!((sum, domain.counts.messages), (expected, expected));
}

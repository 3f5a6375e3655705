//! A report that is composed by the standard (RFC 3464) is read back equal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_bounce::{Format, ReportKind, read};

fuzz_target!(|seed: &[u8]| {
    let recipients: Vec<Recipient> = seed.chunks(6).take(20).map(Recipient::of).collect();
    if recipients.is_empty() {
        return;
    }
    let mut raw = String::from(HEAD);
    for recipient in &recipients {
        let Recipient { local, action, class, code, .. } = recipient;
        raw += &format!("\r\nFinal-Recipient: rfc822; {local}@example.org\r\nAction: {}\r\n", action.0);
        raw += &format!("Status: {class}.{}.{}\r\n", recipient.subject, recipient.detail);
        raw += &format!("Diagnostic-Code: smtp; {code} {class}.{}.{} said\r\n", recipient.subject, recipient.detail);
    }
    raw += "\r\n--x--\r\n";
    let reading = read(raw.as_bytes()).expect("within the limits");
    assert_eq!((reading.format(), reading.recipients().len()), (Format::DeliveryStatus, recipients.len()));
    assert_eq!(reading.reporting_mta(), Some("mx.example.org"));
    assert!(reading.defects().is_empty(), "{:?}", reading.defects());
    for (found, made) in reading.recipients().iter().zip(&recipients) {
        assert_eq!(found.address.as_str(), format!("{}@example.org", made.local));
        assert_eq!(
            (found.kind, found.reported_action.map(|action| action.as_str())),
            (made.action.1, Some(made.action.0))
        );
        let status = found.status.map(|status| (status.class(), status.subject(), status.detail()));
        assert_eq!(status, Some((made.class, made.subject, made.detail)));
        assert_eq!(found.reply.as_ref().map(|reply| reply.code()), Some(made.code));
        let at = found.said_at.clone().expect("nothing had to be decoded");
        assert!(raw[at].starts_with(&format!("smtp; {} ", made.code)));
    }
});

struct Recipient {
    local: String,
    action: (&'static str, ReportKind),
    class: u8,
    subject: u16,
    detail: u16,
    code: u16,
}

impl Recipient {
    fn of(seed: &[u8]) -> Self {
        let at = |place: usize| seed.get(place).copied().unwrap_or_default();
        let action = ACTIONS[usize::from(at(0)) % ACTIONS.len()];
        let class = match action.1 {
            ReportKind::Bounce => 5,
            ReportKind::Delay => 4,
            _ => 2,
        };
        Self {
            local: format!("r{}.{}", at(1), at(2)),
            action,
            class,
            subject: u16::from(at(3) % 8),
            detail: u16::from(at(4)),
            code: u16::from(class) * 100 + u16::from(at(5) % 60),
        }
    }
}

const ACTIONS: &[(&str, ReportKind)] = &[
    ("failed", ReportKind::Bounce),
    ("delayed", ReportKind::Delay),
    ("delivered", ReportKind::Delivered),
    ("relayed", ReportKind::Relayed),
    ("expanded", ReportKind::Expanded),
];

const HEAD: &str = "Return-Path: <>\r\nFrom: MAILER-DAEMON@example.org\r\nTo: ada@example.com\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n\r\nIt says.\r\n--x\r\n\
    Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n";

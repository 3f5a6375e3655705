//! Version 4: the core of every report, and the types of messaging.

use posthaste_types::{Address, Text, Timestamp};
use serde_json::Value;

use super::format::{
    is_date_time, is_digest, is_email, is_hostname, is_language, is_tag, is_uri, is_uuid, is_version_4,
};
use super::shape::{self, Others, Rule, Shape, TEXT};
use super::{Sample, Version, Xarf, XarfError, XarfErrorKind, text};

const EMAIL: Rule = Rule::Form(is_email, "an email address");

const CORE: Shape = Shape {
    members: &[
        ("xarf_version", Rule::Form(is_version_4, "a version 4")),
        ("report_id", Rule::Form(is_uuid, "a UUID")),
        ("timestamp", Rule::Form(is_date_time, "a date of RFC 3339")),
        ("reporter", Rule::Object(&CONTACT)),
        ("sender", Rule::Object(&CONTACT)),
        ("source_identifier", TEXT),
        ("source_port", Rule::Whole(1, 65_535, "a port")),
        ("category", Rule::Word(&CATEGORIES, "a category of XARF")),
        ("type", TEXT),
        ("evidence_source", TEXT),
        ("evidence", Rule::List { of: &Rule::Object(&EVIDENCE), least: 0, most: 50 }),
        ("tags", Rule::List { of: &Rule::Form(is_tag, "a tag with its namespace"), least: 0, most: 20 }),
        ("confidence", Rule::Number(0.0, 1.0, "a number from 0 to 1")),
        ("description", Rule::Text { least: 0, most: 1000 }),
        ("legacy_version", Rule::Word(&["3"], "3")),
        ("_internal", Rule::Map(&Rule::Any)),
    ],
    required: &[
        "xarf_version",
        "report_id",
        "timestamp",
        "reporter",
        "sender",
        "source_identifier",
        "category",
        "type",
    ],
    others: Others::Allowed,
};

const CATEGORIES: [&str; 7] =
    ["messaging", "content", "copyright", "connection", "vulnerability", "infrastructure", "reputation"];

const CONTACT: Shape = Shape {
    members: &[
        ("org", Rule::Text { least: 0, most: 200 }),
        ("contact", EMAIL),
        ("domain", Rule::Form(is_hostname, "a host name")),
    ],
    required: &["org", "contact", "domain"],
    others: Others::Refused,
};

const EVIDENCE: Shape = Shape {
    members: &[
        ("content_type", TEXT),
        ("description", Rule::Text { least: 0, most: 500 }),
        ("payload", TEXT),
        ("hash", Rule::Form(is_digest, "a digest with its algorithm")),
        ("size", Rule::Whole(0, 5_242_880, "a number of octets up to 5 MiB")),
    ],
    required: &["content_type", "payload"],
    others: Others::Refused,
};

const SPAM: Shape = Shape {
    members: &[
        ("protocol", Rule::Word(&PROTOCOLS, "a protocol of messages")),
        ("smtp_from", EMAIL),
        ("smtp_to", EMAIL),
        ("subject", Rule::Text { least: 0, most: 500 }),
        ("sender_name", Rule::Text { least: 0, most: 200 }),
        ("message_id", Rule::Text { least: 0, most: 200 }),
        ("user_agent", Rule::Text { least: 0, most: 200 }),
        ("recipient_count", Rule::Whole(1, i64::MAX, "a number of recipients")),
        ("language", Rule::Form(is_language, "a language")),
        ("spam_indicators", Rule::Object(&INDICATORS)),
    ],
    required: &["protocol"],
    others: Others::Allowed,
};

const BULK: Shape = Shape {
    members: &[
        ("protocol", Rule::Word(&BULK_PROTOCOLS, "a protocol of bulk messages")),
        ("smtp_from", EMAIL),
        ("subject", Rule::Text { least: 0, most: 500 }),
        ("sender_name", Rule::Text { least: 0, most: 200 }),
        ("recipient_count", Rule::Whole(100, i64::MAX, "a number of recipients from 100")),
        ("unsubscribe_provided", Rule::Truth),
        ("opt_in_evidence", Rule::Truth),
        ("bulk_indicators", Rule::Object(&BULK_INDICATORS)),
    ],
    required: &["protocol", "recipient_count"],
    others: Others::Allowed,
};

const PROTOCOLS: [&str; 9] =
    ["smtp", "sms", "whatsapp", "telegram", "signal", "chat", "social_media", "push_notification", "other"];
const BULK_PROTOCOLS: [&str; 7] = ["smtp", "sms", "whatsapp", "telegram", "social_media", "push_notification", "other"];

const INDICATORS: Shape = Shape {
    members: &[
        ("suspicious_links", Rule::List { of: &Rule::Form(is_uri, "a URI"), least: 0, most: usize::MAX }),
        ("commercial_content", Rule::Truth),
        ("bulk_characteristics", Rule::Truth),
    ],
    required: &[],
    others: Others::Refused,
};

const BULK_INDICATORS: Shape = Shape {
    members: &[("high_volume", Rule::Truth), ("template_based", Rule::Truth), ("commercial_sender", Rule::Truth)],
    required: &[],
    others: Others::Refused,
};

const SMTP: Shape = Shape { members: &[], required: &["smtp_from", "source_port"], others: Others::Allowed };

pub(super) fn read(value: &Value) -> Result<Xarf, XarfError> {
    let of = |name: &str| value.get(name).and_then(Value::as_str);
    if !of("xarf_version").is_some_and(is_version_4) {
        return Err(XarfError::new(XarfErrorKind::Version, "xarf_version"));
    }
    shape::check(value, &CORE, "")?;
    if of("category") == Some("messaging") {
        match of("type") {
            Some("spam") => shape::check(value, &SPAM, "")?,
            Some("bulk_messaging") => shape::check(value, &BULK, "")?,
            _ => return Err(XarfError::new(XarfErrorKind::UnknownType, "type")),
        }
        if of("protocol") == Some("smtp") {
            shape::check(value, &SMTP, "")?;
        }
    }
    let date: Timestamp = of("timestamp")
        .and_then(|it| it.parse().ok())
        .ok_or_else(|| XarfError::new(XarfErrorKind::Missing, "timestamp"))?;
    Ok(xarf(value, date))
}

fn xarf(value: &Value, date: Timestamp) -> Xarf {
    let of = |name: &str| value.get(name).and_then(Value::as_str);
    let address = |text: Option<&str>| text.and_then(|it| Address::parse(it).ok());
    let who = value.get("reporter").unwrap_or(&Value::Null);
    let source_ip = of("source_identifier").and_then(|it| it.parse().ok());
    Xarf {
        version: Version::V4,
        class: text(value, "category").unwrap_or_default(),
        report_type: text(value, "type").unwrap_or_default(),
        subtype: None,
        case_id: text(value, "report_id"),
        reporter: text(who, "org"),
        reporter_email: address(who.get("contact").and_then(Value::as_str)),
        date,
        first_seen: None,
        source_ip,
        source_port: value.get("source_port").and_then(Value::as_u64).and_then(|it| it.try_into().ok()),
        source: of("source_identifier").filter(|_| source_ip.is_none()).map(Text::lossy),
        mail_from: address(of("smtp_from")),
        rcpt_to: address(of("smtp_to")),
        samples: value.get("evidence").and_then(Value::as_array).into_iter().flatten().map(Sample::v4).collect(),
    }
}

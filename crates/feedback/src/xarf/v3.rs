//! Version 3: which schema a report has, and its reading.

use posthaste_types::{Address, Timestamp};
use serde_json::Value;

use super::shape::{self, Shape};
use super::{Sample, Version, Xarf, XarfError, XarfErrorKind, text, v3_parts as parts};

/// The schema of one type.
struct Schema {
    class: &'static str,
    name: &'static str,
    base: Base,
    parts: &'static [&'static Shape],
}

/// What a report is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Ip,
    IpOrUrl,
    Account,
}

const fn schema(class: &'static str, name: &'static str, base: Base, parts: &'static [&'static Shape]) -> Schema {
    Schema { class, name, base, parts }
}

use parts::{
    ATTACKER, BOTNET, COMMON, COPYRIGHT, CVE, DESTINATION, FILE, HARASSMENT, MAIL, MALWARE, NAMED_SERVICE, PASSWORD,
    PROTOCOL, RPZ, SERVICE, TRADEMARK, TRAFFIC, URL_GIVEN,
};

static SCHEMAS: [Schema; 16] = [
    schema("Activity", "DOS", Base::Ip, &[&DESTINATION, &TRAFFIC, &COMMON]),
    schema("Activity", "Exploit", Base::Ip, &[&PROTOCOL, &CVE, &DESTINATION, &SERVICE, &COMMON]),
    schema("Activity", "Harassment", Base::IpOrUrl, &[&HARASSMENT, &COMMON]),
    schema("Activity", "LoginAttack", Base::Ip, &[&DESTINATION, &TRAFFIC, &COMMON]),
    schema("Activity", "Malware", Base::Ip, &[&RPZ]),
    schema("Activity", "PortScan", Base::Ip, &[&DESTINATION, &TRAFFIC, &COMMON]),
    schema("Activity", "PotentiallyCompromisedAccount", Base::Account, &[&ATTACKER, &DESTINATION, &COMMON, &PASSWORD]),
    schema("Activity", "Spam", Base::Ip, &[&DESTINATION, &COMMON, &MAIL]),
    schema("Activity", "WebCrawler", Base::IpOrUrl, &[&COMMON]),
    schema("Content", "Botnet", Base::IpOrUrl, &[&BOTNET, &COMMON]),
    schema("Content", "ChildAbuse", Base::IpOrUrl, &[]),
    schema("Content", "Copyright", Base::IpOrUrl, &[&COPYRIGHT, &FILE]),
    schema("Content", "Malware", Base::IpOrUrl, &[&MALWARE, &COMMON]),
    schema("Content", "Phishing", Base::IpOrUrl, &[&URL_GIVEN, &COMMON]),
    schema("Content", "Trademark", Base::IpOrUrl, &[&TRADEMARK]),
    schema("Vulnerability", "OpenService", Base::Ip, &[&PROTOCOL, &SERVICE, &NAMED_SERVICE, &COMMON]),
];

pub(super) fn read(value: &Value) -> Result<Xarf, XarfError> {
    if value.get("Version").and_then(Value::as_str) != Some("3") {
        return Err(XarfError::new(XarfErrorKind::Version, "Version"));
    }
    shape::check(value, &parts::DOCUMENT, "")?;
    for (name, prefix) in [("ReporterInfo", "Reporter"), ("OnBehalfOf", "Complainant")] {
        if let Some(who) = value.get(name) {
            parts::is_institution_complete(who, name, prefix)?;
        }
    }
    let report = value.get("Report").unwrap_or(&Value::Null);
    let schema = schema_of(report)?;
    check(report, schema)?;
    xarf(value, report)
}

fn schema_of(report: &Value) -> Result<&'static Schema, XarfError> {
    let is = |name: &str, wanted: &str| report.get(name).and_then(Value::as_str) == Some(wanted);
    let found = SCHEMAS.iter().find(|schema| is("ReportClass", schema.class) && is("ReportType", schema.name));
    let found = found.ok_or_else(|| XarfError::new(XarfErrorKind::UnknownType, "Report.ReportType"))?;
    // A look-up that a response policy zone rewrote is the only malware that is an activity.
    let is_rewrite = report.get("ReportSubType").is_none_or(|it| it.as_str() == Some("RPZ-Rewrite"));
    match (found.class, found.name) {
        ("Activity", "Malware") if !is_rewrite => {
            Err(XarfError::new(XarfErrorKind::UnknownType, "Report.ReportSubType"))
        }
        _ => Ok(found),
    }
}

fn check(report: &Value, schema: &Schema) -> Result<(), XarfError> {
    match schema.base {
        Base::Ip => shape::check(report, &parts::BY_IP, "Report")?,
        Base::IpOrUrl => {
            shape::check(report, &parts::BY_EITHER, "Report")?;
            parts::has_ip_or_url(report)?;
        }
        Base::Account => account(report)?,
    }
    for part in schema.parts {
        shape::check(report, part, "Report")?;
    }
    match report.get("CVSS") {
        Some(cvss) if schema.name == "Exploit" => super::cvss::check(cvss, "Report.CVSS"),
        _ => Ok(()),
    }
}

/// A report about an account names nobody else: where the attack came from has members of its own.
fn account(report: &Value) -> Result<(), XarfError> {
    shape::check(report, &parts::ACCOUNT, "Report")?;
    if report.get("Account").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
        return Err(XarfError::new(XarfErrorKind::Value("an account"), "Report.Account"));
    }
    if shape::check(report, &parts::BY_EITHER, "Report").is_ok() && parts::has_ip_or_url(report).is_ok() {
        let name = if report.get("SourceIp").is_some() { "Report.SourceIp" } else { "Report.SourceUrl" };
        return Err(XarfError::new(XarfErrorKind::Unexpected, name));
    }
    Ok(())
}

fn xarf(value: &Value, report: &Value) -> Result<Xarf, XarfError> {
    let who = value.get("ReporterInfo").unwrap_or(&Value::Null);
    let address = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).and_then(|it| Address::parse(it).ok());
    let moment = |name: &str| report.get(name).and_then(Value::as_str).and_then(|it| it.parse::<Timestamp>().ok());
    let samples = report.get("Samples").and_then(Value::as_array).into_iter().flatten();
    Ok(Xarf {
        version: Version::V3,
        class: text(report, "ReportClass").unwrap_or_default(),
        report_type: text(report, "ReportType").unwrap_or_default(),
        subtype: text(report, "ReportSubType"),
        case_id: text(report, "ReporterCaseID"),
        reporter: text(who, "ReporterOrg").or_else(|| text(who, "ReporterContactName")),
        reporter_email: address(who, "ReporterOrgEmail").or_else(|| address(who, "ReporterContactEmail")),
        date: moment("Date").ok_or_else(|| XarfError::new(XarfErrorKind::Missing, "Report.Date"))?,
        first_seen: moment("FirstSeen"),
        source_ip: report.get("SourceIp").and_then(Value::as_str).and_then(|it| it.parse().ok()),
        source_port: report.get("SourcePort").and_then(Value::as_u64).and_then(|it| it.try_into().ok()),
        source: text(report, "SourceUrl"),
        mail_from: address(report, "SmtpMailFromAddress"),
        rcpt_to: address(report, "SmtpRcptToAddress"),
        samples: samples.map(Sample::v3).collect(),
    })
}

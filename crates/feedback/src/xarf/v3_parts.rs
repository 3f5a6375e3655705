//! The parts of which the schemas of version 3 are put together (`xarf_shared.schema.json`).

use serde_json::Value;

use super::format::{is_cve, is_date_time, is_email, is_hostname, is_ip, is_uri};
use super::shape::{self, Others, Rule, Shape, TEXT};
use super::{XarfError, XarfErrorKind};

pub(super) const IP: Rule = Rule::Form(is_ip, "an IP address");
pub(super) const URI: Rule = Rule::Form(is_uri, "a URI");
pub(super) const HOSTNAME: Rule = Rule::Form(is_hostname, "a host name");
const DATE_TIME: Rule = Rule::Form(is_date_time, "a date of RFC 3339");
const EMAIL: Rule = Rule::Form(is_email, "an email address");
const NAME: Rule = Rule::Text { least: 3, most: usize::MAX };
const PORT: Rule = Rule::Whole(0, 65_535, "a port");
const PORTS: Rule = Rule::Either(&PORT, &Rule::List { of: &PORT, least: 0, most: usize::MAX });
const ASN: Rule = Rule::Whole(1, 4_199_999_999, "the number of an autonomous system");
const COUNT: Rule = Rule::Whole(i64::MIN, i64::MAX, "a whole number");
const WHO: Rule = Rule::Word(&["Org", "Person"], "Org or Person");

const fn open(members: &'static [(&'static str, Rule)], required: &'static [&'static str]) -> Shape {
    Shape { members, required, others: Others::Allowed }
}

/// The document itself.
pub(super) const DOCUMENT: Shape = open(
    &[
        ("ReporterInfo", Rule::Object(&REPORTER)),
        ("OnBehalfOf", Rule::Object(&COMPLAINANT)),
        ("Disclosure", Rule::Truth),
        ("InternalProcessing", Rule::Object(&INTERNAL)),
        ("Report", Rule::Object(&REPORT)),
    ],
    &["Disclosure", "ReporterInfo", "Report"],
);

const REPORTER: Shape = Shape {
    members: &[
        ("ReporterType", WHO),
        ("ReporterOrg", NAME),
        ("ReporterOrgDomain", HOSTNAME),
        ("ReporterOrgEmail", EMAIL),
        ("ReporterOrgAddress", TEXT),
        ("ReporterContactEmail", EMAIL),
        ("ReporterContactName", NAME),
        ("ReporterContactPhone", NAME),
    ],
    required: &[],
    others: Others::Refused,
};

const COMPLAINANT: Shape = open(
    &[
        ("ComplainantType", WHO),
        ("ComplainantOrg", NAME),
        ("ComplainantOrgDomain", HOSTNAME),
        ("ComplainantOrgEmail", EMAIL),
        ("ComplainantContactEmail", EMAIL),
        ("ComplainantContactName", NAME),
        ("ComplainantContactPhone", NAME),
    ],
    &[],
);

const INTERNAL: Shape = open(
    &[
        ("SubscriberInformation", Rule::Object(&open(&[("ID", TEXT), ("SubscriberData", TEXTS)], &[]))),
        ("ContractInformation", Rule::Object(&open(&[("ID", TEXT), ("ResolverData", TEXTS)], &[]))),
        ("EventTags", Rule::List { of: &TEXT, least: 0, most: usize::MAX }),
    ],
    &[],
);
const TEXTS: Rule = Rule::Map(&TEXT);

/// What every report has.
pub(super) const REPORT: Shape = open(
    &[
        ("ReportClass", Rule::Word(&["Content", "Activity", "Vulnerability"], "Content, Activity or Vulnerability")),
        ("ReportType", Rule::Text { least: 1, most: usize::MAX }),
        ("ReportSubType", TEXT),
        ("ReporterCaseID", TEXT),
        ("ReporterSeverity", Rule::Word(&["low", "medium", "high"], "low, medium or high")),
        ("ReporterNotes", TEXT),
        ("Custom", Rule::Map(&Rule::Either(&TEXT, &COUNT))),
        ("Date", DATE_TIME),
        ("FirstSeen", DATE_TIME),
    ],
    &["ReportClass", "ReportType", "Date"],
);

/// A report about an address.
pub(super) const BY_IP: Shape = open(&[("SourceIp", IP), ("SourcePort", PORT), ("ASN", ASN)], &["SourceIp"]);
/// A report about an address or a URL, as far as both have it.
pub(super) const BY_EITHER: Shape = open(&[("SourcePort", PORT)], &[]);
const IP_ALONE: Shape = open(&[("SourceIp", IP), ("ASN", ASN)], &["SourceIp"]);
const URL_ALONE: Shape = open(&[("SourceUrl", URI)], &["SourceUrl"]);

pub(super) const COMMON: Shape = open(
    &[
        ("Ongoing", Rule::Truth),
        ("ThreatActor", TEXT),
        ("Samples", Rule::List { of: &SAMPLE, least: 1, most: usize::MAX }),
    ],
    &[],
);
const SAMPLE: Rule = Rule::Either(&Rule::Object(&SHOWN), &Rule::Object(&FILE));
const SHOWN: Shape = open(
    &[("ContentType", TEXT), ("Base64Encoded", Rule::Truth), ("Description", TEXT), ("Payload", TEXT)],
    &["ContentType", "Payload"],
);

pub(super) const FILE: Shape = open(
    &[
        ("FileName", TEXT),
        ("FileSize", Rule::Whole(0, i64::MAX, "a number of octets")),
        ("FileHash", Rule::Object(&HASH)),
    ],
    &["FileName"],
);
const HASH: Shape = open(
    &[
        ("HashValue", TEXT),
        ("HashAlgorithm", Rule::Word(&HASHES, "an algorithm of digests")),
        ("HashComplete", Rule::Truth),
    ],
    &["HashValue", "HashAlgorithm"],
);
const HASHES: [&str; 10] =
    ["sha1", "sha2", "sha3", "sha256", "sha512", "md5", "argon2id", "scrypt", "bcrypt", "pbkdf2"];
pub(super) const PASSWORD: Shape = open(&[("PasswordHash", Rule::Object(&HASH))], &[]);

pub(super) const DESTINATION: Shape = open(&[("DestinationIp", IP), ("DestinationPort", PORTS)], &[]);
pub(super) const ATTACKER: Shape = open(&[("AttackerIp", IP), ("AttackerPort", PORTS)], &[]);
pub(super) const TRAFFIC: Shape = open(&[("ByteCount", COUNT), ("PacketCount", COUNT)], &[]);
pub(super) const MAIL: Shape = open(&[("SmtpMailFromAddress", EMAIL), ("SmtpRcptToAddress", EMAIL)], &[]);
pub(super) const SERVICE: Shape = open(&[("ServiceName", TEXT), ("ServiceVersion", TEXT)], &[]);
pub(super) const NAMED_SERVICE: Shape = open(&[], &["ServiceName"]);
pub(super) const PROTOCOL: Shape = open(&[("TransportProtocol", Rule::Word(&["tcp", "udp"], "tcp or udp"))], &[]);
pub(super) const CVE: Shape = open(&[("CVE", Rule::Form(is_cve, "a CVE number"))], &[]);
pub(super) const URL_GIVEN: Shape = open(&[], &["SourceUrl"]);
pub(super) const BOTNET: Shape = open(&[("BotnetName", TEXT)], &[]);
pub(super) const MALWARE: Shape = open(&[("MalwareName", TEXT)], &[]);
pub(super) const RPZ: Shape = open(&[("RpzDomain", HOSTNAME), ("MalwareName", TEXT)], &[]);
pub(super) const COPYRIGHT: Shape = open(
    &[("InfringedMaterial", TEXT), ("MaterialType", TEXT), ("SharingProtocol", TEXT), ("CourtOrder", URI)],
    &["InfringedMaterial"],
);
pub(super) const TRADEMARK: Shape = open(
    &[("TrademarkedMaterial", TEXT), ("RegistrationOffice", TEXT), ("RegistrationNumber", TEXT)],
    &["TrademarkedMaterial"],
);
pub(super) const HARASSMENT: Shape = open(
    &[
        ("Harasser", TEXT),
        ("HarassmentDescription", TEXT),
        ("HarassmentType", Rule::Word(&HARASSMENTS, "a type of harassment")),
        ("HarassmentLocation", Rule::Word(&["website", "chat", "game"], "website, chat or game")),
    ],
    &["Harasser", "HarassmentDescription"],
);
const HARASSMENTS: [&str; 7] = ["doxing", "stalking", "sexual", "believes", "defamation", "extortion", "hate"];

pub(super) const ACCOUNT: Shape = open(&[("Account", Rule::Object(&ACCOUNT_OF))], &["Account"]);
const ACCOUNT_OF: Shape =
    open(&[("AccountIdentifier", Rule::Form(is_no_email, "a name that is no address")), ("AccountEmail", TEXT)], &[]);

fn is_no_email(text: &str) -> bool {
    !is_email(text)
}

/// `IpAndUrlBasedReport`: an address or a URL that can be used.
pub(super) fn has_ip_or_url(report: &Value) -> Result<(), XarfError> {
    let by_ip = shape::check(report, &IP_ALONE, "Report");
    match (by_ip, shape::check(report, &URL_ALONE, "Report")) {
        (Ok(()), _) | (_, Ok(())) => Ok(()),
        // The fault of what is there, before that of what is not.
        (Err(ip), Err(url)) if *ip.kind() == XarfErrorKind::Missing => Err(url),
        (Err(ip), Err(_)) => Err(ip),
    }
}

/// An institution has a name, a domain and an address; a person need not. `prefix` is `Reporter` or `Complainant`.
pub(super) fn is_institution_complete(value: &Value, path: &str, prefix: &str) -> Result<(), XarfError> {
    if value.get(format!("{prefix}Type")).and_then(Value::as_str) != Some("Org") {
        return Ok(());
    }
    for name in ["Org", "OrgDomain", "OrgEmail"] {
        if value.get(format!("{prefix}{name}")).is_none() {
            return Err(XarfError::new(XarfErrorKind::Missing, &format!("{path}.{prefix}{name}")));
        }
    }
    Ok(())
}

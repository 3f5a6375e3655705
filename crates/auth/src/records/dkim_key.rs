//! The record of a DKIM key (RFC 6376 §3.6.1, RFC 8463 §4).

use std::fmt;

use data_encoding::BASE64;
use posthaste_types::{DnsName, ParseError};

use super::finding::{Finding, Problem, Severity};
use super::txt::TxtRecord;
use crate::tags::{self, Field, WSP, syntax};

/// A DKIM key as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DkimKeyRecord {
    /// `k`: the kind of key.
    pub kind: DkimKeyKind,
    /// `p`: the key; empty if it is taken back.
    pub key: Vec<u8>,
    /// `h`: the only hashes that may be used, as written; empty is any.
    pub hashes: Vec<String>,
    /// `t`: flags, as written: `y` is a test, `s` forbids subdomains.
    pub flags: Vec<String>,
}

/// What kind of key it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DkimKeyKind {
    /// `ed25519` (RFC 8463).
    Ed25519,
    /// `rsa`, which is the default (RFC 6376).
    Rsa,
    /// Another word.
    Other(String),
}

impl DkimKeyRecord {
    /// The longest record, in octets.
    pub const MAX: usize = 16 * 1024;

    /// A record for a key: of RSA its SubjectPublicKeyInfo in DER, of Ed25519 its 32 octets.
    pub fn new(kind: DkimKeyKind, key: Vec<u8>) -> Self {
        Self { kind, key, hashes: Vec::new(), flags: Vec::new() }
    }

    /// Reads a record, its strings joined.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence: no `p`, what is no base64, a tag that stands twice (RFC 6376
    /// §3.2), or a version other than `DKIM1`, which must be the first tag.
    pub fn parse(record: &[u8]) -> Result<Self, ParseError> {
        let fields = tags::pairs(record, RECORD, Self::MAX)?;
        for (index, field) in fields.iter().enumerate() {
            if fields.iter().take(index).any(|earlier| earlier.name == field.name) {
                return Err(syntax(RECORD, "a tag that stands twice", field.at));
            }
            if field.name == "v" && (index > 0 || field.value != "DKIM1") {
                return Err(syntax(RECORD, "another version, or not in the first place", field.at));
            }
        }
        let value = |name: &str| fields.iter().find(|field| field.name == name);
        let key = value("p").ok_or_else(|| syntax(RECORD, "no `p`", record.len()))?;
        let words = |name: &str| -> Vec<String> {
            let list = value(name).map(|field| field.value).unwrap_or_default();
            list.split(':').map(|word| word.trim_matches(WSP).to_owned()).filter(|word| !word.is_empty()).collect()
        };
        let kind = match value("k").map_or("rsa", |field| field.value).to_ascii_lowercase().as_str() {
            "rsa" => DkimKeyKind::Rsa,
            "ed25519" => DkimKeyKind::Ed25519,
            other => DkimKeyKind::Other(other.to_owned()),
        };
        Ok(Self { kind, key: decoded(key)?, hashes: words("h"), flags: words("t") })
    }

    /// How long the key is, in bits; `None` if it is taken back or cannot be read.
    pub fn bits(&self) -> Option<usize> {
        match self.kind {
            DkimKeyKind::Ed25519 => (self.key.len() == 32).then_some(256),
            DkimKeyKind::Rsa => rsa_bits(&self.key),
            DkimKeyKind::Other(_) => None,
        }
    }

    /// Whether the key is taken back (§3.6.1: an empty `p`).
    pub fn is_revoked(&self) -> bool {
        self.key.is_empty()
    }
}

/// What is wrong with a published key; nothing is asked.
pub fn lint_dkim_key(name: &DnsName, text: &[u8]) -> Vec<Finding> {
    let finding = |severity, problem| Finding::new(severity, name, problem);
    let record = match DkimKeyRecord::parse(text) {
        Ok(record) => record,
        Err(error) => return vec![finding(Severity::Error, Problem::Syntax(error))],
    };
    let mut findings = Vec::new();
    if record.is_revoked() {
        findings.push(finding(Severity::Note, Problem::Revoked));
        return findings;
    }
    let only_old = !record.hashes.is_empty() && !record.hashes.iter().any(|hash| hash.eq_ignore_ascii_case("sha256"));
    if only_old || matches!(record.kind, DkimKeyKind::Other(_)) {
        findings.push(finding(Severity::Error, Problem::Algorithm)); // RFC 8301 §3.1
    }
    match record.bits() {
        Some(bits) if record.kind == DkimKeyKind::Rsa && bits < 1024 => {
            findings.push(finding(Severity::Error, Problem::ShortKey { bits })); // RFC 8301 §3.2
        }
        Some(bits) if record.kind == DkimKeyKind::Rsa && bits < 2048 => {
            findings.push(finding(Severity::Warning, Problem::ShortKey { bits }));
        }
        None if !matches!(record.kind, DkimKeyKind::Other(_)) => {
            let error = syntax(RECORD, "`p` is no key of this kind", 0);
            findings.push(finding(Severity::Error, Problem::Syntax(error)));
        }
        _ => {}
    }
    if record.flags.iter().any(|flag| flag == "y") {
        findings.push(finding(Severity::Warning, Problem::Testing));
    }
    if text.len() > TxtRecord::MAX_STRING {
        findings.push(finding(Severity::Note, Problem::Split { octets: text.len() }));
    }
    findings
}

impl fmt::Display for DkimKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=DKIM1; k={}", self.kind)?;
        for (tag, words) in [("h", &self.hashes), ("t", &self.flags)] {
            if !words.is_empty() {
                write!(f, "; {tag}={}", words.join(":"))?;
            }
        }
        write!(f, "; p={}", BASE64.encode(&self.key))
    }
}

impl fmt::Display for DkimKeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "ed25519",
            Self::Rsa => "rsa",
            Self::Other(word) => word,
        })
    }
}

fn decoded(field: &Field<'_>) -> Result<Vec<u8>, ParseError> {
    // §3.6.1: white space within is left out.
    let text: String = field.value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64.decode(text.as_bytes()).map_err(|_| syntax(RECORD, "`p` is no base64", field.at))
}

/// The length of the modulus, of a SubjectPublicKeyInfo or a bare RSAPublicKey (RFC 8017 A.1.1).
fn rsa_bits(der: &[u8]) -> Option<usize> {
    let (outer, _) = element(der, SEQUENCE)?;
    let key = match element(outer, SEQUENCE) {
        Some((_, rest)) => {
            let (bits, _) = element(rest, BIT_STRING)?;
            element(bits.get(1..)?, SEQUENCE)?.0
        }
        None => outer,
    };
    let (modulus, _) = element(key, INTEGER)?;
    let leading = modulus.iter().position(|octet| *octet != 0)?;
    let first = modulus.get(leading)?;
    (modulus.len() - leading).checked_mul(8)?.checked_sub(usize::try_from(first.leading_zeros()).ok()?)
}

/// The content of a DER element with this tag, and what follows on it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=127 => (usize::from(*length), rest),
        0x81..=0x83 => {
            let (octets, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

const RECORD: &str = "DKIM key record";
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

//! The record, typed.

use std::fmt;

use posthaste_types::{ParseError, ParseErrorKind};

use super::uri::{self, ReportUri};
use super::value::{Alignment, FailureOption, Policy, Psd, Testing, failure_options};
use crate::tags::{WSP, syntax};

/// The TXT record at `_dmarc` (RFC 9989 §4.7).
///
/// It is read tolerantly, as the standard wants: an unknown tag is left out, and one whose value cannot be used counts as
/// missing. What was overlooked stands in [`defects`](Self::defects).
///
/// ```
/// use posthaste_auth::dmarc::{Policy, Record};
///
/// let record = Record::parse(b"v=DMARC1; p=reject; aspf=x; rua=mailto:dmarc@example.com")?;
/// assert_eq!(record.policy, Policy::Reject);
/// assert_eq!(record.defects().len(), 1);
/// assert_eq!(record.to_string(), "v=DMARC1; p=reject; rua=mailto:dmarc@example.com");
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// `p`: for the domain itself. Missing, it is none.
    pub policy: Policy,
    /// `sp`: for existing subdomains; missing, as `p`.
    pub subdomain: Option<Policy>,
    /// `np`: for subdomains that do not exist; missing, as `sp`.
    pub non_existent: Option<Policy>,
    /// `adkim`.
    pub dkim: Alignment,
    /// `aspf`.
    pub spf: Alignment,
    /// `fo`: when failure reports are wanted; empty is the default, `0`.
    pub failure_options: Vec<FailureOption>,
    /// `psd`: whether this is a public suffix domain.
    pub psd: Psd,
    /// `t`.
    pub testing: Testing,
    /// `rua`: where aggregate reports go.
    pub rua: Vec<ReportUri>,
    /// `ruf`: where failure reports go.
    pub ruf: Vec<ReportUri>,
    defects: Vec<ParseError>,
}

impl Record {
    /// The longest record, in octets.
    pub const MAX: usize = 16 * 1024;
    /// The most places of one `rua` or `ruf` that are read; others are left out.
    pub const MAX_URIS: usize = 20;
    /// The most tags.
    pub const MAX_TAGS: usize = 100;

    /// A record that asks for this, and for nothing else.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            subdomain: None,
            non_existent: None,
            dkim: Alignment::default(),
            spf: Alignment::default(),
            failure_options: Vec::new(),
            psd: Psd::default(),
            testing: Testing::default(),
            rua: Vec::new(),
            ruf: Vec::new(),
            defects: Vec::new(),
        }
    }

    /// Reads a record, its strings joined.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of what makes it unusable: another version, too long, or a policy (`p`, `sp`,
    /// `np`) that is none where no `rua` could tell the domain of it.
    pub fn parse(record: &[u8]) -> Result<Self, ParseError> {
        if record.len() > Self::MAX {
            return Err(ParseError::new(RECORD, ParseErrorKind::TooLong { limit: Self::MAX }, Self::MAX));
        }
        let text = std::str::from_utf8(record).ok().filter(|text| text.is_ascii()).ok_or_else(|| {
            syntax(RECORD, "an octet that is not ASCII", record.iter().position(|b| !b.is_ascii()).unwrap_or_default())
        })?;
        if !Self::is_one(record) {
            return Err(syntax(RECORD, "another version", 0));
        }
        let mut reading = Reading::default();
        let mut at = 0;
        for (index, piece) in text.split(';').enumerate() {
            if index > Self::MAX_TAGS {
                return Err(ParseError::new(RECORD, ParseErrorKind::TooMany { limit: Self::MAX_TAGS }, at));
            }
            if index > 0 {
                reading.tag(piece, at);
            }
            at += piece.len() + 1;
        }
        reading.finish()
    }

    /// Whether a text is a DMARC record of this version: `v=DMARC1`, case counting in the value, before all else.
    pub fn is_one(text: &[u8]) -> bool {
        let first = text.split(|octet| *octet == b';').next().unwrap_or_default();
        let Some(equals) = first.iter().position(|octet| *octet == b'=') else { return false };
        let (name, value) = first.split_at_checked(equals).unwrap_or_default();
        let value = value.strip_prefix(b"=").unwrap_or_default();
        name.first().is_some_and(|octet| matches!(octet, b'v' | b'V'))
            && name.trim_ascii_end().len() == 1
            && value.trim_ascii() == b"DMARC1"
    }

    /// What was overlooked, each with its offset.
    pub fn defects(&self) -> &[ParseError] {
        &self.defects
    }

    /// The policy for a subdomain that exists.
    pub fn for_subdomain(&self) -> Policy {
        self.subdomain.unwrap_or(self.policy)
    }

    /// The policy for a subdomain that does not exist.
    pub fn for_non_existent(&self) -> Policy {
        self.non_existent.unwrap_or_else(|| self.for_subdomain())
    }
}

/// A record as far as it is read.
#[derive(Default)]
struct Reading {
    seen: Vec<String>,
    policies: [Option<Result<Policy, usize>>; 3],
    record: Option<Record>,
}

impl Reading {
    fn record(&mut self) -> &mut Record {
        self.record.get_or_insert_with(|| Record::new(Policy::None))
    }

    fn defect(&mut self, why: &'static str, at: usize) {
        self.record().defects.push(syntax(RECORD, why, at));
    }

    fn tag(&mut self, piece: &str, at: usize) {
        if piece.trim_matches(WSP).is_empty() {
            return;
        }
        let Some((name, value)) = piece.split_once('=') else { return self.defect("no `=` in a tag", at) };
        let value_at = at + name.len() + 1 + (value.len() - value.trim_start_matches(WSP).len());
        let (name, value) = (name.trim_matches(WSP).to_ascii_lowercase(), value.trim_matches(WSP));
        if self.seen.contains(&name) {
            return self.defect("a tag that stands twice: the first counts", at);
        }
        let known = self.value(&name, value, value_at);
        self.seen.push(name);
        if let Err(why) = known {
            self.defect(why, value_at);
        }
    }

    fn value(&mut self, name: &str, value: &str, at: usize) -> Result<(), &'static str> {
        let lower = value.to_ascii_lowercase();
        let [p, sp, np] = &mut self.policies;
        match name {
            "p" => *p = Some(Policy::of(&lower).ok_or(at)),
            "sp" => *sp = Some(Policy::of(&lower).ok_or(at)),
            "np" => *np = Some(Policy::of(&lower).ok_or(at)),
            "adkim" => self.record().dkim = Alignment::of(&lower).ok_or(NO_VALUE)?,
            "aspf" => self.record().spf = Alignment::of(&lower).ok_or(NO_VALUE)?,
            "fo" => self.record().failure_options = failure_options(&lower).ok_or(NO_VALUE)?,
            "psd" => self.record().psd = Psd::of(&lower).ok_or(NO_VALUE)?,
            "t" => self.record().testing = Testing::of(&lower).ok_or(NO_VALUE)?,
            "rua" => self.record().rua = self.uris(value, at),
            "ruf" => self.record().ruf = self.uris(value, at),
            "pct" | "rf" | "ri" => return Err("a tag that RFC 9989 took away"),
            "v" => return Err("a second version"),
            _ => return Err("an unknown tag"),
        }
        Ok(())
    }

    fn uris(&mut self, value: &str, at: usize) -> Vec<ReportUri> {
        let (uris, defects) = uri::list(value, at, Record::MAX_URIS);
        self.record().defects.extend(defects);
        uris
    }

    /// §4.7: a policy that is none makes `p=none` if somebody can be told, else there is no record.
    fn finish(mut self) -> Result<Record, ParseError> {
        let broken = self.policies.iter().flatten().find_map(|policy| policy.err());
        let [p, sp, np] = self.policies.map(|policy| policy.and_then(Result::ok));
        if let Some(at) = broken {
            self.defect(NO_POLICY, at);
            if self.record().rua.is_empty() {
                return Err(syntax(RECORD, NO_POLICY, at));
            }
            return Ok(self.record.unwrap_or_else(|| Record::new(Policy::None)));
        }
        if p.is_none() {
            self.defect("no `p`, which counts as none", 0);
        }
        let record = self.record();
        record.policy = p.unwrap_or(Policy::None);
        (record.subdomain, record.non_existent) = (sp, np);
        Ok(self.record.unwrap_or_else(|| Record::new(Policy::None)))
    }
}

impl fmt::Display for Record {
    /// The record as it is to be published: `p` second, as RFC 7489 wants it, and no tag that says the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=DMARC1; p={}", self.policy)?;
        self.subdomain.iter().try_for_each(|policy| write!(f, "; sp={policy}"))?;
        self.non_existent.iter().try_for_each(|policy| write!(f, "; np={policy}"))?;
        for (tag, alignment) in [("adkim", self.dkim), ("aspf", self.spf)] {
            if alignment == Alignment::Strict {
                write!(f, "; {tag}=s")?;
            }
        }
        let options: Vec<&str> = self.failure_options.iter().map(|option| option.as_str()).collect();
        if !options.is_empty() {
            write!(f, "; fo={}", options.join(":"))?;
        }
        match self.psd {
            Psd::Unknown => {}
            Psd::Yes => f.write_str("; psd=y")?,
            Psd::No => f.write_str("; psd=n")?,
        }
        if self.testing == Testing::On {
            f.write_str("; t=y")?;
        }
        for (tag, uris) in [("rua", &self.rua), ("ruf", &self.ruf)] {
            let uris: Vec<String> = uris.iter().map(ToString::to_string).collect();
            if !uris.is_empty() {
                write!(f, "; {tag}={}", uris.join(","))?;
            }
        }
        Ok(())
    }
}

const RECORD: &str = "DMARC record";
const NO_VALUE: &str = "no value of this tag, which counts as missing";
const NO_POLICY: &str = "no policy";

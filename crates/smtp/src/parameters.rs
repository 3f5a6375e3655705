//! The parameters of MAIL and RCPT.

use std::fmt::Write as _;

use posthaste_types::{BodyKind, EnvelopeId, Notify, OriginalRecipient, Recipient, RequireTls, Ret, Wanted};

use crate::capabilities::Capabilities;
use crate::wishes::{DeliverBy, Hold, Priority};
use crate::xtext;

/// The parameters of a MAIL command: SIZE (RFC 1870), BODY (RFC 6152, RFC 3030), SMTPUTF8 (RFC 6531), RET and
/// ENVID (RFC 3461), REQUIRETLS (RFC 8689), MT-PRIORITY (RFC 6710), BY (RFC 2852), HOLDFOR and HOLDUNTIL (RFC 4865).
/// AUTH (RFC 4954 §5) is read and dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParameters {
    pub(crate) size: Option<u64>,
    pub(crate) body: Option<BodyKind>,
    pub(crate) smtputf8: bool,
    pub(crate) ret: Option<Ret>,
    pub(crate) envid: Option<EnvelopeId>,
    pub(crate) require_tls: RequireTls,
    pub(crate) priority: Option<Priority>,
    pub(crate) deliver_by: Option<DeliverBy>,
    pub(crate) hold: Option<Hold>,
}

impl MailParameters {
    /// The size that the client announced, in octets.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The kind of body that the client announced.
    pub fn body(&self) -> Option<BodyKind> {
        self.body
    }

    /// Whether the client said SMTPUTF8.
    pub fn is_smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// How much of the message a DSN shall return.
    pub fn ret(&self) -> Option<Ret> {
        self.ret
    }

    /// The envelope id.
    pub fn envid(&self) -> Option<&EnvelopeId> {
        self.envid.as_ref()
    }

    /// Whether the client said REQUIRETLS.
    pub fn require_tls(&self) -> RequireTls {
        self.require_tls
    }

    /// How urgent the client says that the mail is.
    pub fn priority(&self) -> Option<Priority> {
        self.priority
    }

    /// Until when the mail is of use.
    pub fn deliver_by(&self) -> Option<DeliverBy> {
        self.deliver_by
    }

    /// Until when the mail is to be kept back.
    pub fn hold(&self) -> Option<Hold> {
        self.hold
    }

    /// Writes them behind a path, each with a space in front.
    pub(crate) fn compose(&self, out: &mut String) {
        let Self { size, body, smtputf8, ret, envid, require_tls, priority, deliver_by, hold } = self;
        if let Some(size) = size {
            let _ = write!(out, " SIZE={size}");
        }
        match body {
            Some(BodyKind::SevenBit) => out.push_str(" BODY=7BIT"),
            Some(BodyKind::Binary) => out.push_str(" BODY=BINARYMIME"),
            Some(_) => out.push_str(" BODY=8BITMIME"),
            None => {}
        }
        if *smtputf8 {
            out.push_str(" SMTPUTF8");
        }
        if *require_tls == RequireTls::Yes {
            out.push_str(" REQUIRETLS");
        }
        match ret {
            Some(Ret::Full) => out.push_str(" RET=FULL"),
            Some(Ret::Headers) => out.push_str(" RET=HDRS"),
            None => {}
        }
        if let Some(envid) = envid {
            out.push_str(" ENVID=");
            xtext::compose(envid.as_str(), out);
        }
        if let Some(priority) = priority {
            let _ = write!(out, " MT-PRIORITY={priority}");
        }
        if let Some(deliver_by) = deliver_by {
            let _ = write!(out, " BY={deliver_by}");
        }
        if let Some(hold) = hold {
            let _ = write!(out, " {hold}");
        }
    }

    /// Reads what stands behind the path; `offered` tells which extensions were.
    pub(crate) fn parse(text: &str, offered: &Capabilities) -> Result<Self, ParameterError> {
        let mut parameters = Self::default();
        for (keyword, value) in split(text)? {
            parameters.read(&keyword, value, offered)?;
        }
        Ok(parameters)
    }

    fn read(&mut self, keyword: &str, value: Option<&str>, offered: &Capabilities) -> Result<(), ParameterError> {
        let extension = match keyword {
            "BODY" => "8BITMIME",
            "RET" | "ENVID" => "DSN",
            "BY" => "DELIVERBY",
            "HOLDFOR" | "HOLDUNTIL" => "FUTURERELEASE",
            "SIZE" | "SMTPUTF8" | "REQUIRETLS" | "AUTH" | "MT-PRIORITY" => keyword,
            _ => return Err(ParameterError::Unknown),
        };
        if !offered.offers(extension) {
            return Err(ParameterError::Unknown);
        }
        let upper = value.map(str::to_ascii_uppercase);
        match (keyword, upper.as_deref()) {
            ("SIZE", Some(size)) => self.size = Some(parse_size(size)?),
            ("BODY", Some("7BIT")) => self.body = Some(BodyKind::SevenBit),
            ("BODY", Some("8BITMIME")) => self.body = Some(BodyKind::EightBit),
            ("BODY", Some("BINARYMIME")) if offered.offers("BINARYMIME") => self.body = Some(BodyKind::Binary),
            ("BODY", Some("BINARYMIME")) => return Err(ParameterError::Unknown),
            ("SMTPUTF8", None) => self.smtputf8 = true,
            ("REQUIRETLS", None) => self.require_tls = RequireTls::Yes,
            ("RET", Some("FULL")) => self.ret = Some(Ret::Full),
            ("RET", Some("HDRS")) => self.ret = Some(Ret::Headers),
            ("ENVID", Some(_)) => {
                let id = value.and_then(xtext::parse).and_then(|id| EnvelopeId::parse(&id).ok());
                self.envid = Some(id.ok_or(ParameterError::Syntax)?);
            }
            ("AUTH", Some(_)) => {}
            ("MT-PRIORITY", Some(level)) => self.priority = Some(Priority::parse(level).ok_or(ParameterError::Syntax)?),
            ("BY", Some(by)) => self.deliver_by = Some(DeliverBy::parse(by).ok_or(ParameterError::Syntax)?),
            ("HOLDFOR", Some(hold)) => self.read_hold(Hold::parse_for(hold), offered)?,
            ("HOLDUNTIL", Some(hold)) => self.read_hold(Hold::parse_until(hold), offered)?,
            _ => return Err(ParameterError::Syntax),
        }
        Ok(())
    }
}

impl MailParameters {
    /// RFC 4865 §4: one of the two, and no longer than was offered.
    fn read_hold(&mut self, hold: Option<Hold>, offered: &Capabilities) -> Result<(), ParameterError> {
        let limits = offered.value("FUTURERELEASE").unwrap_or_default();
        let hold = hold.filter(|hold| self.hold.is_none() && hold.is_within(limits));
        self.hold = Some(hold.ok_or(ParameterError::Syntax)?);
        Ok(())
    }
}

/// Writes the DSN parameters of a recipient, each with a space in front.
pub(crate) fn compose_rcpt(recipient: &Recipient, out: &mut String) {
    if recipient.notify != Notify::Default {
        let notify = recipient.notify.to_string();
        // NOTIFY=On with nothing wanted has no value to write; it is what NEVER says.
        let _ = write!(out, " NOTIFY={}", if notify.is_empty() { "NEVER" } else { &notify });
    }
    let Some(original) = &recipient.original else { return };
    if original.kind().eq_ignore_ascii_case("utf-8") {
        out.push_str(" ORCPT=utf-8;");
        xtext::compose_utf8_address(original.address(), out);
    } else if original.address().is_ascii() {
        let _ = write!(out, " ORCPT={};", original.kind());
        xtext::compose(original.address(), out);
    }
}

/// Reads the DSN parameters of RCPT (RFC 3461 §4.1, §4.2) into the recipient.
pub(crate) fn parse_rcpt(text: &str, recipient: &mut Recipient, offered: &Capabilities) -> Result<(), ParameterError> {
    for (keyword, value) in split(text)? {
        if !matches!(&*keyword, "NOTIFY" | "ORCPT") || !offered.offers("DSN") {
            return Err(ParameterError::Unknown);
        }
        let value = value.ok_or(ParameterError::Syntax)?;
        if keyword == "NOTIFY" {
            recipient.notify = parse_notify(value)?;
        } else {
            recipient.original = Some(parse_original(value).ok_or(ParameterError::Syntax)?);
        }
    }
    Ok(())
}

/// Why parameters are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParameterError {
    /// Not known, or not offered: 555 (RFC 5321 §4.1.1.11).
    Unknown,
    /// Known, and wrong: 501.
    Syntax,
}

type Parameter<'a> = (String, Option<&'a str>);

/// Splits at spaces; no keyword twice, no more than [`MAX_PARAMETERS`].
fn split(text: &str) -> Result<Vec<Parameter<'_>>, ParameterError> {
    let mut all: Vec<Parameter<'_>> = Vec::new();
    for word in text.split([' ', '\t']).filter(|word| !word.is_empty()) {
        let (keyword, value) = match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        };
        let keyword = keyword.to_ascii_uppercase();
        let known = all.iter().any(|(other, _)| *other == keyword);
        if keyword.is_empty() || known || value == Some("") || all.len() == MAX_PARAMETERS {
            return Err(ParameterError::Syntax);
        }
        all.push((keyword, value));
    }
    Ok(all)
}

/// RFC 1870 §3: up to 20 digits; what does not fit is larger than any limit.
fn parse_size(text: &str) -> Result<u64, ParameterError> {
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ParameterError::Syntax);
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

fn parse_notify(text: &str) -> Result<Notify, ParameterError> {
    if text.eq_ignore_ascii_case("NEVER") {
        return Ok(Notify::Never);
    }
    let (mut success, mut failure, mut delay) = (Wanted::No, Wanted::No, Wanted::No);
    for word in text.split(',') {
        match &*word.to_ascii_uppercase() {
            "SUCCESS" => success = Wanted::Yes,
            "FAILURE" => failure = Wanted::Yes,
            "DELAY" => delay = Wanted::Yes,
            _ => return Err(ParameterError::Syntax),
        }
    }
    Ok(Notify::On { success, failure, delay })
}

fn parse_original(text: &str) -> Option<OriginalRecipient> {
    let (kind, address) = text.split_once(';')?;
    let plain =
        if kind.eq_ignore_ascii_case("utf-8") { xtext::parse_utf8_address(address)? } else { xtext::parse(address)? };
    OriginalRecipient::parse(&format!("{kind};{plain}")).ok()
}

/// More than all parameters that any extension has.
const MAX_PARAMETERS: usize = 32;

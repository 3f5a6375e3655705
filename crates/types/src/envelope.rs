//! The envelope: who gets the mail, who gets the reports, and what the next hop must honour.

use std::collections::HashSet;
use std::fmt;

use crate::address::{Address, ReversePath};
use crate::error::{ParseError, ParseErrorKind};
use crate::macros::validated_string;

/// The SMTP envelope of a mail (RFC 5321 §2.3.1) with the parameters of DSN (RFC 3461), SMTPUTF8
/// (RFC 6531) and REQUIRETLS (RFC 8689).
///
/// It has at least one recipient and none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Fields", into = "Fields")
)]
pub struct Envelope {
    from: ReversePath,
    to: Vec<Recipient>,
    envid: Option<EnvelopeId>,
    ret: Option<Ret>,
    require_tls: RequireTls,
}

impl Envelope {
    /// An envelope from `from` to every one of `to`; the second of two equal recipients is left out.
    ///
    /// # Errors
    /// [`ParseError`] of kind `Empty` if there is no recipient.
    pub fn new<R: Into<Recipient>>(
        from: impl Into<ReversePath>,
        to: impl IntoIterator<Item = R>,
    ) -> Result<Self, ParseError> {
        let mut seen = HashSet::new();
        let to: Vec<Recipient> = to.into_iter().map(Into::into).filter(|r| seen.insert(r.address.clone())).collect();
        if to.is_empty() {
            return Err(ParseError::new("recipients", ParseErrorKind::Empty, 0));
        }
        Ok(Self { from: from.into(), to, envid: None, ret: None, require_tls: RequireTls::No })
    }

    /// Where reports go.
    pub fn from(&self) -> &ReversePath {
        &self.from
    }

    /// The recipients, at least one, in order.
    pub fn to(&self) -> &[Recipient] {
        &self.to
    }

    /// The envelope id that a DSN repeats.
    pub fn envid(&self) -> Option<&EnvelopeId> {
        self.envid.as_ref()
    }

    /// How much of the message a DSN returns.
    pub fn ret(&self) -> Option<Ret> {
        self.ret
    }

    /// Whether every hop must use TLS with a verified peer.
    pub fn require_tls(&self) -> RequireTls {
        self.require_tls
    }

    /// Whether an address in it needs SMTPUTF8 (RFC 6531 §3.2); a header may need it besides.
    pub fn needs_smtputf8(&self) -> bool {
        self.from.address().is_some_and(Address::needs_smtputf8) || self.to.iter().any(|r| r.address.needs_smtputf8())
    }

    /// The same envelope with another reverse path.
    #[must_use]
    pub fn with_from(mut self, from: impl Into<ReversePath>) -> Self {
        self.from = from.into();
        self
    }

    /// The same envelope with an envelope id.
    #[must_use]
    pub fn with_envid(mut self, envid: EnvelopeId) -> Self {
        self.envid = Some(envid);
        self
    }

    /// The same envelope with RET.
    #[must_use]
    pub fn with_ret(mut self, ret: Ret) -> Self {
        self.ret = Some(ret);
        self
    }

    /// The same envelope with or without REQUIRETLS.
    #[must_use]
    pub fn with_require_tls(mut self, require_tls: RequireTls) -> Self {
        self.require_tls = require_tls;
        self
    }

    /// The envelope for some of the recipients, by index; `None` if none of the indices is there.
    pub fn subset(&self, indices: &[usize]) -> Option<Self> {
        let to: Vec<Recipient> = indices.iter().filter_map(|i| self.to.get(*i).cloned()).collect();
        (!to.is_empty()).then(|| Self { to, ..self.clone() })
    }
}

/// One recipient of an [`Envelope`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Recipient {
    /// The address.
    pub address: Address,
    /// When to send a DSN (RFC 3461 §4.1).
    #[cfg_attr(feature = "serde", serde(default))]
    pub notify: Notify,
    /// The recipient as the first sender gave it (RFC 3461 §4.2).
    #[cfg_attr(feature = "serde", serde(default))]
    pub original: Option<OriginalRecipient>,
}

impl Recipient {
    /// A recipient without DSN parameters.
    pub fn new(address: Address) -> Self {
        Self { address, notify: Notify::Default, original: None }
    }
}

impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Self::new(address)
    }
}

impl From<&Address> for Recipient {
    fn from(address: &Address) -> Self {
        Self::new(address.clone())
    }
}

/// NOTIFY of RFC 3461 §4.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "RFC 3461 §4.1 is closed")]
pub enum Notify {
    /// As the server likes: no parameter.
    #[default]
    Default,
    /// Never.
    Never,
    /// On these occasions; at least one.
    On {
        /// On delivery.
        success: Wanted,
        /// On failure.
        failure: Wanted,
        /// On delay.
        delay: Wanted,
    },
}

/// Whether a notice is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "two values")]
pub enum Wanted {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// The value of the parameter: `NEVER`, or a list; empty for [`Notify::Default`].
impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::On { success, failure, delay } = self else {
            return f.write_str(if *self == Self::Never { "NEVER" } else { "" });
        };
        let all = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
        let wanted: Vec<&str> = all.iter().filter(|(w, _)| **w == Wanted::Yes).map(|(_, name)| *name).collect();
        f.write_str(&wanted.join(","))
    }
}

/// ORCPT of RFC 3461 §4.2: `type;address`, plain (not xtext-encoded), at most 500 octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginalRecipient(Box<str>);

impl OriginalRecipient {
    /// Reads `type;address`.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        const WHAT: &str = "original recipient";
        parameter(WHAT, text, 500)?;
        match text.split_once(';') {
            Some((kind, address))
                if !kind.is_empty()
                    && !address.is_empty()
                    && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(ParseError::syntax(WHAT, "not type;address", 0)),
        }
    }

    /// The whole, `type;address`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address type, such as `rfc822`.
    pub fn kind(&self) -> &str {
        self.0.split(';').next().unwrap_or_default()
    }

    /// The address behind the first semicolon.
    pub fn address(&self) -> &str {
        self.0.split_once(';').map(|(_, address)| address).unwrap_or_default()
    }
}

impl fmt::Display for OriginalRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

validated_string!(OriginalRecipient);

/// ENVID of RFC 3461 §4.4: printable ASCII, 1 to 100 octets, plain (not xtext-encoded).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvelopeId(Box<str>);

impl EnvelopeId {
    /// Reads an envelope id.
    ///
    /// # Errors
    /// [`ParseError`] with the offset of the first offence.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        const WHAT: &str = "envelope id";
        parameter(WHAT, text, 100)?;
        match text.char_indices().find(|(_, c)| !c.is_ascii()) {
            Some((at, c)) => Err(ParseError::new(WHAT, ParseErrorKind::Forbidden(c), at)),
            None => Ok(Self(text.into())),
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

validated_string!(EnvelopeId);

/// RET of RFC 3461 §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "RFC 3461 §4.3 is closed")]
pub enum Ret {
    /// The whole message.
    Full,
    /// The headers alone.
    Headers,
}

/// REQUIRETLS of RFC 8689.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[expect(clippy::exhaustive_enums, reason = "the option is there or not")]
pub enum RequireTls {
    /// As the policy of the route says.
    #[default]
    No,
    /// Every hop, verified.
    Yes,
}

fn parameter(what: &'static str, text: &str, limit: usize) -> Result<(), ParseError> {
    if text.is_empty() {
        return Err(ParseError::new(what, ParseErrorKind::Empty, 0));
    }
    if text.len() > limit {
        return Err(ParseError::new(what, ParseErrorKind::TooLong { limit }, limit));
    }
    match text.char_indices().find(|(_, c)| crate::error::is_control(*c) || c.is_whitespace()) {
        Some((at, c)) => Err(ParseError::new(what, ParseErrorKind::Forbidden(c), at)),
        None => Ok(()),
    }
}

/// What stands in storage; read again through the checks of [`Envelope::new`].
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Fields {
    from: ReversePath,
    to: Vec<Recipient>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    envid: Option<EnvelopeId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ret: Option<Ret>,
    #[serde(default)]
    require_tls: RequireTls,
}

#[cfg(feature = "serde")]
impl TryFrom<Fields> for Envelope {
    type Error = ParseError;

    fn try_from(fields: Fields) -> Result<Self, ParseError> {
        let Fields { from, to, envid, ret, require_tls } = fields;
        Ok(Self { envid, ret, require_tls, ..Self::new(from, to)? })
    }
}

#[cfg(feature = "serde")]
impl From<Envelope> for Fields {
    fn from(envelope: Envelope) -> Self {
        let Envelope { from, to, envid, ret, require_tls } = envelope;
        Self { from, to, envid, ret, require_tls }
    }
}

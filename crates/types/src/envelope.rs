//! The envelope: who gets the mail, who gets the reports, and what the next hop must honour.

use std::collections::HashSet;

use crate::address::Address;
use crate::dsn::{EnvelopeId, Notify, OriginalRecipient, Ret};
use crate::error::{ParseError, ParseErrorKind};
use crate::path::ReversePath;

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
        let mut to: Vec<Recipient> = to.into_iter().map(Into::into).collect();
        if to.len() > 1 {
            let mut seen = HashSet::new();
            to.retain(|recipient| seen.insert(recipient.address.clone()));
        }
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

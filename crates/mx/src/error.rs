//! What is wrong with a setting.

use std::fmt;

/// A setting cannot be used. Secrets are never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}{text}", if self.text.is_empty() { "" } else { ": " })]
pub struct ConfigError {
    kind: ConfigErrorKind,
    text: Box<str>,
}

/// The kinds of [`ConfigError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The user name or the password cannot be used (RFC 4616 §2).
    #[error("credentials")]
    Credentials,
    /// The URL of a relay has no host, or none that can be.
    #[error("relay URL: host")]
    Host,
    /// The URL of a relay holds a password: URLs are logged. Give it apart.
    #[error("relay URL: a password does not belong in a URL")]
    PasswordInUrl,
    /// The URL of a relay names a user, and there is no password.
    #[error("the relay's password is missing")]
    PasswordMissing,
    /// The port is no number from 1 to 65535.
    #[error("relay URL: port")]
    Port,
    /// The root certificates cannot be read.
    #[error("root certificates")]
    Roots,
    /// The scheme is none of `smtp`, `smtp+starttls`, `smtps` and `lmtp`.
    #[error("relay URL: scheme")]
    Scheme,
    /// Something stands behind the host and port, or what should be the user name is none.
    #[error("relay URL")]
    Syntax,
}

impl ConfigError {
    pub(crate) fn new(kind: ConfigErrorKind, text: impl fmt::Display) -> Self {
        Self { kind, text: text.to_string().into() }
    }

    /// Which setting.
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }
}

//! What the name servers show of a key.

use std::fmt;

use posthaste_dns::DnsErrorKind;
use posthaste_types::DnsName;

/// What every authoritative name server shows at the name of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Showing {
    /// What each shows; none means that no server is known, which shows nothing.
    pub servers: Vec<ServerView>,
}

/// What one name server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerView {
    /// The server's name.
    pub host: DnsName,
    /// What it shows.
    pub sees: Sees,
}

/// What stands at the name of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sees {
    /// An alias (CNAME); the servers of its target are listed too.
    Alias(DnsName),
    /// The key.
    Key,
    /// No record.
    Nothing,
    /// Something else: another key, several records, a text that is no key.
    Other,
    /// A record that says that the key is taken back (`p=`).
    Revoked,
    /// Not known: it did not answer so that one could tell.
    Unknown(DnsErrorKind),
}

impl Showing {
    /// These views.
    pub fn new(servers: impl IntoIterator<Item = ServerView>) -> Self {
        Self { servers: servers.into_iter().collect() }
    }

    /// Whether every server shows this, and there is one.
    pub(super) fn all(&self, wanted: impl Fn(&Sees) -> bool) -> bool {
        self.ends().next().is_some() && self.ends().all(|view| wanted(&view.sees))
    }

    /// Whether a server shows this.
    pub(super) fn any(&self, wanted: impl Fn(&Sees) -> bool) -> bool {
        self.ends().any(|view| wanted(&view.sees))
    }

    /// Those that show something else.
    pub(super) fn but(&self, wanted: impl Fn(&Sees) -> bool) -> Vec<ServerView> {
        self.ends().filter(|view| !wanted(&view.sees)).cloned().collect()
    }

    fn ends(&self) -> impl Iterator<Item = &ServerView> {
        self.servers.iter().filter(|view| !matches!(view.sees, Sees::Alias(_)))
    }
}

impl ServerView {
    /// What one server shows.
    pub fn new(host: DnsName, sees: Sees) -> Self {
        Self { host, sees }
    }
}

impl fmt::Display for Sees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias(target) => write!(f, "shows an alias of {target} at"),
            Self::Key => f.write_str("shows the key at"),
            Self::Nothing => f.write_str("does not show"),
            Self::Other => f.write_str("shows something else at"),
            Self::Revoked => f.write_str("shows a key that is taken back at"),
            Self::Unknown(kind) => write!(f, "cannot be asked ({kind}) for"),
        }
    }
}

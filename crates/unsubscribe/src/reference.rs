//! What a link stands for, and what comes of it.

use std::fmt;

use posthaste_types::{MailId, Timestamp};

/// An opaque number that the application maps to recipient, list and campaign.
///
/// It can be read in the link by whoever sees the link: it must hold no address, no name and no plain hash of one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reference(Box<[u8]>);

impl Reference {
    /// The most octets.
    pub const MAX: usize = 64;

    /// Takes 1 to [`MAX`](Self::MAX) octets; `None` if there are none or more.
    pub fn opaque(octets: &[u8]) -> Option<Self> {
        (1..=Self::MAX).contains(&octets.len()).then(|| Self(octets.into()))
    }

    /// The mail itself, if it has one recipient: its row names recipient, list and campaign.
    pub fn mail(id: MailId) -> Self {
        Self(id.to_bytes().into())
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The mail, if the reference has the length of a [`MailId`].
    pub fn to_mail(&self) -> Option<MailId> {
        <[u8; 16]>::try_from(&*self.0).ok().map(MailId::from_bytes)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({} octets)", self.0.len())
    }
}

/// The recipient wants to leave. Store it, then answer; to apply it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// What the link stood for.
    pub reference: Reference,
    /// When the link was made, to the second.
    pub issued: Timestamp,
    /// When the request came.
    pub at: Timestamp,
    /// The way it came.
    pub via: Via,
}

/// The way by which a recipient leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Via {
    /// A mail to the `mailto:` address.
    Mailto,
    /// The POST of a mailbox provider (RFC 8058 §3.2).
    OneClick,
    /// The button of the page.
    Page,
}

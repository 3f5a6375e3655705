//! Names that the application gives to its streams, lists and campaigns.

use std::borrow::Cow;
use std::fmt;

use crate::error::{ParseError, ParseErrorKind};
use crate::macros::validated_string;

/// Whether `text` is a name: 1 to `max` octets of `a-z A-Z 0-9 . _ -` (and `/` in a [`OnceKey`]).
const fn offence(text: &str, max: usize, printable: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > max {
        return Some(bytes.len());
    }
    let mut at = 0;
    while at < bytes.len() {
        let b = bytes[at];
        let fine = b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-') || (printable && b.is_ascii_graphic());
        if !(fine || printable && b >= 0x80 && !is_control_at(bytes, at)) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Whether a control beyond ASCII, or a line or paragraph separator, begins here in UTF-8.
const fn is_control_at(bytes: &[u8], at: usize) -> bool {
    let next = if at + 1 < bytes.len() { bytes[at + 1] } else { 0 };
    match bytes[at] {
        0xc2 => next < 0xa0,
        0xe2 => next == 0x80 && at + 2 < bytes.len() && matches!(bytes[at + 2], 0xa8 | 0xa9),
        _ => false,
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $max:literal, printable = $printable:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Cow<'static, str>);

        impl $type {
            /// The longest name, in octets.
            pub const MAX: usize = $max;

            /// A name known when the program is compiled; in a `const`, a bad one does not compile.
            ///
            /// # Panics
            /// If the name is empty, too long or holds a character that names cannot hold.
            pub const fn from_static(name: &'static str) -> Self {
                assert!(offence(name, $max, $printable).is_none(), concat!("not a ", $what));
                Self(Cow::Borrowed(name))
            }

            /// Reads a name.
            ///
            /// # Errors
            /// [`ParseError`] if it is empty, too long, or holds a character that names cannot hold.
            pub fn parse(name: &str) -> Result<Self, ParseError> {
                let Some(at) = offence(name, $max, $printable) else {
                    return Ok(Self(Cow::Owned(name.to_owned())));
                };
                let kind = match name.get(at..).and_then(|rest| rest.chars().next()) {
                    _ if name.is_empty() => ParseErrorKind::Empty,
                    _ if name.len() > $max => ParseErrorKind::TooLong { limit: $max },
                    Some(c) => ParseErrorKind::Forbidden(c),
                    None => ParseErrorKind::Syntax("not a name"),
                };
                Err(ParseError::new($what, kind, at))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        validated_string!($type);
    };
}

name! {
    /// A stream of mail with one policy: `receipts`, `codes`, `weekly`.
    StreamName, "stream name", 64, printable = false
}
name! {
    /// A list that a person may leave: `digest`, `offers`.
    ListName, "list name", 64, printable = false
}
name! {
    /// A tenant of an application that mails for many.
    TenantName, "tenant name", 64, printable = false
}
name! {
    /// A campaign: `issue-42`.
    CampaignName, "campaign name", 128, printable = false
}
name! {
    /// A mailbox provider, by the id of its profile: `google`, `microsoft_consumer`.
    ProviderId, "provider id", 64, printable = false
}
name! {
    /// A process that works on a spool.
    NodeId, "node id", 64, printable = false
}
name! {
    /// The application's own key of one send: the same key never sends twice. `type/id` reads well:
    /// `receipt/4711`. No space, no control; 1 to 256 octets of UTF-8.
    OnceKey, "once key", 256, printable = true
}

impl ProviderId {
    /// Gmail and Google Workspace.
    pub const GOOGLE: Self = Self::from_static("google");
    /// Outlook.com, Hotmail, Live and MSN.
    pub const MICROSOFT_CONSUMER: Self = Self::from_static("microsoft_consumer");
    /// Microsoft 365.
    pub const MICROSOFT365: Self = Self::from_static("microsoft365");
    /// Yahoo and AOL.
    pub const YAHOO: Self = Self::from_static("yahoo");
}

impl StreamName {
    /// The stream of mail that names none.
    pub const DEFAULT: Self = Self::from_static("default");
}

impl Default for StreamName {
    fn default() -> Self {
        Self::DEFAULT
    }
}

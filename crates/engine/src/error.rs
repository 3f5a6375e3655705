//! What can go wrong before a mail is accepted, and around a Mailer's life.

use std::error::Error;
use std::fmt;

use posthaste_message::ComposeError;
use posthaste_queue::{SpoolError, SpoolErrorKind};
use posthaste_sign::SignError;
use posthaste_types::{ContentError, MailId, ParseError, Text};

type Source = Box<dyn Error + Send + Sync>;

macro_rules! opaque_error {
    ($(#[$doc:meta])* $name:ident, $kind:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, thiserror::Error)]
        pub struct $name {
            kind: $kind,
            text: Text,
            #[source]
            source: Option<Source>,
        }

        impl $name {
            pub(crate) fn caused(kind: $kind, source: impl Into<Source>) -> Self {
                let source = source.into();
                Self { kind, text: Text::lossy(&source), source: Some(source) }
            }

            /// The kind.
            pub fn kind(&self) -> &$kind {
                &self.kind
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($what, ": {}"), self.text)
            }
        }
    };
}

/// What is said in words of ours, without another error behind it.
macro_rules! in_words {
    ($name:ident, $kind:ident) => {
        impl $name {
            pub(crate) fn new(kind: $kind, text: impl fmt::Display) -> Self {
                Self { kind, text: Text::lossy(text), source: None }
            }
        }
    };
}

in_words!(FeedbackError, FeedbackErrorKind);
in_words!(SendError, SendErrorKind);
in_words!(StartError, StartErrorKind);

opaque_error! {
    /// Why a mail was not accepted. Nothing of it is in the queue, unless the kind is
    /// [`Storage`](SendErrorKind::Storage): then repeat it under the same key.
    SendError, SendErrorKind, "not accepted"
}

/// The kinds of [`SendError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// Too many sends wait for the disk, and this one must not wait.
    Full,
    /// An address, a header, a tag or the content is not as it must be.
    Invalid,
    /// The key was used for another mail.
    KeyReused {
        /// The mail that has the key.
        mail: MailId,
    },
    /// A bulk stream needs List-Unsubscribe and List-Unsubscribe-Post (RFC 8058).
    NoWayOut,
    /// The mail could not be signed.
    Signing,
    /// The Mailer stops.
    Stopped,
    /// The spool failed; perhaps it is stored, perhaps not.
    Storage,
    /// Larger than allowed.
    TooLarge {
        /// The limit, in octets.
        limit: usize,
    },
    /// More recipients than allowed.
    TooManyRecipients {
        /// The limit.
        limit: usize,
    },
    /// No stream of that name was declared.
    UnknownStream,
}

impl SendError {
    /// Whether the same may be accepted later, unchanged.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, SendErrorKind::Full | SendErrorKind::Storage)
    }
}

impl From<ParseError> for SendError {
    fn from(error: ParseError) -> Self {
        Self::caused(SendErrorKind::Invalid, error)
    }
}

impl From<ComposeError> for SendError {
    fn from(error: ComposeError) -> Self {
        Self::caused(SendErrorKind::Invalid, error)
    }
}

impl From<ContentError> for SendError {
    fn from(error: ContentError) -> Self {
        Self::caused(SendErrorKind::Invalid, error)
    }
}

impl From<SignError> for SendError {
    fn from(error: SignError) -> Self {
        Self::caused(SendErrorKind::Signing, error)
    }
}

impl From<SpoolError> for SendError {
    fn from(error: SpoolError) -> Self {
        let kind = if error.kind() == SpoolErrorKind::Closed { SendErrorKind::Stopped } else { SendErrorKind::Storage };
        Self::caused(kind, error)
    }
}

opaque_error! {
    /// Why a Mailer did not start.
    StartError, StartErrorKind, "did not start"
}

/// The kinds of [`StartError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartErrorKind {
    /// The clock says a time before this release was made: it is not set yet. Start when it is.
    Clock,
    /// Something that a Mailer cannot do without was not given; the text names it.
    Missing,
    /// A setting is wrong.
    Setting,
    /// The spool cannot be used.
    Spool,
}

impl From<SpoolError> for StartError {
    fn from(error: SpoolError) -> Self {
        Self::caused(StartErrorKind::Spool, error)
    }
}

impl From<ParseError> for StartError {
    fn from(error: ParseError) -> Self {
        Self::caused(StartErrorKind::Setting, error)
    }
}

opaque_error! {
    /// Why something that came back was not taken in, or a question not answered. Repeat it.
    FeedbackError, FeedbackErrorKind, "not taken in"
}

/// The kinds of [`FeedbackError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedbackErrorKind {
    /// A limit of reading was passed.
    Limit,
    /// The Mailer has stopped, or its last handle is gone.
    Stopped,
    /// The spool or the suppression store failed.
    Storage,
}

impl From<SpoolError> for FeedbackError {
    fn from(error: SpoolError) -> Self {
        let closed = error.kind() == SpoolErrorKind::Closed;
        Self::caused(if closed { FeedbackErrorKind::Stopped } else { FeedbackErrorKind::Storage }, error)
    }
}

impl From<posthaste_suppression::StoreError> for FeedbackError {
    fn from(error: posthaste_suppression::StoreError) -> Self {
        Self::caused(FeedbackErrorKind::Storage, error)
    }
}

//! A message that is arriving.

use std::fmt;
use std::sync::Arc;

use posthaste_smtp::{Abort, MailParameters};
use posthaste_types::Envelope;

use crate::fingerprint::Digest;
use crate::limits::{Budget, Buffer, NoRoom};
use crate::pipe::Pipe;
use crate::{Fingerprint, Incoming};

/// A message whose content is still arriving: taken piece by piece, or [collected](Self::collect).
///
/// While the handler takes no piece the client is not read: at most 192 KiB wait for it, and the client's TCP waits
/// too. A message is complete when [`next`](Self::next) has told `None`; before that everything of it may have to be
/// thrown away.
pub struct Arriving<'a> {
    envelope: &'a Envelope,
    parameters: &'a MailParameters,
    trace: Trace,
    pipe: Arc<Pipe>,
    budget: Arc<Budget>,
    digest: Option<Digest>,
    fingerprint: Option<Fingerprint>,
}

/// The trace field, before and after it was given out.
enum Trace {
    Due(String),
    Given,
}

impl<'a> Arriving<'a> {
    pub(crate) fn new(
        envelope: &'a Envelope,
        parameters: &'a MailParameters,
        trace: String,
        pipe: Arc<Pipe>,
        budget: Arc<Budget>,
    ) -> Self {
        Self { envelope, parameters, trace: Trace::Due(trace), pipe, budget, digest: None, fingerprint: None }
    }

    /// Sender and recipients with their DSN parameters: the recipients that the handler accepted, each once.
    pub fn envelope(&self) -> &'a Envelope {
        self.envelope
    }

    /// What the client said with MAIL: size, body, SMTPUTF8. The size is a claim.
    pub fn parameters(&self) -> &'a MailParameters {
        self.parameters
    }

    /// The next piece, as soon as there is one: first the `Received` field of this hop, unless that is
    /// [switched off](crate::TraceField), then what the client sends, as in [`Incoming`]. `None` is the end: it is whole.
    ///
    /// # Errors
    /// [`ArrivalError`] if it will never be whole: throw away what was taken. What the handler says then is told to
    /// nobody; the client gets, or got, its reply.
    ///
    /// # Cancel safety
    /// Nothing is lost if it is dropped.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ArrivalError> {
        if let Trace::Due(field) = std::mem::replace(&mut self.trace, Trace::Given)
            && !field.is_empty()
        {
            return Ok(Some(field.into_bytes()));
        }
        let pipe = &self.pipe;
        let piece = std::future::poll_fn(|context| pipe.poll_next(context)).await.map_err(ArrivalError::aborted)?;
        match &piece {
            Some(piece) => {
                if let Some(digest) = &mut self.digest {
                    digest.update(piece);
                }
            }
            None => self.fingerprint = self.digest.take().map(Digest::finish).or(self.fingerprint),
        }
        Ok(piece)
    }

    /// Takes all that is left and throws it away. Only a handler that was told of the end can accept.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn skip(&mut self) -> Result<(), ArrivalError> {
        while self.next().await?.is_some() {}
        Ok(())
    }

    /// Takes the message into memory, which is counted against
    /// [`max_buffered`](crate::ReceiverConfig::max_buffered).
    ///
    /// # Errors
    /// [`ArrivalErrorKind::NoMemory`] if there is no room for it: returned by a handler it is 452 4.3.1 for the client.
    /// Else as [`next`](Self::next).
    pub async fn collect(mut self) -> Result<Incoming<'a>, ArrivalError> {
        let mut buffer = Buffer::new(Arc::clone(&self.budget));
        let field = match std::mem::replace(&mut self.trace, Trace::Given) {
            Trace::Due(field) => field,
            Trace::Given => String::new(),
        };
        // A small message comes in one piece: memory for the whole is taken once.
        let mut piece = self.next().await?;
        let announced = self.parameters.size().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        let come = piece.as_ref().map_or(0, Vec::len);
        buffer.reserve(field.len().saturating_add(announced.min(MOST_RESERVED).max(come)))?;
        buffer.push(field.as_bytes())?;
        while let Some(octets) = piece {
            buffer.push(&octets)?;
            piece = self.next().await?;
        }
        let (octets, reserved) = buffer.into_parts();
        self.pipe.keep(reserved);
        Ok(Incoming::new(self.envelope, self.parameters, octets, field.len()))
    }

    /// Has the [`fingerprint`](Self::fingerprint) made along the way. To be called before the first piece is taken.
    pub fn make_fingerprint(&mut self) {
        self.digest = Some(Digest::new(self.envelope));
    }

    /// The same as [`Incoming::fingerprint`]: behind the end, if it was [asked for](Self::make_fingerprint).
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        self.pipe.leave();
    }
}

impl fmt::Debug for Arriving<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arriving").field("recipients", &self.envelope.to().len()).finish_non_exhaustive()
    }
}

/// Why a message that was arriving is not there as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ArrivalError {
    kind: ArrivalErrorKind,
}

/// The kinds of [`ArrivalError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ArrivalErrorKind {
    /// The client gave it up, is gone, or broke a rule or a limit of the receiver.
    #[error("the content will not be completed: {0:?}")]
    Aborted(Abort),
    /// The memory for messages is used up.
    #[error("there is no memory for a further message")]
    NoMemory,
}

impl ArrivalError {
    fn aborted(why: Abort) -> Self {
        Self { kind: ArrivalErrorKind::Aborted(why) }
    }

    /// Why.
    pub fn kind(&self) -> ArrivalErrorKind {
        self.kind
    }

    /// Whether the same message may well arrive later.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, ArrivalErrorKind::NoMemory | ArrivalErrorKind::Aborted(Abort::Reset | Abort::SessionEnded))
    }
}

impl From<NoRoom> for ArrivalError {
    fn from(NoRoom: NoRoom) -> Self {
        Self { kind: ArrivalErrorKind::NoMemory }
    }
}

/// An announced size is a claim: memory for so many octets at most is taken before they are there.
const MOST_RESERVED: usize = 65_536;

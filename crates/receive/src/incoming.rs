//! A message that arrived.

use std::fmt;

use posthaste_smtp::MailParameters;
use posthaste_types::Envelope;

use crate::Fingerprint;
use crate::fingerprint::Digest;

/// A whole message, its size and header within the receiver's limits.
///
/// Its octets are as the client sent them: CRLF line ends, transparency dots taken out, and nothing else changed. 8-bit
/// octets, NULs and lines of more than 998 octets are possible. In front stands the `Received` field of this hop,
/// unless that is [switched off](crate::TraceField).
pub struct Incoming<'a> {
    envelope: &'a Envelope,
    parameters: &'a MailParameters,
    octets: Vec<u8>,
    trace: usize,
}

impl<'a> Incoming<'a> {
    /// `octets` begin with `trace` octets of a trace field.
    pub(crate) fn new(envelope: &'a Envelope, parameters: &'a MailParameters, octets: Vec<u8>, trace: usize) -> Self {
        Self { envelope, parameters, octets, trace }
    }

    /// Sender and recipients with their DSN parameters: the recipients that the handler accepted, each once.
    pub fn envelope(&self) -> &'a Envelope {
        self.envelope
    }

    /// What the client said with MAIL: size, body, SMTPUTF8.
    pub fn parameters(&self) -> &'a MailParameters {
        self.parameters
    }

    /// All octets, the trace field of this hop in front.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// All octets, taken out without a copy.
    pub fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    /// The octets that the client sent, without the trace field.
    pub fn as_sent(&self) -> &[u8] {
        self.octets.get(self.trace..).unwrap_or_default()
    }

    /// All octets in pieces of at most [`PIECE`](Self::PIECE), for what writes a stream.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.octets.chunks(Self::PIECE)
    }

    /// The largest piece of [`chunks`](Self::chunks), in octets.
    pub const PIECE: usize = 65_536;

    /// The same for the same message from the same sender to the same recipients, however often it comes.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut digest = Digest::new(self.envelope);
        digest.update(self.as_sent());
        digest.finish()
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("recipients", &self.envelope.to().len())
            .field("octets", &self.octets.len())
            .finish_non_exhaustive()
    }
}

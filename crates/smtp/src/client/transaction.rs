//! One mail to send, and what it needs of the peer.

use std::sync::Arc;

use posthaste_types::{BodyKind, Cause, Content, Envelope, Mail, Outcome, RequireTls};

use crate::capabilities::Capabilities;
use crate::parameters::MailParameters;
use crate::payload::{BinaryContent, Payload};
use crate::wishes::{ByMode, DeliverBy, Hold, Priority};

/// One mail for [`ClientSession::send`](crate::ClientSession::send): an envelope and a content, both shared.
#[derive(Clone, Debug)]
pub struct Transaction {
    envelope: Arc<Envelope>,
    payload: Payload,
    utf8_header: Utf8Header,
    priority: Option<Priority>,
    deliver_by: Option<DeliverBy>,
    hold: Option<Hold>,
}

/// Whether a header field holds UTF-8 beyond ASCII, which is SMTPUTF8's alone (RFC 6532 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Utf8Header {
    Present,
    Absent,
}

impl Transaction {
    /// Puts an envelope and a content together. Finds out whether a header field needs SMTPUTF8.
    pub fn new(envelope: impl Into<Arc<Envelope>>, content: Content) -> Self {
        Self::of_payload(envelope.into(), Payload::Lines(content))
    }

    /// The same for content that is no lines: it goes by BDAT (RFC 3030), whatever
    /// [`chunking`](crate::ClientConfig::chunking) and [`max_chunk`](crate::ClientConfig::max_chunk) say. A peer that does
    /// not offer BINARYMIME does not get it.
    pub fn binary(envelope: impl Into<Arc<Envelope>>, content: BinaryContent) -> Self {
        Self::of_payload(envelope.into(), Payload::Binary(content))
    }

    fn of_payload(envelope: Arc<Envelope>, payload: Payload) -> Self {
        let utf8_header = if payload.has_utf8_header() { Utf8Header::Present } else { Utf8Header::Absent };
        Self { envelope, payload, utf8_header, priority: None, deliver_by: None, hold: None }
    }

    /// The same mail with a priority (RFC 6710); a peer that does not offer MT-PRIORITY is not told.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The same mail with a time limit (RFC 2852). A peer that does not offer DELIVERBY is not told; with
    /// [`ByMode::Return`] it does not get the mail (§4.2).
    #[must_use]
    pub fn with_deliver_by(mut self, deliver_by: DeliverBy) -> Self {
        self.deliver_by = Some(deliver_by);
        self
    }

    /// The same mail, to be kept back by the next hop (RFC 4865). A peer that does not offer FUTURERELEASE, or not for
    /// so long, does not get the mail: it would deliver it at once.
    #[must_use]
    pub fn with_hold(mut self, hold: Hold) -> Self {
        self.hold = Some(hold);
        self
    }

    /// The envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The content; `None` if it is [binary](Self::binary).
    pub fn content(&self) -> Option<&Content> {
        if let Payload::Lines(content) = &self.payload { Some(content) } else { None }
    }

    pub(crate) fn envelope_shared(&self) -> Arc<Envelope> {
        Arc::clone(&self.envelope)
    }

    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Whether an address or a header field of it needs SMTPUTF8 (RFC 6531 §3.2).
    pub fn needs_smtputf8(&self) -> bool {
        self.utf8_header == Utf8Header::Present || self.envelope.needs_smtputf8()
    }

    /// The refusal of a peer that lacks what this mail needs, in words that begin with the enhanced
    /// status code: 5.6.7 SMTPUTF8, 5.6.3 8BITMIME and BINARYMIME, 5.7.30 REQUIRETLS, 5.3.3 DELIVERBY and FUTURERELEASE, 5.3.4 SIZE.
    ///
    /// Nothing is encoded again to fit: that would break its signatures (RFC 6376 §5.3).
    pub(crate) fn objection(&self, peer: &Capabilities, encrypted: bool) -> Option<Outcome> {
        let refused = |text: String| Some(Outcome::refused(Cause::local(text)));
        if self.needs_smtputf8() && !peer.offers("SMTPUTF8") {
            return refused("5.6.7 the mail needs SMTPUTF8 (RFC 6531), which the next hop does not offer".to_owned());
        }
        if let Some(what) = self.lacks_for_body(peer) {
            return refused(format!(
                "5.6.3 the mail needs {what}, which the next hop does not offer; encoding it anew would break its signatures"
            ));
        }
        if self.envelope.require_tls() == RequireTls::Yes && !(encrypted && peer.offers("REQUIRETLS")) {
            return refused(
                "5.7.30 the mail needs REQUIRETLS (RFC 8689), which the next hop does not offer".to_owned(),
            );
        }
        if let Some(by) = self.deliver_by
            && !peer.value("DELIVERBY").map_or(by.mode() == ByMode::Notify, |offered| by.is_within(offered))
        {
            return refused(
                "5.3.3 the mail needs DELIVERBY (RFC 2852), which the next hop does not offer so".to_owned(),
            );
        }
        if let Some(hold) = self.hold
            && !peer.value("FUTURERELEASE").is_some_and(|offered| hold.is_within(offered))
        {
            return refused(
                "5.3.3 the mail needs FUTURERELEASE (RFC 4865), which the next hop does not offer so".to_owned(),
            );
        }
        self.too_large(peer)
    }

    /// Octets are never encoded anew for a peer: that would break signatures (RFC 6376 §5.3).
    fn lacks_for_body(&self, peer: &Capabilities) -> Option<&'static str> {
        match self.payload.body_kind() {
            BodyKind::SevenBit => None,
            // RFC 3030 §3: and CHUNKING, without which it cannot be sent.
            BodyKind::Binary if peer.offers("BINARYMIME") && peer.offers("CHUNKING") => None,
            BodyKind::Binary => Some("BINARYMIME (RFC 3030)"),
            // RFC 6531 §3.1: SMTPUTF8 implies 8BITMIME.
            _ if peer.offers("8BITMIME") || peer.offers("SMTPUTF8") => None,
            _ => Some("8BITMIME (RFC 6152)"),
        }
    }

    fn too_large(&self, peer: &Capabilities) -> Option<Outcome> {
        let limit = peer.size_limit()?;
        let size = self.size();
        let text = format!("5.3.4 the mail has {size} octets, the next hop takes {limit} (SIZE, RFC 1870)");
        (size > limit).then(|| Outcome::refused(Cause::local(text)))
    }

    /// The parameters of MAIL for this peer: those alone that it offers.
    pub(crate) fn parameters(&self, peer: &Capabilities) -> MailParameters {
        let mut parameters = MailParameters::default();
        if peer.offers("SIZE") {
            parameters.size = Some(self.size());
        }
        let body = self.payload.body_kind();
        if body == BodyKind::Binary || peer.offers("8BITMIME") && body == BodyKind::EightBit {
            parameters.body = Some(body);
        }
        parameters.smtputf8 = self.needs_smtputf8();
        parameters.require_tls = self.envelope.require_tls();
        if peer.offers("DSN") {
            parameters.ret = self.envelope.ret();
            parameters.envid = self.envelope.envid().cloned();
        }
        parameters.priority = self.priority.filter(|_| peer.offers("MT-PRIORITY"));
        parameters.deliver_by = self.deliver_by.filter(|_| peer.offers("DELIVERBY"));
        parameters.hold = self.hold;
        parameters
    }

    /// RFC 1870 §6: without the dots of transparency.
    fn size(&self) -> u64 {
        u64::try_from(self.payload.len()).unwrap_or(u64::MAX)
    }
}

impl From<&Mail> for Transaction {
    fn from(mail: &Mail) -> Self {
        Self::new(mail.envelope().clone(), mail.content().clone())
    }
}

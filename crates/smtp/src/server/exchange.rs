//! AUTH whose answer is more than yes or no: SCRAM, and tokens that are refused.

use posthaste_types::{Reply, Tick};

use super::auth::{AuthLine, Claim};
use super::error::ServerError;
use super::event::ServerEvent;
use super::session::ServerSession;
use super::state::Question;
use crate::auth;
use crate::sasl::Mechanism;
use crate::scram::{Begun, Challenged, ScramKeys};

impl ServerSession {
    /// The client's first message of SCRAM.
    pub(super) fn on_scram(&mut self, now: Tick, base64: &[u8]) -> Result<(), ServerError> {
        let Some(begun) = auth::parse_base64(base64).and_then(|message| Begun::parse(&message)) else {
            return self.not_a_message(now, Mechanism::ScramSha256);
        };
        let username = begun.username().clone();
        self.claim = Claim::Begun(begun);
        self.ask(Question::Keys, ServerEvent::ScramUser { username });
        Ok(())
    }

    /// The host knows the user, or does not; the client cannot tell which.
    pub(super) fn challenge_user(&mut self, now: Tick, keys: Option<ScramKeys>) -> Result<(), ServerError> {
        let claim = std::mem::replace(&mut self.claim, Claim::Nobody);
        let (Claim::Begun(begun), Some(offer)) = (claim, &self.config.scram) else {
            return self.complain(now, "454 4.7.0 not now");
        };
        let challenged = begun.challenge(keys, offer);
        let challenge = auth::base64(challenged.message());
        self.challenge(now, &challenge, AuthLine::Proof(Box::new(challenged)))
    }

    /// The client's second message of SCRAM.
    pub(super) fn on_proof(&mut self, now: Tick, challenged: &Challenged, base64: &[u8]) -> Result<(), ServerError> {
        let username = challenged.username().clone();
        match auth::parse_base64(base64).and_then(|message| challenged.check(&message)) {
            Some(proof) => self.challenge(now, &auth::base64(&proof), AuthLine::Proven(username)),
            None => {
                self.events.push_back(ServerEvent::AuthFailed { mechanism: Mechanism::ScramSha256, username });
                self.say("535 5.7.8 authentication failed");
                self.count_auth_failure(now)
            }
        }
    }

    /// RFC 7628 §3.2.2: a challenge says what is wrong with a token; the refusal comes behind the answer to it.
    pub(super) fn refuse_auth(&mut self, now: Tick, mechanism: Mechanism, reply: &Reply) -> Result<(), ServerError> {
        self.claim = Claim::Nobody;
        let why = match mechanism {
            Mechanism::OAuthBearer => r#"{"status":"invalid_token"}"#,
            Mechanism::XOAuth2 => r#"{"status":"401","schemes":"bearer"}"#,
            _ => "",
        };
        if why.is_empty() || !reply.is_permanent() {
            self.outgoing.extend_from_slice(reply.to_wire().as_bytes());
            return if reply.is_permanent() { self.count_auth_failure(now) } else { self.count_error(now) };
        }
        self.challenge(now, &auth::base64(why), AuthLine::Refused(reply.to_wire()))
    }
}

//! Failure reports on single messages (RFC 6591, RFC 9991).

mod read;
mod write;

use std::net::IpAddr;

use posthaste_types::{MessageId, Timestamp};

use crate::words::words;

pub(crate) use read::{Found, read_message};

/// What a receiver says of one message, or of several alike, that failed authentication.
///
/// Such a report shows parts of somebody's mail: addresses, the subject, sometimes the header. Keep it as you would
/// keep mail. All texts are one line without controls, but [`original_header`](Self::original_header).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// `User-Agent`: the program that reports.
    pub user_agent: String,
    /// `Version`: 1 in the standard; `None` if it was not a number.
    pub version: Option<u32>,
    /// `Auth-Failure`: what failed.
    pub auth_failure: Option<AuthFailure>,
    /// `Identity-Alignment` (RFC 9991 §4): the mechanisms that did not give an aligned identity. `None` if the field is not
    /// there; empty for the word `none`.
    pub identity_alignment: Option<Vec<Mechanism>>,
    /// `Delivery-Result`: what became of the message.
    pub delivery_result: Option<DeliveryResult>,
    /// `Authentication-Results`, each field as it stands.
    pub authentication_results: Vec<String>,
    /// `Reported-Domain`.
    pub reported_domains: Vec<String>,
    /// `Reported-URI`.
    pub reported_uris: Vec<String>,
    /// `Source-IP`: the client that sent the message.
    pub source_ip: Option<IpAddr>,
    /// `Source-Port`.
    pub source_port: Option<u16>,
    /// `Arrival-Date`.
    pub arrival_date: Option<Timestamp>,
    /// `Incidents`: how many messages alike; 1 where it is not said.
    pub incidents: u64,
    /// `Original-Envelope-Id`.
    pub original_envelope_id: Option<String>,
    /// `Original-Mail-From`, without brackets; empty for a null reverse-path.
    pub original_mail_from: Option<String>,
    /// `Original-Rcpt-To`, without brackets.
    pub original_rcpt_to: Vec<String>,
    /// `Reporting-MTA`, as it stands.
    pub reporting_mta: Option<String>,
    /// `DKIM-Domain`.
    pub dkim_domain: Option<String>,
    /// `DKIM-Identity`.
    pub dkim_identity: Option<String>,
    /// `DKIM-Selector`.
    pub dkim_selector: Option<String>,
    /// `DKIM-Selector-DNS`: the key record as it was found.
    pub dkim_selector_dns: Option<String>,
    /// `DKIM-Canonicalized-Header`: base64, without white space.
    pub dkim_canonicalized_header: Option<String>,
    /// `DKIM-Canonicalized-Body`: base64, without white space.
    pub dkim_canonicalized_body: Option<String>,
    /// `SPF-DNS`: the SPF record as it was found.
    pub spf_dns: Option<String>,
    /// From of the message, as it stands.
    pub original_from: Option<String>,
    /// Its subject, decoded.
    pub original_subject: Option<String>,
    /// Its Message-ID.
    pub original_message_id: Option<MessageId>,
    /// Its Date.
    pub original_date: Option<Timestamp>,
    /// Its header as the report carries it, at most [`Limits::original`](crate::Limits::original) octets.
    pub original_header: Vec<u8>,
}

impl Failure {
    /// A report of one program on one failure of one domain. The rest is to be filled in.
    pub fn new(user_agent: impl Into<String>, auth_failure: AuthFailure, reported_domain: impl Into<String>) -> Self {
        Self {
            user_agent: user_agent.into(),
            version: Some(1),
            auth_failure: Some(auth_failure),
            reported_domains: vec![reported_domain.into()],
            incidents: 1,
            ..Self::default()
        }
    }
}

words! {
    /// `Auth-Failure` (RFC 6591 §3.3, RFC 9991 §4).
    AuthFailure {
        /// DKIM signing practices (RFC 5617).
        Adsp = "adsp",
        /// The hash of the body does not agree.
        BodyHash = "bodyhash",
        /// No mechanism, or not all of them, gave an aligned identity.
        Dmarc = "dmarc",
        /// The key was revoked.
        Revoked = "revoked",
        /// The signature does not hold.
        Signature = "signature" | "dkim",
        /// SPF did not pass.
        Spf = "spf",
    }
}

words! {
    /// `Delivery-Result` (RFC 6591 §3.2.2).
    DeliveryResult {
        /// Into the mailbox.
        Delivered = "delivered" | "inbox" | "none",
        /// Something else.
        Other = "other",
        /// The receiver's policy decided.
        Policy = "policy",
        /// Refused.
        Reject = "reject" | "rejected",
        /// Treated as spam.
        Spam = "spam" | "quarantine",
    }
}

words! {
    /// A mechanism that DMARC stands on.
    Mechanism {
        /// DKIM.
        Dkim = "dkim",
        /// SPF.
        Spf = "spf",
    }
}

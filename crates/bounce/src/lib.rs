//! Delivery reports and SMTP replies to one verdict per recipient.
//!
//! Two questions: what does this message that came back say of whom ([`read`]), and what does this answer
//! of a server mean ([`classify`], [`classify_cause`])? Both end in a [`Verdict`]: a class, what to do, what
//! it means for the address on a list, and the words and the rule that decided.
//!
//! ```
//! use posthaste_bounce::{Action, ListEffect, Severity, classify};
//! use posthaste_types::{BounceClass, ProviderId, Reply, Stage};
//!
//! let report = "Return-Path: <>\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n\
//!     Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n\
//!     --x\r\n\r\nI could not deliver your message.\r\n\
//!     --x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n\
//!     Final-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\
//!     Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--x--\r\n";
//! let reading = posthaste_bounce::read(report.as_bytes())?;
//! let [bob] = reading.recipients() else { panic!("one recipient") };
//! assert_eq!(bob.address.as_str(), "bob@example.org");
//! assert_eq!((bob.class(), bob.action()), (BounceClass::BadMailbox, Action::SuppressAddress));
//!
//! let reply = Reply::parse(b"421 4.7.28 Our system has detected an unusual rate of email")?;
//! let verdict = classify(&reply, Stage::Data, Some(&ProviderId::GOOGLE));
//! assert_eq!((verdict.class, verdict.severity), (BounceClass::RateLimit, Severity::Transient));
//! assert_eq!(verdict.list_effect, ListEffect::None);
//! println!("{verdict}\n{}", verdict.advice());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The law
//! Failures of reputation, policy, authentication, content, TLS, PTR and rate never count against the
//! recipient, and a temporary answer never suppresses. [`Rules::parse`] refuses tables that break it.
//!
//! # What a report proves
//! Nothing, by itself: anybody can write one. Act only if one of [`Reading::return_paths`] carries a token of
//! yours or the [`Original`] a Message-ID that you sent, and then on the recipient that these name. A report
//! never suppresses more than one address.
//!
//! # Scope
//! Delivery status notifications (RFC 3464 in the form of RFC 6522, RFC 6533), read tolerantly; bounces in
//! words for people, of many mail systems and in many languages and character sets, as far as they name an
//! address; notices of Amazon SES as JSON; a bounce that is passed on as a message within a message, which
//! says so; feedback reports (RFC 5965) as complaints; automatic answers (RFC 3834) and challenges. Mail
//! that quotes a bounce is none. Replies by RFC 5321, RFC 3463 and the registry of RFC 5248, behind what
//! the providers themselves publish and what servers say everywhere. The rules are data, see
//! `data/README.md`, and replaceable: [`Rules`], [`Tables`].
//!
//! Each judgement says how sure it is ([`Confidence`]), which rule decided ([`Verdict::rule`]) and which
//! octets of the message said it ([`RecipientReport::said_at`]). How well real bounces are read stands in
//! `docs/bounces.md`.
//!
//! # Limits
//! [`Limits`]: size, header, depth, parts, recipients, fields and text, each with its default. Only a limit
//! makes an error; everything else is a reading, with what it lacks in [`Reading::defects`]. Of an answer
//! the first 4 KiB decide.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod classify;
mod read;
mod report;
mod rules;
mod said;
mod verdict;
mod work;

pub use classify::{classify, classify_cause, classify_diagnostic, reply_within};
pub use read::{Limits, ReadError, ReadErrorKind, read, read_with};
pub use report::{
    Defect, Format, Original, Permanence, Reading, RecipientReport, ReportKind, ReportedAction, ReportedAddress,
};
pub use rules::{Rules, RulesError, RulesErrorKind, Tables};
pub use verdict::{Action, Confidence, ListEffect, Scope, Severity, Verdict};

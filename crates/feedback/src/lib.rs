//! Complaints and other feedback of mailbox providers to typed reports.
//!
//! ```
//! use posthaste_feedback::{Action, Authenticity, Form, Kind, Trace, read};
//!
//! let mail = "From: feedback@isp.example\r\nTo: fbl@news.example\r\nMIME-Version: 1.0\r\n\
//!     Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n\
//!     --x\r\n\r\nSomebody says that this is spam.\r\n\
//!     --x\r\nContent-Type: message/feedback-report\r\n\r\n\
//!     Feedback-Type: abuse\r\nUser-Agent: Loop/1.0\r\nVersion: 1\r\nOriginal-Rcpt-To: redacted@isp.example\r\n\r\n\
//!     --x\r\nContent-Type: message/rfc822\r\n\r\n\
//!     Return-Path: <b-7f3a@bounces.news.example>\r\nMessage-ID: <1@news.example>\r\nSubject: News\r\n\r\n--x--\r\n";
//! let report = read(mail.as_bytes())?.ok_or("no feedback")?;
//! assert_eq!((report.form, report.kind), (Form::Arf, Kind::Abuse));
//! assert!(report.recipients[0].address().is_none()); // it is redacted
//! assert!(matches!(report.traces().next(), Some(Trace::ReturnPath(_)))); // a token of ours tells
//!
//! // The domains whose DKIM signatures of the report hold come from outside.
//! let signer = "isp.example".parse()?;
//! assert_eq!(report.verdict(&Authenticity::Dkim(&[signer])).action, Action::Complaint);
//! assert_eq!(report.verdict(&Authenticity::Unknown).action, Action::Nothing);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Forms
//! * ARF: `message/feedback-report` (RFC 5965), with Source-Port (RFC 6692). Of an authentication failure (RFC 6591) only
//!   the type is told; `posthaste-report` reads the rest.
//! * JMRP: Microsoft's complaints, a message within a message.
//! * XARF versions 3 and 4, in a mail or alone ([`xarf::parse`]), checked against their schemas.
//! * What a person forwards, if the words say that it is a complaint.
//!
//! # Whose complaint
//! Providers redact recipients (RFC 6590). [`Report::traces`] gives what may name them, the surest first: a token in the
//! return path or in a field of the original, CFBL-Feedback-ID, Message-ID, Original-Rcpt-To, Feedback-ID.
//!
//! # What a report proves
//! Nothing, by itself: anybody can write one. [`Report::verdict`] acts only if the reporter is authenticated, as RFC 9477
//! demands, and the caller acts only on what a trace names.
//!
//! # Data of providers
//! [`postmaster`] reads what Google Postmaster Tools answers, [`snds`] what Microsoft SNDS writes: readings for people and
//! alerts, about nobody in particular.
//!
//! # Limits
//! [`Limits`]: the message as `posthaste-message` has it, fields, texts, XARF documents and their samples.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

pub mod cfbl;
mod json;
mod limits;
pub mod postmaster;
mod read;
mod report;
pub mod snds;
mod verdict;
pub mod xarf;

pub use limits::{Limits, ReadError, ReadErrorKind};
pub use read::{read, read_with};
pub use report::{Defect, Form, Kind, Original, Recipient, Report, Trace};
pub use verdict::{Action, Authenticity, Verdict};

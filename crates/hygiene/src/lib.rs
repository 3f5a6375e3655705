//! Is this address worth mailing? Syntax, the form for comparing, and a judgement with every reason.
//!
//! [`check`] reads one address and tells its forms apart, the obsolete ones too. [`normal_form`] makes the key by which
//! two spellings of one mailbox are equal; the form for sending ([`Syntax::address`]) is never changed. [`mailboxes`]
//! reads lists with display names. [`judge`] says whether to mail it and why, by the form and by [`Lists`] that are
//! data; [`check_domains`] asks the DNS.
//!
//! ```
//! use posthaste_hygiene::{Category, Lists, Reason, Verdict, check, judge, normal_form};
//!
//! let read = check("Ada.Lovelace+news@GMail.com");
//! assert_eq!(read.category(), Category::Valid);
//! assert_eq!(read.address(), Some("Ada.Lovelace+news@GMail.com")); // for sending
//! assert_eq!(normal_form("Ada.Lovelace+news@GMail.com"), normal_form("adalovelace@gmail.com")); // for comparing
//!
//! let lists = Lists::builtin();
//! let judgement = judge("info@gmial.com", &lists);
//! assert_eq!(judgement.verdict, Verdict::Risky);
//! assert!(judgement.reasons.contains(&Reason::Role));
//! assert_eq!(judgement.suggestion().map(|typo| typo.domain.as_str()), Some("gmail.com"));
//! ```
//!
//! # Scope
//! RFC 5321 §4.1.2 and §4.1.3, RFC 5322 §3.4 and §4.4, RFC 6531 §3.3 (syntax); RFC 2142 (roles); RFC 2606 and RFC 6761
//! (reserved domains); RFC 5321 §5.1 and RFC 7505 (which domain takes mail). The provider rules of the normal form
//! hold for the providers' own domains, never for their customers' domains. Nothing here asks a mail server.
//!
//! # Limits
//! An address is read up to [`MAX_INPUT`] octets. The lists and the top-level domains are those of the build, until the
//! caller gives newer ones. Looks ([`Reason::Generated`], [`Reason::TrapPattern`]) and typos are signs, not proofs.
//! [`DnsLimits`] bounds the questions.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod dns;
mod form;
mod judge;
mod lists;
mod literal;
mod looks;
mod mailboxes;
mod normal;
mod phrase;
mod scan;
mod set;
mod syntax;
mod typo;

pub use dns::{DnsLimits, DomainCheck, check_domain, check_domains};
pub use form::{Category, Form, Forms};
pub use judge::{Judgement, Reason, Verdict, judge};
pub use lists::Lists;
pub use mailboxes::{ListedMailbox, Mailboxes, mailboxes};
pub use normal::{NormalForm, normal_form};
pub use set::WordSet;
pub use syntax::{MAX_INPUT, Syntax, check};
pub use typo::{Likeness, Suggestion, suggest_domain};

//! What mailbox providers demand of those who send to them.
//!
//! [`Requirements`] are rules as data: each names the [`Demand`], who must obey it ([`Scope`]: everybody, or bulk senders),
//! how much it is enforced ([`Force`]), with which replies, and where that is known from, with dates. The built-in table
//! has Gmail, Yahoo, Outlook.com and iCloud Mail; a table of your own is [parsed](Requirements::parse) at run time.
//!
//! ```
//! use posthaste_provider::{Demand, Requirements, Scope, Volume};
//! use posthaste_types::ProviderId;
//!
//! let rules = Requirements::builtin();
//! let gmail = rules.get(&ProviderId::GOOGLE).expect("the built-in table has it");
//! assert_eq!(gmail.scope(Volume::per_day(200)), Some(Scope::All));
//! assert_eq!(gmail.scope(Volume::per_day(20_000)), Some(Scope::Bulk));
//!
//! // Who asks for DMARC, and what it answers where there is none.
//! let demanded: Vec<String> = rules
//!     .demanding(&Demand::Dmarc, Volume::per_day(20_000))
//!     .map(|demanded| format!("{}: {}", demanded.provider.name(), demanded.rule.replies()[0]))
//!     .collect();
//! assert_eq!(demanded[2], "Outlook.com: 550 5.7.515");
//! # Ok::<(), posthaste_provider::RequirementsError>(())
//! ```
//!
//! # Scope
//! Requirements for senders. Limits, hosts and reply rules of providers are elsewhere (`posthaste-bounce`,
//! `posthaste-queue`).
//!
//! # Limits
//! [`Requirements::MAX`] octets of a table, [`Requirements::MAX_RULES`] rules.
//!
//! # Features
//! None.

#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

mod demand;
mod error;
mod profile;
mod reply;
mod requirements;
mod rule;
mod table;
mod volume;

pub use demand::Demand;
pub use error::{RequirementsError, RequirementsErrorKind};
pub use profile::{Profile, SourceNote};
pub use reply::ReplyHint;
pub use requirements::{Demanded, Requirements};
pub use rule::{Force, Rule, Scope};
pub use volume::Volume;

//! The life of a DKIM key: published, seen everywhere, signing, retired, removed or revoked.
//!
//! [`Rotation`] is the state machine: what name servers show ([`Showing`]) and the time go in, the changes to keep
//! ([`KeyMove`]) and what a person must do ([`NextStep`]) come out. It asks nobody and waits for nothing. [`tend`] drives
//! it over the ports: it reads a [`KeyStore`](posthaste_sign::KeyStore), asks every authoritative name server of each key
//! ([`ask_name_servers`]), and keeps what came of it. Call it now and then; each call says when the next is due.
//!
//! | stage | what it waits for | the record |
//! |---|---|---|
//! | made | every name server shows the key | publish it |
//! | shown | [`KeyPlan::settle`] | keep it |
//! | signing | a successor of the same kind begins to sign | keep it |
//! | retiring | [`KeyPlan::queue_life`] and [`KeyPlan::margin`] | keep it, then remove it |
//! | revoked | the same | `p=`, which says that the key is taken back (RFC 6376 §3.6.1) |
//! | removed | - | gone, and the secret is erased |
//!
//! A key that *retires* was good to the end: mail that it signed may still wait in a queue, so its record stands until
//! none can be left. A key that is *revoked* may be in foreign hands: from the moment its record says `p=`, whatever it
//! signed fails, mail on the way too.
//!
//! ```
//! use posthaste_auth::keys::{KeyPlan, NextStep, Rotation, Sees, ServerView, Showing};
//! use posthaste_sign::{KeyEntry, KeyStage};
//! use posthaste_types::Timestamp;
//!
//! let now = Timestamp::from_unix_secs(1_790_000_000);
//! let record = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
//! let key = KeyEntry::new("example.com".parse()?, "s1".parse()?, record, now)?;
//! let mut rotation = Rotation::new(KeyPlan::default(), vec![key]);
//! let name = "s1._domainkey.example.com".parse()?;
//!
//! let step = &rotation.next_steps(now)[0];
//! assert!(step.to_string().starts_with("publish: s1._domainkey.example.com. IN TXT \"v=DKIM1;"));
//!
//! let behind = ServerView::new("ns2.example.com".parse()?, Sees::Nothing);
//! let shows = ServerView::new("ns1.example.com".parse()?, Sees::Key);
//! rotation.handle_showing(now, &name, Showing::new([shows.clone(), behind]));
//! assert_eq!(
//!     rotation.next_steps(now)[0].to_string(),
//!     "wait: ns2.example.com does not show s1._domainkey.example.com",
//! );
//!
//! rotation.handle_showing(now, &name, Showing::new([shows]));
//! let moved = rotation.poll_move().ok_or("every server shows it")?;
//! assert_eq!(moved.to.stage, KeyStage::Shown);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ask;
mod join;
mod plan;
mod rotation;
mod showing;
mod step;
mod tend;

pub use ask::ask_name_servers;
pub use plan::KeyPlan;
pub use rotation::{KeyMove, Rotation};
pub use showing::{Sees, ServerView, Showing};
pub use step::NextStep;
pub use tend::{Tended, carry_out, tend};

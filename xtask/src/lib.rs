//! The house rules of posthaste, as checks that run within `cargo test` and from the command line.
//!
//! | command | what it fails on |
//! |---|---|
//! | `cargo run -p xtask -- layers` | an arrow that points up or sideways; a runtime, C library, random source or socket under L0-L2; a lib.rs of L0-L2 that does not forbid unsafe code and the clock |
//! | `cargo run -p xtask -- public` | a public signature that shows a type of mail-auth, of hickory outside of its adapter, or of mail-parser and mail-builder in L0-L2 |
//! | `cargo run -p xtask -- tidy` | long files and functions, stubs, ignored tests, sleeps in tests, machine paths, unfinished manifests |
//! | `cargo run -p xtask -- package` | a package that lacks a file, or would publish a stray one |
//! | `cargo run -p xtask -- list examples` | nothing: prints the examples (or `benches`), one a line, for scripts |
//!
//! Every check is a function from values to [`Finding`]s. What reads the disk or runs cargo stands apart in [`Workspace`],
//! in `tidy::sources` and in each module's `run`.

mod cargo;
mod error;
mod finding;
pub mod layers;
pub mod list;
pub mod package;
pub mod public;
pub mod tidy;
mod workspace;

pub use error::Error;
pub use finding::{Finding, Severity};
pub use workspace::{Member, Workspace};

//! Arrows point down only, and L0-L2 stay free of the outside world.
//!
//! Each crate names its layer in its Cargo.toml, as `[package.metadata.posthaste] layer = N`. ARCHITECTURE.md says what
//! each layer holds. The law is in three parts: [`arrows()`] between our crates, [`forbidden()`] for what others' crates drag in,
//! [`purity()`] for what the source may call.

mod arrows;
mod forbidden;
mod purity;

pub use arrows::arrows;
pub use forbidden::{forbidden, reason_against};
pub use purity::purity;

use crate::{Error, Finding, Workspace};

/// Runs all three parts on the workspace.
pub fn run(workspace: &Workspace) -> Result<Vec<Finding>, Error> {
    let mut findings = arrows(workspace);
    findings.extend(forbidden::run(workspace)?);
    findings.extend(purity::run(workspace)?);
    Ok(findings)
}

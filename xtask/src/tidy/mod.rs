//! Sizes, words and manifests: what a reader meets first.

mod manifests;
mod shape;
mod sizes;
mod sources;
mod words;

pub use manifests::manifests;
pub use sizes::{Sizes, sizes};
pub use sources::{Source, sources};
pub use words::words;

use crate::{Error, Finding, Workspace};

/// Runs every rule on the workspace's own files. The second value sums the sizes up.
pub fn run(workspace: &Workspace) -> Result<(Vec<Finding>, Sizes), Error> {
    let files = sources(workspace.root())?;
    let (mut findings, summary) = sizes(&files);
    findings.extend(words(&files));
    findings.extend(manifests(workspace));
    Ok((findings, summary))
}

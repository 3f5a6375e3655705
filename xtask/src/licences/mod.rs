//! Licences, sources, banned crates and second versions, by the law of `deny.toml`.
//!
//! `deny.toml` is also what cargo-deny reads. This check needs neither that tool nor a network once the crates are there, and
//! knows these keys: `graph.targets`, `licenses.allow`, `licenses.exceptions`, `bans.deny`, `bans.skip`. Two things are stricter
//! than cargo-deny's defaults: dev-dependencies need an allowed licence too, and every source but the default registry is refused.

mod policy;
mod tree;

pub use policy::Policy;
pub use tree::Tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Error, Finding};
use tree::Package;

/// Reads `deny.toml` and the whole tree of the workspace, and judges it.
pub fn run(root: &Path) -> Result<Vec<Finding>, Error> {
    let text = fs::read_to_string(root.join(DENY)).map_err(|e| Error::because(DENY, e))?;
    let policy = Policy::parse(&text)?;
    let tree = Tree::load(root, policy.targets())?;
    Ok(judge(&policy, &tree))
}

/// Judges the tree by the policy.
pub fn judge(policy: &Policy, tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in tree.packages() {
        findings.extend(licence(policy, package));
        findings.extend(source(tree, package));
        if let Some(reason) = policy.ban(package) {
            findings.push(Finding::fail(package.to_string(), format!("banned: {reason}")));
        }
    }
    findings.extend(duplicates(policy, tree));
    findings
}

fn licence(policy: &Policy, package: &Package) -> Option<Finding> {
    let Some(text) = &package.license else {
        return Some(Finding::fail(package.to_string(), "names no licence as an SPDX expression"));
    };
    // `MIT/Apache-2.0` is how old manifests write OR.
    let expression = match spdx::Expression::parse(&text.replace('/', " OR ")) {
        Ok(expression) => expression,
        Err(e) => return Some(Finding::fail(package.to_string(), format!("licence {text:?}: {e}"))),
    };
    let allowed = expression.evaluate(|requirement| policy.allows(package, &requirement.to_string()));
    (!allowed).then(|| {
        Finding::fail(package.to_string(), format!("licence {text:?} is not allowed by {DENY} [licenses] allow"))
    })
}

fn source(tree: &Tree, package: &Package) -> Option<Finding> {
    match package.source.as_deref() {
        Some(REGISTRY) => None,
        None if tree.is_member(package) => None,
        None => Some(Finding::fail(package.to_string(), "comes from a path outside the workspace")),
        Some(other) => {
            Some(Finding::fail(package.to_string(), format!("comes from {other}, not the default registry")))
        }
    }
}

/// Second versions among what is built for users, and rows of the skip list that skip nothing.
fn duplicates(policy: &Policy, tree: &Tree) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
    for package in tree.without_dev() {
        versions.entry(package.name.as_str()).or_default().push(package);
    }
    let mut findings = Vec::new();
    for (name, all) in &versions {
        let counted: Vec<_> = all.iter().filter(|package| !policy.skips(package)).collect();
        if counted.len() > 1 {
            let list: Vec<_> = counted.iter().map(|package| package.version.to_string()).collect();
            let oldest = &counted[0].version;
            let message = format!(
                "{name} stands in the tree as {}: see `cargo tree -i {name}@{oldest}`; if it must be so, add \
                 {{ crate = \"{name}@{oldest}\", reason = \"...\" }} to [bans] skip",
                list.join(" and "),
            );
            findings.push(Finding::fail(DENY, message));
        }
    }
    let several: Vec<_> = versions.into_values().filter(|all| all.len() > 1).flatten().collect();
    let idle = policy.idle_skips(&several);
    findings.extend(idle.map(|skip| Finding::ask(DENY, format!("[bans] skip {skip} skips nothing now"))));
    findings
}

const DENY: &str = "deny.toml";

const REGISTRY: &str = concat!("registry+https://github.com/rust-lang/crates.", "io-index");

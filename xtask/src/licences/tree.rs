//! Every package that the workspace resolves to, as `cargo metadata` tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use semver::Version;
use serde::Deserialize;

use crate::{Error, cargo};

/// The packages of the workspace and all that they stand on.
#[derive(Debug)]
pub struct Tree {
    packages: BTreeMap<String, Package>,
    members: BTreeSet<String>,
    /// From the id of a package to those of its normal and build dependencies.
    arrows: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    id: String,
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) license: Option<String>,
    pub(super) source: Option<String>,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

impl Tree {
    /// Resolves the workspace with all features, for `targets`, or for every target where none is named.
    pub fn load(root: &Path, targets: &[String]) -> Result<Self, Error> {
        let mut args = vec!["metadata", "--format-version", "1", "--all-features"];
        args.extend(targets.iter().flat_map(|target| ["--filter-platform", target]));
        Self::from_json(&cargo::cargo(root, &args)?)
    }

    /// Reads the output of `cargo metadata`.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        let metadata: Metadata = serde_json::from_str(json).map_err(|e| Error::because("cargo metadata", e))?;
        let nodes = metadata.resolve.nodes;
        let in_use: BTreeSet<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
        let packages = metadata.packages.into_iter().filter(|package| in_use.contains(package.id.as_str()));
        let packages = packages.map(|package| (package.id.clone(), package)).collect();
        let arrows = nodes.into_iter().map(|node| {
            let built = node.deps.into_iter().filter(Dep::is_built).map(|dep| dep.pkg).collect();
            (node.id, built)
        });
        Ok(Self { packages, members: metadata.workspace_members, arrows: arrows.collect() })
    }

    pub(super) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    pub(super) fn is_member(&self, package: &Package) -> bool {
        self.members.contains(&package.id)
    }

    /// What is reached without a dev-dependency, by name and version.
    pub(super) fn without_dev(&self) -> Vec<&Package> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&str> = self.members.iter().map(String::as_str).collect();
        while let Some(id) = next.pop() {
            if reached.insert(id) {
                next.extend(self.arrows.get(id).into_iter().flatten().map(String::as_str));
            }
        }
        let mut packages: Vec<_> = reached.iter().filter_map(|id| self.packages.get(*id)).collect();
        packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        packages
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dep>,
}

#[derive(Deserialize)]
struct Dep {
    pkg: String,
    dep_kinds: Vec<DepKind>,
}

#[derive(Deserialize)]
struct DepKind {
    kind: Option<String>,
}

impl Dep {
    fn is_built(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"))
    }
}

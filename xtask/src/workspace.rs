//! The members of the workspace, as `cargo metadata --no-deps` tells them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{Error, cargo};

/// The members of the workspace.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    members: Vec<Member>,
}

/// One package of the workspace.
#[derive(Debug, Deserialize)]
pub struct Member {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) readme: Option<PathBuf>,
    #[serde(default)]
    pub(crate) keywords: Vec<String>,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    publish: Option<Vec<String>>,
    metadata: Option<PackageMetadata>,
    dependencies: Vec<Dependency>,
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct PackageMetadata {
    posthaste: Option<OurMetadata>,
}

#[derive(Debug, Deserialize)]
struct OurMetadata {
    layer: Option<u8>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// Absent for a normal dependency, else `dev` or `build`.
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Member>,
    workspace_root: PathBuf,
    #[serde(default)]
    target_directory: PathBuf,
}

impl Workspace {
    /// Reads the workspace that holds `root`. Needs no network: only the members' own manifests are read.
    pub fn load(root: &Path) -> Result<Self, Error> {
        Self::from_json(&cargo::cargo(root, &["metadata", "--no-deps", "--format-version", "1"])?)
    }

    /// Reads the output of `cargo metadata --no-deps`.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        let metadata: Metadata = serde_json::from_str(json).map_err(|e| Error::because("cargo metadata", e))?;
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory, members: metadata.packages })
    }

    /// The folder of the workspace's Cargo.toml.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Every member, published or not.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The members that are published.
    pub fn published(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_published())
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// `path` as it is told to people: below the root, with forward slashes.
    pub(crate) fn show(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string().replace('\\', "/")
    }

    pub(crate) fn manifest(&self, member: &Member) -> String {
        self.show(&member.manifest_path)
    }
}

impl Member {
    /// The name of the package.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its layer, where it names one.
    pub fn layer(&self) -> Option<u8> {
        self.metadata.as_ref()?.posthaste.as_ref()?.layer
    }

    /// Is it meant for users, and not `publish = false`?
    pub fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }

    /// Is it in the layers without socket, task, file, clock and random source?
    pub(crate) fn is_pure(&self) -> bool {
        self.layer().is_some_and(|layer| layer <= 2)
    }

    /// What it is built on: normal and build dependencies, optional ones too. Dev-dependencies are free.
    pub(crate) fn stands_on(&self) -> impl Iterator<Item = &str> {
        self.dependencies
            .iter()
            .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
            .map(|dependency| dependency.name.as_str())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new(""))
    }
}

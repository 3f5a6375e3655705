//! The law, as `deny.toml` writes it.

use std::collections::BTreeMap;

use semver::VersionReq;
use serde::Deserialize;

use super::tree::Package;
use crate::Error;

/// What `deny.toml` says, as far as it is read here.
#[derive(Debug)]
pub struct Policy {
    targets: Vec<String>,
    allow: Vec<String>,
    exceptions: Vec<(Spec, Vec<String>)>,
    deny: Vec<(Spec, String)>,
    skip: Vec<Spec>,
}

impl Policy {
    /// Reads the text of a `deny.toml`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let file: File = toml::from_str(text).map_err(|e| Error::because("deny.toml", e))?;
        let deny = file.bans.deny.into_iter().map(|row| Ok((Spec::parse(row.name())?, row.reason().to_owned())));
        let skip = file.bans.skip.into_iter().map(|row| Spec::parse(row.name()));
        let exceptions = file.licenses.exceptions.into_iter().map(|row| Ok((Spec::parse(&row.name)?, row.allow)));
        Ok(Self {
            targets: file.graph.targets,
            allow: file.licenses.allow,
            exceptions: exceptions.collect::<Result<_, Error>>()?,
            deny: deny.collect::<Result<_, Error>>()?,
            skip: skip.collect::<Result<_, Error>>()?,
        })
    }

    pub(super) fn targets(&self) -> &[String] {
        &self.targets
    }

    /// May the package be used under the one licence `id`, perhaps `X WITH Y`?
    pub(super) fn allows(&self, package: &Package, id: &str) -> bool {
        let exceptions = self.exceptions.iter().filter(|(spec, _)| spec.matches(package));
        exceptions.flat_map(|(_, allow)| allow).chain(&self.allow).any(|allowed| allowed == id)
    }

    /// Why the package may not be used at all, if so.
    pub(super) fn ban(&self, package: &Package) -> Option<&str> {
        self.deny.iter().find(|(spec, _)| spec.matches(package)).map(|(_, reason)| reason.as_str())
    }

    /// Is this version left out of the count of versions?
    pub(super) fn skips(&self, package: &Package) -> bool {
        self.skip.iter().any(|spec| spec.matches(package))
    }

    /// The rows of the skip list that none of `several` needs.
    pub(super) fn idle_skips(&self, several: &[&Package]) -> impl Iterator<Item = &str> {
        let idle = self.skip.iter().filter(|spec| !several.iter().any(|package| spec.matches(package)));
        idle.map(|spec| spec.text.as_str())
    }
}

/// `name`, `name@1.2.3` for that version alone, or `name:1.2` for a range.
#[derive(Debug)]
struct Spec {
    text: String,
    name: String,
    version: VersionReq,
}

impl Spec {
    fn parse(text: &str) -> Result<Self, Error> {
        let (name, version) = match (text.split_once('@'), text.split_once(':')) {
            (Some((name, exact)), _) => (name, format!("={exact}")),
            (None, Some((name, range))) => (name, range.to_owned()),
            (None, None) => (text, "*".to_owned()),
        };
        let version = VersionReq::parse(&version).map_err(|e| Error::because(format!("deny.toml: {text}"), e))?;
        Ok(Self { text: text.to_owned(), name: name.to_owned(), version })
    }

    fn matches(&self, package: &Package) -> bool {
        // A range ought to hold for pre-releases too, which `VersionReq` leaves out; none is in use.
        self.name == package.name && self.version.matches(&package.version)
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    graph: Graph,
    #[serde(default)]
    licenses: Licenses,
    #[serde(default)]
    bans: Bans,
}

#[derive(Default, Deserialize)]
struct Graph {
    #[serde(default)]
    targets: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Licenses {
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Bans {
    #[serde(default)]
    deny: Vec<Row>,
    #[serde(default)]
    skip: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Bare(String),
    Told(BTreeMap<String, String>),
}

impl Row {
    fn name(&self) -> &str {
        match self {
            Self::Bare(name) => name,
            Self::Told(row) => row.get("crate").map_or("", String::as_str),
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::Bare(_) => "no reason given",
            Self::Told(row) => row.get("reason").map_or("no reason given", String::as_str),
        }
    }
}

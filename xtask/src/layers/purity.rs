//! What the source of L0-L2 must say of itself, so that rustc and clippy hold the rest.

use std::fs;
use std::path::Path;

use crate::{Error, Finding, Workspace};

pub(super) fn run(workspace: &Workspace) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for member in workspace.members().iter().filter(|member| member.is_pure()) {
        let path = member.folder().join("src/lib.rs");
        let place = workspace.show(&path);
        let source = fs::read_to_string(&path).map_err(|e| Error::because(place.as_str(), e))?;
        findings.extend(purity(&place, &source));
        findings.extend(nearer_clippy(workspace, member.folder()));
    }
    let path = workspace.root().join(CLIPPY);
    let table = fs::read_to_string(&path).map_err(|e| Error::because(CLIPPY, e))?;
    findings.extend(methods(&table)?);
    Ok(findings)
}

/// Checks the source of a lib.rs in L0-L2.
pub fn purity(place: &str, source: &str) -> Vec<Finding> {
    let Ok(file) = syn::parse_file(source) else {
        return vec![Finding::fail(place, "does not parse")];
    };
    let stands = |levels: &[&str], lint: &str| {
        file.attrs.iter().any(|attribute| match &attribute.meta {
            syn::Meta::List(list) => {
                let lints = list.tokens.to_string().replace(' ', "");
                levels.iter().any(|level| list.path.is_ident(level)) && lints.split(',').any(|name| name == lint)
            }
            _ => false,
        })
    };
    let mut findings = Vec::new();
    if !stands(&["forbid"], "unsafe_code") {
        findings.push(Finding::fail(place, "L0-L2 forbid unsafe code: write `#![forbid(unsafe_code)]`"));
    }
    if !stands(&["deny", "forbid"], "clippy::disallowed_methods") {
        let message = "L0-L2 call no clock, file or socket: write `#![deny(clippy::disallowed_methods)]`";
        findings.push(Finding::fail(place, message));
    }
    findings
}

/// Clippy reads the nearest clippy.toml alone, so a second one would hide the root's table.
fn nearer_clippy(workspace: &Workspace, folder: &Path) -> Vec<Finding> {
    let between = folder.ancestors().take_while(|folder| *folder != workspace.root());
    between
        .flat_map(|folder| [folder.join(CLIPPY), folder.join(".clippy.toml")])
        .filter(|path| path.exists())
        .map(|path| Finding::fail(workspace.show(&path), "hides the clippy.toml of the root: put its settings there"))
        .collect()
}

/// The table must name at least the doors to clock, files and sockets.
fn methods(clippy: &str) -> Result<Vec<Finding>, Error> {
    let table: toml::Table = clippy.parse().map_err(|e| Error::because(CLIPPY, e))?;
    let listed: Vec<&str> = table
        .get("disallowed-methods")
        .and_then(toml::Value::as_array)
        .map(|rows| rows.iter().filter_map(|row| row.get("path").unwrap_or(row).as_str()).collect())
        .unwrap_or_default();
    let missing = DOORS.iter().filter(|door| !listed.contains(door));
    Ok(missing.map(|door| Finding::fail(CLIPPY, format!("disallowed-methods lacks {door}"))).collect())
}

const CLIPPY: &str = "clippy.toml";

const DOORS: &[&str] = &[
    "std::fs::File::open",
    "std::fs::read",
    "std::fs::write",
    "std::net::TcpListener::bind",
    "std::net::TcpStream::connect",
    "std::net::UdpSocket::bind",
    "std::thread::spawn",
    "std::time::Instant::now",
    "std::time::SystemTime::now",
];

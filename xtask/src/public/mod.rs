//! No public signature shows a type of a vendor, so that the vendor can be changed without a break.
//!
//! What is public is what rustdoc says, in its JSON: signatures, fields, bounds, implemented traits and re-exports,
//! whatever modules and aliases lie between. Only crates that stand on such a vendor are asked.

mod shown;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

pub use shown::shown;

use crate::{Error, Finding, Member, Workspace, cargo};

/// Asks rustdoc about each member that stands on a vendor which it must not show.
///
/// `wrapper` is this program, which runs rustdoc in its place: see [`rustdoc`].
pub fn run(workspace: &Workspace, wrapper: &Path) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for member in workspace.members() {
        let hidden: Vec<String> = member.stands_on().filter(|name| must_hide(member, name)).map(library).collect();
        if !hidden.is_empty() {
            let json = document(workspace, member, wrapper)?;
            findings.extend(shown(member.name(), &json, |name| hidden.iter().any(|hidden| hidden == name))?);
        }
    }
    Ok(findings)
}

/// Runs rustdoc with these arguments as one that may write JSON. A whole cargo run with `RUSTC_BOOTSTRAP` would build
/// every crate anew whose build script asks for it.
pub fn rustdoc(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<bool, Error> {
    let mut command = std::process::Command::new("rustdoc");
    let status = command.args(arguments).env("RUSTC_BOOTSTRAP", "1").status();
    Ok(status.map_err(|e| Error::because("rustdoc", e))?.success())
}

/// The program that runs, where it is `xtask` itself.
pub fn this_program() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(|e| Error::because("this program", e))
}

/// Set where this program stands for rustdoc.
pub const STANDS_FOR_RUSTDOC: &str = "POSTHASTE_XTASK_IS_RUSTDOC";

/// Whether a member must not show types of the package `vendor`.
fn must_hide(member: &Member, vendor: &str) -> bool {
    match vendor {
        "mail-auth" => true,
        "mail-builder" | "mail-parser" => member.is_pure(),
        // An adapter may expose its one vendor where a user must configure it.
        _ => vendor.starts_with("hickory-") && member.name() != "posthaste-dns-hickory",
    }
}

/// What `use` calls it.
fn library(package: &str) -> String {
    package.replace('-', "_")
}

fn document(workspace: &Workspace, member: &Member, wrapper: &Path) -> Result<String, Error> {
    let arguments =
        ["rustdoc", "--quiet", "-p", member.name(), "--lib", "--all-features", "--", "-Z", "unstable-options"];
    let arguments = arguments.iter().chain(&["--output-format", "json", "--cap-lints", "allow"]);
    let environment = [("RUSTDOC", wrapper.as_os_str()), (STANDS_FOR_RUSTDOC, OsStr::new("1"))];
    cargo::cargo_with(workspace.root(), &arguments.collect::<Vec<_>>(), &environment)?;
    let file = workspace.target().join("doc").join(library(member.name())).with_extension("json");
    fs::read_to_string(&file).map_err(|e| Error::because(file.display().to_string(), e))
}

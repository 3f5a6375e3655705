//! What may not stand anywhere under L0-L2, nor under the umbrella without features.

use crate::{Error, Finding, Workspace, cargo};

const UMBRELLA: &str = "posthaste";

pub(super) fn run(workspace: &Workspace) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for member in workspace.members() {
        let features = match () {
            () if member.is_pure() => "--all-features",
            () if member.name == UMBRELLA => "--no-default-features",
            () => continue,
        };
        // Asked crate by crate: in one tree of the workspace, features of one crate would show under another.
        // Not offline: an optional dependency that no default build needs may still have to be fetched.
        let tree = cargo::cargo(
            workspace.root(),
            &[
                "tree",
                "-p",
                &member.name,
                features,
                "-e",
                "normal,no-proc-macro",
                "--prefix",
                "depth",
                "--format",
                " {p}",
            ],
        )?;
        findings.extend(forbidden(&workspace.manifest(member), features, &tree));
    }
    Ok(findings)
}

/// Checks a tree as `cargo tree --prefix depth --format ' {p}'` prints it: a depth, a name and a version a line.
pub fn forbidden(manifest: &str, features: &str, tree: &str) -> Vec<Finding> {
    let mut path: Vec<&str> = Vec::new();
    let mut findings = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (Some(Ok(depth)), Some(name)) = (words.next().map(str::parse), words.next()) else { continue };
        path.truncate(depth);
        path.push(name);
        if let Some(reason) = reason_against(name) {
            let message = format!(
                "{} ({features}): {reason}; L0-L2 and `{UMBRELLA}` without features stay free of it",
                path.join(" -> "),
            );
            findings.push(Finding::fail(manifest, message));
        }
    }
    findings
}

/// Why the crate called `name` may not stand under L0-L2, if so.
pub fn reason_against(name: &str) -> Option<&'static str> {
    if name.ends_with("-sys") {
        return Some("binds a C library");
    }
    let row = FORBIDDEN.iter().find(|(_, names)| {
        names.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        })
    })?;
    Some(row.0)
}

/// A star at the end stands for any rest of the name.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "a runtime",
        &["async-executor", "async-global-executor", "async-std", "glommio", "monoio", "smol", "tokio", "tokio-*"],
    ),
    ("opens sockets", &["async-io", "async-net", "mio", "net2", "polling", "socket2"]),
    (
        "a network client",
        &[
            "curl",
            "h2",
            "h3",
            "hickory-*",
            "hyper",
            "hyper-*",
            "lettre",
            "mail-auth",
            "mail-send",
            "quinn*",
            "reqwest",
            "ureq",
        ],
    ),
    ("binds or compiles C", &["aws-lc-rs", "boring", "native-tls", "openssl", "ring", "rusqlite"]),
    ("a random source", &["fastrand", "getrandom", "nanorand", "oorandom", "rand"]),
    ("TLS belongs to adapters", &["rustls", "rustls-platform-verifier"]),
    ("asks the machine for its name", &["gethostname", "hostname", "whoami"]),
    ("a logging backend", &["env_logger", "fern", "tracing-subscriber"]),
];

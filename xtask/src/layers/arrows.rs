//! The arrows between our own crates.

use crate::{Finding, Member, Workspace};

/// Checks each dependency of one of our crates on another, optional ones too, dev-dependencies apart.
pub fn arrows(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in workspace.members().iter().filter(|member| !is_exempt(member)) {
        let place = workspace.manifest(member);
        match member.layer() {
            None => findings.push(Finding::fail(place, NO_LAYER)),
            Some(layer) if layer > TOP => {
                findings.push(Finding::fail(place, format!("layer = {layer}: layers are 0 to {TOP}")));
            }
            Some(layer) => findings.extend(arrows_of(workspace, member, layer)),
        }
    }
    findings
}

fn arrows_of(workspace: &Workspace, from: &Member, layer: u8) -> Vec<Finding> {
    let ours = from.stands_on().filter_map(|name| workspace.member(name));
    ours.filter_map(|to| {
        let rule = broken_rule((&from.name, layer), (&to.name, to.layer()))?;
        let below = to.layer().map_or_else(|| "no layer".to_owned(), |layer| format!("L{layer}"));
        let message = format!("{} (L{layer}) -> {} ({below}): {rule}", from.name, to.name);
        Some(Finding::fail(workspace.manifest(from), message))
    })
    .collect()
}

/// The rule that the arrow breaks, if any.
fn broken_rule(from: (&str, u8), to: (&str, Option<u8>)) -> Option<&'static str> {
    let (name, layer) = from;
    let (used, Some(below)) = to else { return Some("no crate uses a package without a layer") };
    if EXCEPTIONS.iter().any(|(from, to, _)| (*from, *to) == (name, used)) {
        return None;
    }
    let (allowed, rule) = match layer {
        0 => (false, "L0 uses nothing of ours"),
        1 if PORTS.contains(&name) => (below == 0, "a port (L1) uses L0 alone"),
        1 => (below == 0 || PORTS.contains(&used), "a protocol (L1) uses L0 and ports, never another protocol"),
        2 => (below <= 1, "L2 uses L0 and L1"),
        3 => (below <= 2, "L3 uses L0 to L2: an adapter never uses another adapter"),
        4 if OVER_ADAPTERS.contains(&name) => (below <= 3, "this crate (L4) uses L0 to L3"),
        4 => (below <= 2, "L4 uses L0 to L2: it knows no adapter"),
        _ => (true, ""),
    };
    (!allowed).then_some(rule)
}

/// Tools of the house: they hold no layer, may use all, and nothing may use them.
fn is_exempt(member: &Member) -> bool {
    ["xtask", "posthaste-benches"].contains(&member.name.as_str())
}

const TOP: u8 = 5;

const NO_LAYER: &str = "no layer: write `[package.metadata.posthaste]` with `layer = N`, see ARCHITECTURE.md";

/// The crates of L1 that are ports: a trait, its contract suite, its fake.
const PORTS: &[&str] = &["posthaste-dns", "posthaste-fetch", "posthaste-sign", "posthaste-transport"];

/// The crates of L4 that put adapters together.
const OVER_ADAPTERS: &[&str] = &["posthaste-dashboard", "posthaste-doctor", "posthaste-testkit"];

/// Arrows sideways that are right, each with its reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "posthaste-queue",
        "posthaste-suppression",
        "the spool asks for a suppression and stores those that follow in the queue's own transactions",
    ),
    ("posthaste-testkit", "posthaste-engine", "testing::mailer() is a whole Mailer on memory ports"),
];

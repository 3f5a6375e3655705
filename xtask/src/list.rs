//! Names for scripts: examples and benches.

use crate::Workspace;

/// `package name` of each target of one kind, such as `example` or `bench`, sorted.
pub fn targets(workspace: &Workspace, kind: &str) -> Vec<String> {
    let mut names = Vec::new();
    for member in workspace.members() {
        let targets = member.targets.iter().filter(|target| target.kind.iter().any(|own| own == kind));
        names.extend(targets.map(|target| format!("{} {}", member.name, target.name)));
    }
    names.sort();
    names
}

//! Words that do not belong: stubs, ignored tests, sleeps in tests, machine paths, registry host names.
//!
//! The words are put together from halves, so that this file does not find itself.

use super::Source;
use super::shape::Shape;
use crate::Finding;

/// Looks at every line of every file.
pub fn words(files: &[Source]) -> Vec<Finding> {
    files.iter().flat_map(words_in).collect()
}

fn words_in(file: &Source) -> Vec<Finding> {
    // A file that does not parse is a finding of `sizes`.
    let shape = if file.is_rust() { Shape::of(file.text()).unwrap_or_default() } else { Shape::default() };
    let mut findings = Vec::new();
    for (index, line) in file.text().lines().enumerate() {
        let number = index + 1;
        let mut found = everywhere(line);
        if file.is_rust() {
            found.extend(in_rust(line));
            if file.is_test() || shape.is_test(number) {
                found.extend(in_tests(line));
            }
        }
        let place = format!("{}:{number}", file.path());
        findings.extend(found.into_iter().map(|message| Finding::fail(place.as_str(), message)));
    }
    findings
}

fn everywhere(line: &str) -> Vec<String> {
    let paths = MACHINE_FOLDERS.iter().map(|folder| format!("/{folder}/")).filter(|path| has_path(line, path));
    let hosts = REGISTRY_HOSTS.iter().filter(|host| line.contains(**host));
    paths
        .map(|path| format!("a path of one machine: {path}"))
        .chain(hosts.map(|host| format!("the host name of a registry: {host}")))
        .collect()
}

fn in_rust(line: &str) -> Vec<String> {
    let stubs = STUBS.iter().filter(|stub| has_word(line, stub)).map(|stub| format!("unfinished: {stub}"));
    let ignored = line.contains(IGNORED).then(|| "an ignored test: run it, or delete it".to_owned());
    stubs.chain(ignored).collect()
}

fn in_tests(line: &str) -> Vec<String> {
    let sleeps = SLEEPS.iter().filter(|sleep| line.contains(**sleep));
    sleeps.map(|sleep| format!("{sleep} in a test: use virtual time, or wait for the event")).collect()
}

/// `path` at the start of a path, and not in the middle of one or of a word.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| !line[..at].ends_with(is_word))
}

/// `word` as a whole word.
fn has_word(line: &str, word: &str) -> bool {
    let open_ended = !word.ends_with(is_word);
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !before.ends_with(is_word) && (open_ended || !after.starts_with(is_word))
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

const STUBS: &[&str] = &[
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

const IGNORED: &str = concat!("#[", "ignore");

const SLEEPS: &[&str] = &[concat!("thread::", "sleep"), concat!("time::", "sleep")];

const MACHINE_FOLDERS: &[&str] = &["farm", "root", "work"];

const REGISTRY_HOSTS: &[&str] =
    &[concat!("crates.", "io/"), concat!("deb.", "debian"), concat!("npmjs", "."), concat!("pypi.", "org")];

//! How long files and functions are.

use std::fmt;

use super::Source;
use super::shape::Shape;
use crate::Finding;

/// The sizes of all files and functions, tests and tables apart.
#[derive(Debug, Default)]
pub struct Sizes {
    files: Vec<usize>,
    functions: Vec<usize>,
}

/// Asks at 300 lines a file or 40 a function, fails over 500 or 70. Tests and `*_table.rs` are apart.
pub fn sizes(files: &[Source]) -> (Vec<Finding>, Sizes) {
    let mut findings = Vec::new();
    let mut sizes = Sizes::default();
    for file in files.iter().filter(|file| file.is_rust() && !file.is_test() && !file.is_table()) {
        match Shape::of(file.text()) {
            Ok(shape) => findings.extend(measure(file, &shape, &mut sizes)),
            Err(e) => findings.push(Finding::fail(file.path(), format!("does not parse: {e}"))),
        }
    }
    (findings, sizes)
}

fn measure(file: &Source, shape: &Shape, sizes: &mut Sizes) -> Vec<Finding> {
    let lines = file.text().lines().count();
    let own = lines - shape.test_lines().min(lines);
    sizes.files.push(own);
    let mut findings = Vec::new();
    if let Some(size) = FILE.judge(own) {
        findings.push(size.finding(file.path().to_owned(), "file", "which second idea hides here?"));
    } else if lines > FILE.most {
        let message = format!("{lines} lines with its tests: move them to a file tests.rs");
        findings.push(Finding::ask(file.path(), message));
    }
    for function in &shape.functions {
        let (first, last) = (*function.lines.start(), *function.lines.end());
        sizes.functions.push(last - first + 1);
        if let Some(size) = FUNCTION.judge(last - first + 1) {
            let place = format!("{}:{first}", file.path());
            findings.push(size.finding(place, &format!("fn {}", function.name), "which step has a name of its own?"));
        }
    }
    findings
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, functions) = (sorted(&self.files), sorted(&self.functions));
        write!(
            f,
            "{} files: median {}, p90 {}, most {} lines; {} functions: p90 {}, most {} lines",
            files.len(),
            at(&files, 50),
            at(&files, 90),
            at(&files, 100),
            functions.len(),
            at(&functions, 90),
            at(&functions, 100),
        )
    }
}

fn sorted(sizes: &[usize]) -> Vec<usize> {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    sizes
}

fn at(sorted: &[usize], percent: usize) -> usize {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or_default()
}

struct Bound {
    ask: usize,
    most: usize,
}

struct TooLong<'a> {
    lines: usize,
    bound: &'a Bound,
}

impl Bound {
    fn judge(&self, lines: usize) -> Option<TooLong<'_>> {
        (lines >= self.ask).then_some(TooLong { lines, bound: self })
    }
}

impl TooLong<'_> {
    fn finding(&self, place: String, what: &str, question: &str) -> Finding {
        let Bound { ask, most } = self.bound;
        if self.lines > *most {
            Finding::fail(place, format!("{what}: {} lines, and {most} is the most: {question}", self.lines))
        } else {
            Finding::ask(place, format!("{what}: {} lines, from {ask} on the question is: {question}", self.lines))
        }
    }
}

const FILE: Bound = Bound { ask: 300, most: 500 };
const FUNCTION: Bound = Bound { ask: 40, most: 70 };

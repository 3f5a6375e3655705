//! The vectors of the Common Vulnerability Scoring System that version 3 takes.

use serde_json::Value;

use super::shape::{self, Others, Rule, Shape, TEXT};
use super::{XarfError, XarfErrorKind};

const CVSS: Shape = Shape {
    members: &[
        ("Score", Rule::Number(f64::MIN, f64::MAX, "a number")),
        ("Version", Rule::Word(&["3.1", "3.0", "2"], "3.1, 3.0 or 2")),
        ("Vector", TEXT),
        ("Severity", TEXT),
    ],
    required: &["Version", "Vector"],
    others: Others::Allowed,
};

type Metric = (&'static str, &'static [&'static str]);

/// The metrics of a version: the first group must be there, each other one stands whole or not at all.
const V2: [&[Metric]; 3] = [
    &[
        ("AV", &["L", "A", "N"]),
        ("AC", &["H", "M", "L"]),
        ("Au", &["M", "S", "N"]),
        ("C", &["N", "P", "C"]),
        ("I", &["N", "P", "C"]),
        ("A", &["N", "P", "C"]),
    ],
    &[("E", &["ND", "POC", "U", "F", "H"]), ("RL", &["W", "U", "ND", "OF", "TF"]), ("RC", &["C", "ND", "UC", "UR"])],
    &[
        ("CDP", &["N", "L", "H", "ND", "LM", "MH"]),
        ("TD", &["ND", "N", "L", "M", "H"]),
        ("CR", &["ND", "N", "L", "M", "H"]),
        ("IR", &["ND", "L", "M", "H"]),
        ("AR", &["ND", "L", "M", "H"]),
    ],
];

const V3: [&[Metric]; 3] = [
    &[
        ("AV", &["N", "A", "L", "P"]),
        ("AC", &["L", "H"]),
        ("PR", &["N", "L", "H"]),
        ("UI", &["N", "R"]),
        ("S", &["U", "C"]),
        ("C", &["N", "L", "H"]),
        ("I", &["N", "L", "H"]),
        ("A", &["N", "L", "H"]),
    ],
    &[("E", &["X", "U", "P", "F", "H"]), ("RL", &["X", "O", "T", "W", "U"]), ("RC", &["X", "U", "R", "C"])],
    &[
        ("CR", &["X", "L", "M", "H"]),
        ("IR", &["X", "L", "M", "H"]),
        ("AR", &["X", "L", "M", "H"]),
        ("MAV", &["X", "N", "A", "L", "P"]),
        ("MAC", &["X", "L", "H"]),
        ("MPR", &["X", "N", "L", "H"]),
        ("MUI", &["X", "N", "R"]),
        ("MS", &["X", "U", "C"]),
        ("MC", &["X", "N", "L", "H"]),
        ("MI", &["X", "N", "L", "H"]),
        ("MA", &["X", "N", "L", "H"]),
    ],
];

pub(super) fn check(cvss: &Value, path: &str) -> Result<(), XarfError> {
    shape::check(cvss, &CVSS, path)?;
    let of = |name: &str| cvss.get(name).and_then(Value::as_str);
    let vector = of("Vector").unwrap_or_default();
    let (holds, severities) = match of("Version") {
        Some("2") => (is_vector(vector.trim_start_matches('(').trim_end_matches(')'), &V2), &SEVERITIES[1..4]),
        _ => (without_prefix(vector).is_some_and(|it| is_vector(it, &V3)), &SEVERITIES[..]),
    };
    let wrong = |wanted, name: &str| XarfError::new(XarfErrorKind::Value(wanted), &format!("{path}.{name}"));
    if !holds {
        return Err(wrong("a vector of its version", "Vector"));
    }
    match of("Severity") {
        Some(severity) if !severities.contains(&severity) => Err(wrong("a severity of its version", "Severity")),
        _ => Ok(()),
    }
}

const SEVERITIES: [&str; 5] = ["None", "Low", "Medium", "High", "Critical"];

fn without_prefix(vector: &str) -> Option<&str> {
    vector.strip_prefix("CVSS:3.0/").or_else(|| vector.strip_prefix("CVSS:3.1/"))
}

fn is_vector(vector: &str, groups: &[&[Metric]; 3]) -> bool {
    let mut given = vector.split('/').peekable();
    groups.iter().enumerate().all(|(index, group)| {
        let begins = given.peek().is_some_and(|metric| group.first().is_some_and(|first| is_metric(metric, first)));
        if index > 0 && !begins {
            return true;
        }
        group.iter().all(|metric| given.next().is_some_and(|it| is_metric(it, metric)))
    }) && given.next().is_none()
}

fn is_metric(text: &str, (name, values): &Metric) -> bool {
    text.split_once(':').is_some_and(|(is, value)| is == *name && values.contains(&value))
}

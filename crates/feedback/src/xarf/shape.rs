//! What a schema demands of a value, as a table, and the check of it.
//!
//! The part of JSON Schema that XARF uses. Nothing recurses on what is read: the tables end, and with them the check.

use serde_json::Value;

use super::{XarfError, XarfErrorKind};

/// What a value must be.
pub(super) enum Rule {
    /// Whatever.
    Any,
    /// A text of `least` to `most` characters.
    Text { least: usize, most: usize },
    /// A text that passes a test; the words say what it is.
    Form(fn(&str) -> bool, &'static str),
    /// One of these texts; the words name them.
    Word(&'static [&'static str], &'static str),
    /// A whole number between these; the words say which.
    Whole(i64, i64, &'static str),
    /// A number between these.
    Number(f64, f64, &'static str),
    /// `true` or `false`.
    Truth,
    /// An object of this shape.
    Object(&'static Shape),
    /// An object whose members all obey a rule.
    Map(&'static Rule),
    /// A list of `least` to `most` values that all obey a rule.
    List { of: &'static Rule, least: usize, most: usize },
    /// One rule or the other; the faults told are those of the first.
    Either(&'static Rule, &'static Rule),
}

/// An object: its members, and those that must be there.
pub(super) struct Shape {
    pub(super) members: &'static [(&'static str, Rule)],
    pub(super) required: &'static [&'static str],
    pub(super) others: Others,
}

/// What becomes of members that a shape does not name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Allowed,
    Refused,
}

/// Any text.
pub(super) const TEXT: Rule = Rule::Text { least: 0, most: usize::MAX };

/// Checks an object.
pub(super) fn check(value: &Value, shape: &Shape, path: &str) -> Result<(), XarfError> {
    let Some(object) = value.as_object() else { return wrong("an object", path) };
    for name in shape.required {
        if !object.contains_key(*name) {
            return Err(XarfError::new(XarfErrorKind::Missing, &join(path, name)));
        }
    }
    for (name, value) in object {
        match shape.members.iter().find(|(is, _)| is == name) {
            Some((_, rule)) => obeys(value, rule, &join(path, name))?,
            None if shape.others == Others::Allowed => {}
            None => return Err(XarfError::new(XarfErrorKind::Unexpected, &join(path, name))),
        }
    }
    Ok(())
}

/// Checks a value.
pub(super) fn obeys(value: &Value, rule: &Rule, path: &str) -> Result<(), XarfError> {
    match rule {
        Rule::Any => Ok(()),
        Rule::Text { least, most } => {
            let Some(text) = value.as_str() else { return wrong("a text", path) };
            match text.chars().count() {
                len if len < *least => wrong("a text of that length: it is too short", path),
                len if len > *most => wrong("a text of that length: it is too long", path),
                _ => Ok(()),
            }
        }
        Rule::Form(test, wanted) => must(value.as_str().is_some_and(test), wanted, path),
        Rule::Word(words, wanted) => must(value.as_str().is_some_and(|it| words.contains(&it)), wanted, path),
        Rule::Whole(least, most, wanted) => must(is_whole(value, *least, *most), wanted, path),
        Rule::Number(least, most, wanted) => {
            must(value.as_f64().is_some_and(|it| (*least..=*most).contains(&it)), wanted, path)
        }
        Rule::Truth => must(value.is_boolean(), "true or false", path),
        Rule::Object(shape) => check(value, shape, path),
        Rule::Map(rule) => {
            let Some(object) = value.as_object() else { return wrong("an object", path) };
            object.iter().try_for_each(|(name, value)| obeys(value, rule, &join(path, name)))
        }
        Rule::List { of, least, most } => {
            let Some(list) = value.as_array() else { return wrong("a list", path) };
            must((*least..=*most).contains(&list.len()), "a list of that length", path)?;
            list.iter().enumerate().try_for_each(|(at, value)| obeys(value, of, &format!("{path}[{at}]")))
        }
        Rule::Either(one, other) => {
            obeys(value, one, path).or_else(|error| obeys(value, other, path).map_err(|_| error))
        }
    }
}

/// A number without a fraction is whole, however it is written.
fn is_whole(value: &Value, least: i64, most: i64) -> bool {
    match (value.as_i64(), value.as_f64()) {
        (Some(whole), _) => (least..=most).contains(&whole),
        (None, Some(number)) if value.is_f64() => {
            number.fract() == 0.0 && number >= least as f64 && number <= most as f64
        }
        _ => value.is_u64() && most == i64::MAX,
    }
}

fn must(holds: bool, wanted: &'static str, path: &str) -> Result<(), XarfError> {
    if holds { Ok(()) } else { wrong(wanted, path) }
}

fn wrong(wanted: &'static str, path: &str) -> Result<(), XarfError> {
    Err(XarfError::new(XarfErrorKind::Value(wanted), path))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

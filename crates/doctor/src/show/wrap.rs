//! Lines of text, broken at blanks.

use std::fmt::{Result, Write};

/// Writes a text in lines of about [`WIDTH`] characters: the first behind `first`, the others behind as many blanks.
pub(super) fn wrapped(out: &mut impl Write, first: &str, text: &str) -> Result {
    let indent = first.chars().count();
    let mut line = first.to_owned();
    let mut used = indent;
    for word in text.split(' ') {
        let width = word.chars().count();
        if used > indent && used + width > WIDTH {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(indent);
            used = indent;
        }
        line.push_str(word);
        line.push(' ');
        used += width + 1;
    }
    writeln!(out, "{}", line.trim_end())
}

const WIDTH: usize = 100;

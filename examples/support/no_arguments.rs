//! The arguments of a program that takes none.

use std::process::ExitCode;

use crate::out;

/// `Some` if there is an argument, and how the program ends then: `--help` is told, anything else is wrong.
pub(crate) fn end(name: &str, help: &str) -> Option<ExitCode> {
    let argument = std::env::args_os().nth(1)?;
    if argument == "--help" || argument == "-h" {
        out::print(format_args!("{help}"));
        return Some(ExitCode::SUCCESS);
    }
    let indent = " ".repeat(name.len() + 1);
    eprintln!("{name}: {argument:?}: there are no arguments\n{indent} {name} --help tells more");
    Some(ExitCode::from(2))
}

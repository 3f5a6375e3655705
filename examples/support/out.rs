//! Standard output and error whose reader may have gone: `deliver | head` is no fault of `deliver`.
//!
//! The macros are those of the standard library by name, which panic where nobody reads any more.

#![allow(unused_macros, reason = "not every example needs all of them")]

use std::fmt::Arguments;
use std::io::{ErrorKind, Result, Write};

macro_rules! println {
    () => { crate::out::print(format_args!("\n")) };
    ($($text:tt)*) => { crate::out::print(format_args!("{}\n", format_args!($($text)*))) };
}

macro_rules! print {
    ($($text:tt)*) => { crate::out::print(format_args!($($text)*)) };
}

macro_rules! eprintln {
    ($($text:tt)*) => { crate::out::tell(format_args!("{}\n", format_args!($($text)*))) };
}

/// Writes it, for whoever reads. What cannot be written for another reason ends the program.
pub(crate) fn print(text: Arguments<'_>) {
    if let Err(error) = try_print(text) {
        tell(format_args!("standard output: {error}\n"));
        std::process::exit(1);
    }
}

/// Writes it, for whoever reads.
pub(crate) fn try_print(text: Arguments<'_>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes it to the standard error. Where that cannot be written, nobody can be told.
pub(crate) fn tell(text: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}

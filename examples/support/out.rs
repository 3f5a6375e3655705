//! Standard output whose reader may have gone: `deliver | head` is no fault of `deliver`.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// As that of the standard library, which panics where nobody reads any more.
#[allow(unused_macros, reason = "not every example needs both")]
macro_rules! println {
    () => { crate::out::print(format_args!("\n")) };
    ($($text:tt)*) => { crate::out::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// As that of the standard library, which panics where nobody reads any more.
#[allow(unused_macros, reason = "not every example needs both")]
macro_rules! print {
    ($($text:tt)*) => { crate::out::print(format_args!($($text)*)) };
}

/// Writes it, for whoever reads. What cannot be written for another reason ends the program.
pub(crate) fn print(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("standard output: {error}");
            std::process::exit(1);
        }
        Ok(()) | Err(_) => {}
    }
}

//! What stands on the screen: headings, columns, and the list of what was promised.

use std::fmt::Display;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::LazyLock;

/// A heading.
pub(crate) fn heading(text: &str) {
    println!("\n{}", paint(Ink::Strong, text));
}

/// A line of two columns.
pub(crate) fn fact(name: impl Display, text: impl Display) {
    println!("  {:24} {text}", name.to_string());
}

/// Rows in aligned columns below their names. The last column is broken into lines where it is long.
pub(crate) fn table<const N: usize>(names: [&str; N], rows: &[[Cell; N]]) {
    let mut widths = names.map(|name| name.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.text.chars().count().max(*width);
        }
    }
    let indent: usize = widths.iter().take(N - 1).map(|width| width + 2).sum();
    let line = |cells: [Cell; N]| {
        print!("  ");
        for (i, (cell, width)) in cells.iter().zip(widths).enumerate() {
            if i + 1 < N {
                // Padded before it is painted: the paint has no width.
                print!("{}  ", paint(cell.ink, &format!("{:width$}", cell.text)));
                continue;
            }
            let pieces: Vec<_> =
                wrap(&cell.text, WIDTH.saturating_sub(2 + indent)).iter().map(|piece| paint(cell.ink, piece)).collect();
            println!("{}", pieces.join(&format!("\n  {:indent$}", "")));
        }
    };
    line(names.map(|name| Cell::new(Ink::Faint, name)));
    rows.iter().for_each(|row| line(row.clone()));
}

/// A cell of a table.
#[derive(Clone)]
pub(crate) struct Cell {
    ink: Ink,
    text: String,
}

impl Cell {
    pub(crate) fn new(ink: Ink, text: impl Display) -> Self {
        Self { ink, text: text.to_string() }
    }
}

impl<T: Display> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Ink::Plain, text)
    }
}

/// How a word looks, on a terminal; elsewhere all look alike.
#[derive(Clone, Copy)]
pub(crate) enum Ink {
    Plain,
    Strong,
    Faint,
    Good,
    Wait,
    Bad,
}

/// The text in this ink.
pub(crate) fn paint(ink: Ink, text: &str) -> String {
    static COLOURS: LazyLock<bool> =
        LazyLock::new(|| std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    let code = match ink {
        Ink::Plain => return text.to_owned(),
        Ink::Strong => 1,
        Ink::Faint => 2,
        Ink::Good => 32,
        Ink::Wait => 33,
        Ink::Bad => 31,
    };
    if *COLOURS { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// The text in lines of at most so many characters, but for longer words.
pub(crate) fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.len() - 1;
        match lines[line].chars().count() + 1 + word.chars().count() {
            _ if lines[line].is_empty() => lines[line].push_str(word),
            width if width <= most => lines[line].extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The columns of the screen.
const WIDTH: usize = 120;

/// What was promised, and whether it came so.
#[derive(Default)]
pub(crate) struct Promises {
    kept: usize,
    broken: Vec<String>,
}

impl Promises {
    /// A promise that is kept or not.
    pub(crate) fn check(&mut self, what: impl Display, is_kept: bool) {
        if is_kept {
            self.kept += 1;
        } else {
            self.broken.push(what.to_string());
        }
    }

    /// Says how it went.
    pub(crate) fn close(&self) -> ExitCode {
        heading("The end");
        if self.broken.is_empty() {
            println!("  {}", paint(Ink::Good, &format!("As told: {} of {} checks.", self.kept, self.kept)));
            return ExitCode::SUCCESS;
        }
        println!("  {}", paint(Ink::Bad, "Not as told:"));
        self.broken.iter().for_each(|what| println!("  - {what}"));
        ExitCode::FAILURE
    }
}

//! The grades as a page: `docs/bounces.md`.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::grade::{Grades, Measure};
use crate::maps::NEIGHBOURS;

/// The whole page.
pub(crate) fn page(grades: &Grades) -> String {
    let mut page = String::from(HEAD);
    for measure in Measure::ALL {
        let count = grades.count(*measure);
        let tenths = count.right * 1000 / count.of.max(1);
        let wanted = match measure.wanted() {
            0 => "-".to_owned(),
            wanted => format!("{}.{} %", wanted / 10, wanted % 10),
        };
        let (of, right) = (count.of, count.right);
        let _ =
            writeln!(page, "| {} | {right} | {of} | {}.{} % | {wanted} |", measure.name(), tenths / 10, tenths % 10);
    }
    page.push_str(NEIGHBOURS_HEAD);
    for (a, b, why) in NEIGHBOURS {
        let _ = writeln!(page, "| `{a}` | `{b}` | {why} |");
    }
    page.push_str(CONFUSION_HEAD);
    confusion(&mut page, grades);
    page.push_str(WRONG);
    page
}

/// One row for each class that is expected: what was found.
fn confusion(page: &mut String, grades: &Grades) {
    let wanted: BTreeSet<&String> = grades.confusion.keys().map(|(wanted, _)| wanted).collect();
    for class in wanted {
        let of_class = grades.confusion.iter().filter(|((wanted, _), _)| wanted == class);
        let right: usize = of_class.clone().filter(|((_, found), _)| found == class).map(|(_, count)| count).sum();
        let of: usize = of_class.clone().map(|(_, count)| count).sum();
        let others = of_class.filter(|((_, found), _)| found != class);
        let others: Vec<String> = others.map(|((_, found), count)| format!("`{found}` {count}")).collect();
        let others = if others.is_empty() { "-".to_owned() } else { others.join(", ") };
        let _ = writeln!(page, "| `{class}` | {of} | {right} | {others} |");
    }
}

const HEAD: &str = "\
# How well bounces are read

Made by `POSTHASTE_CORPORA=... POSTHASTE_WRITE=1 cargo test -p posthaste-bounce --test corpora`; a test holds this page to
the grades. The corpora are public: the test mails of Sisimai, BounceParser, flufl.bounce and KumoMTA, one half of each.
These halves were looked at while the rules were written, and some phrases were added because they were missed here, so
the halves that nobody looked at are read less well: in class by about three to seven in a hundred.

A recipient counts as found by its final or its original address. Hard or soft is not graded for Sisimai's `filtered`,
`suspend`, `onhold`, `undefined` and `notaccept`, where the taxonomies differ.

| what | right | of | | aim |
|---|---|---|---|---|
";

const NEIGHBOURS_HEAD: &str = "
## Neighbours

A class counts as right too if it is a neighbour of the one that Sisimai's reason stands for:

| class | class | why |
|---|---|---|
";

const CONFUSION_HEAD: &str = "
## Expected and found

By the class that Sisimai's reason stands for, without neighbours.

| expected | files | found | instead |
|---|---|---|---|
";

const WRONG: &str = "
## Known to be wrong

- A bounce that a person passes on as quoted text is not read, and is not meant to be: a reply that quotes a bounce looks
  the same. One that is attached as a message is read and says so (`Reading::is_forwarded`).
- A list server's alert (FML: a loop, a duplicate) is a notice of a list, not a bounce; Sisimai counts it as one.
- BounceParser counts two unsolicited advertisements and Sisimai an authentication failure report among the bounces and
  complaints.
- A bounce from an address that looks like a person's, with a return path of its own and a subject that begins with `Re:`,
  is taken as an answer.
- \"Service not available\" or \"too many recipients\" mean a block or too many connections at some mobile providers of
  Japan; here they mean what they say.
- \"Access denied\" and \"rejected\" without a code or a command are `policy`, whatever was meant.
";

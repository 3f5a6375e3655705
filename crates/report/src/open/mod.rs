//! From a file or mail, through archives, to documents.

mod gzip;
mod mail;
mod zip;

use crate::limits::{Budget, Limits};
use crate::problem::{ProblemKind, Problems, ReadError};
use crate::reading::{Document, Reading, Report};
use crate::text::{clean, decode};
use crate::{aggregate, tls};

pub(crate) use gzip::deflate;

/// Reads whatever holds reports: XML, JSON, gzip, zip, or a mail with them, with [`Limits::default`].
///
/// # Errors
/// [`ReadError`] if it is larger than [`Limits::input`]. Everything else is a [`Reading`] with problems.
pub fn read(octets: &[u8]) -> Result<Reading, ReadError> {
    read_with(octets, &Limits::default())
}

/// Reads whatever holds reports, within these limits.
///
/// # Errors
/// [`ReadError`] if it is larger than [`Limits::input`]. Everything else is a [`Reading`] with problems.
pub fn read_with(octets: &[u8], limits: &Limits) -> Result<Reading, ReadError> {
    if octets.len() > limits.input {
        return Err(ReadError { size: octets.len(), limit: limits.input });
    }
    let mut opener = Opener { budget: Budget::new(limits), reading: Reading::default() };
    opener.open(octets, None, 0);
    Ok(opener.reading)
}

pub(crate) struct Opener<'l> {
    budget: Budget<'l>,
    reading: Reading,
}

/// What octets look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Empty,
    Gzip,
    Json,
    Mail,
    Unknown,
    Xml,
    Zip,
}

impl Opener<'_> {
    /// Opens octets that stand `level` containers deep. It calls itself, at most [`Limits::nesting`] deep.
    fn open(&mut self, octets: &[u8], name: Option<&str>, level: usize) {
        if !self.budget.take_entry() {
            self.note_once(ProblemKind::Entries, "input", 0);
            return;
        }
        let form = form_of(octets);
        if matches!(form, Form::Gzip | Form::Zip | Form::Mail) && level > self.budget.limits.nesting {
            self.note_once(ProblemKind::Nesting, "input", 0);
            return;
        }
        match form {
            Form::Empty => self.keep(name, 0, None, ProblemKind::Empty),
            Form::Gzip => self.open_gzip(octets, name, level),
            Form::Json => self.open_json(octets, name),
            Form::Mail => self.open_mail(octets, name, level),
            Form::Unknown => self.keep(name, octets.len(), None, ProblemKind::NotAReport),
            Form::Xml => self.open_xml(octets, name),
            Form::Zip => self.open_zip(octets, level),
        }
    }

    fn open_gzip(&mut self, octets: &[u8], name: Option<&str>, level: usize) {
        let inflated = gzip::inflate(octets, self.budget.inflated);
        self.budget.inflated = self.budget.inflated.saturating_sub(inflated.octets.len());
        if let Some(kind) = inflated.problem {
            self.note(kind, "gzip", inflated.at);
        }
        let name = name.map(|name| name.strip_suffix(".gz").unwrap_or(name));
        self.open(&inflated.octets, name, level.saturating_add(1));
    }

    fn open_zip(&mut self, octets: &[u8], level: usize) {
        let (entries, whole) = zip::entries(octets, self.budget.entries);
        if !whole {
            self.note(ProblemKind::Damaged, "zip", octets.len());
        }
        if entries.is_empty() {
            self.note(ProblemKind::Empty, "zip", 0);
        }
        for entry in entries {
            let name = file_name(&String::from_utf8_lossy(entry.name));
            let inflated = entry.inflate(octets, self.budget.inflated);
            self.budget.inflated = self.budget.inflated.saturating_sub(inflated.octets.len());
            if let Some(kind) = inflated.problem {
                self.note(kind, "zip", inflated.at);
            }
            if inflated.problem != Some(ProblemKind::Unsupported) {
                self.open(&inflated.octets, Some(&name), level.saturating_add(1));
            }
        }
    }

    fn open_xml(&mut self, octets: &[u8], name: Option<&str>) {
        let (text, bad) = decode(octets);
        let (report, mut problems) = aggregate::read_document(&text, &mut self.budget);
        if let Some(at) = bad {
            problems.note(self.budget.limits.problems, ProblemKind::NotText, "xml", at);
        }
        self.push(name, octets.len(), report.map(|report| Report::Aggregate(Box::new(report))), problems);
    }

    fn open_json(&mut self, octets: &[u8], name: Option<&str>) {
        let (text, bad) = decode(octets);
        let (report, mut problems) = tls::read_document(&text, &mut self.budget);
        if let Some(at) = bad {
            problems.note(self.budget.limits.problems, ProblemKind::NotText, "json", at);
        }
        self.push(name, octets.len(), report.map(|report| Report::Tls(Box::new(report))), problems);
    }

    fn keep(&mut self, name: Option<&str>, size: usize, report: Option<Report>, kind: ProblemKind) {
        let mut problems = Problems::default();
        problems.note(self.budget.limits.problems, kind, "input", 0);
        self.push(name, size, report, problems);
    }

    fn push(&mut self, name: Option<&str>, size: usize, report: Option<Report>, problems: Problems) {
        self.reading.documents.push(Document { name: name.map(str::to_owned), size, report, problems });
    }

    fn note(&mut self, kind: ProblemKind, what: &'static str, at: usize) {
        self.reading.problems.note(self.budget.limits.problems, kind, what, at);
    }

    fn note_once(&mut self, kind: ProblemKind, what: &'static str, at: usize) {
        self.reading.problems.note_once(kind, what, at);
    }
}

fn form_of(octets: &[u8]) -> Form {
    match octets {
        [0x1F, 0x8B, ..] => return Form::Gzip,
        [b'P', b'K', 3 | 5 | 6, 4..=8, ..] => return Form::Zip,
        [0xFF, 0xFE, b'{', ..] | [0xFE, 0xFF, _, b'{', ..] => return Form::Json,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', 0, ..] | [0, b'<', ..] => return Form::Xml,
        _ => {}
    }
    let rest = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets).trim_ascii_start();
    match rest.first() {
        None => Form::Empty,
        Some(b'<') => Form::Xml,
        Some(b'{' | b'[') => Form::Json,
        Some(_) if begins_as_mail(rest) => Form::Mail,
        Some(_) if looks_like_report(rest) => Form::Xml,
        Some(_) => Form::Unknown,
    }
}

/// Whether the first octets, as text, are those of an aggregate report.
fn looks_like_report(octets: &[u8]) -> bool {
    let (text, _) = decode(octets.get(..16 << 10).unwrap_or(octets));
    aggregate::looks_like_report(&text)
}

/// Whether the first line is a header field (RFC 5322 §2.2), or the line that mail stores put before it.
fn begins_as_mail(octets: &[u8]) -> bool {
    let head = octets.get(..LONGEST_FIELD_NAME).unwrap_or(octets);
    let name = head.iter().position(|octet| *octet == b':').and_then(|end| head.get(..end));
    octets.starts_with(b"From ") || name.is_some_and(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic))
}

/// A file's name without folders, as one clean line.
fn file_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    clean(name, LONGEST_NAME).0
}

/// The longest name of a file that is kept, in octets.
const LONGEST_NAME: usize = 255;

/// No header field in use has a longer name.
const LONGEST_FIELD_NAME: usize = 80;

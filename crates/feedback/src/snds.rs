//! Microsoft Smart Network Data Services: what Outlook.com saw of one's addresses in a day.
//!
//! ```
//! use posthaste_feedback::snds::{self, Filter};
//!
//! let csv = "192.0.2.1,2/4/2026 1:00 AM,2/4/2026 11:00 PM,1200,1180,1170,GREEN,< 0.1%,,,0,mx1,news@example.com,\n";
//! let data = snds::read(csv.as_bytes());
//! let day = &data.rows[0];
//! assert_eq!((day.filter, day.recipients), (Some(Filter::Green), Some(1170)));
//! assert_eq!(day.complaint_rate.map(|rate| (rate.at_least, rate.below)), Some((0.0, 0.001)));
//! # assert!(data.problems.is_empty());
//! ```
//!
//! The columns are those of the data access of 2025 (their order is not published: facts, MS-SNDS). With a head line they are
//! found by their names, and others are passed over; without one they count from the left. Times are UTC.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use posthaste_types::{Text, Timestamp};

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Snds {
    /// A row for each address and day, at most [`MAX_ROWS`].
    pub rows: Vec<Row>,
    /// What could not be read, line by line; the first 100.
    pub problems: Vec<Problem>,
}

/// One address on one day.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// The address.
    pub ip: IpAddr,
    /// When activity began.
    pub from: Option<Timestamp>,
    /// When it ended.
    pub until: Option<Timestamp>,
    /// RCPT commands.
    pub rcpt_commands: Option<u64>,
    /// DATA commands.
    pub data_commands: Option<u64>,
    /// Recipients of messages.
    pub recipients: Option<u64>,
    /// What the filter made of it.
    pub filter: Option<Filter>,
    /// How many of the recipients complained.
    pub complaint_rate: Option<Rate>,
    /// Messages to traps.
    pub trap_hits: Option<u64>,
    /// A name of EHLO that was seen.
    pub helo: Option<Text>,
    /// A MAIL FROM that was seen.
    pub mail_from: Option<Text>,
    /// Comments.
    pub comments: Option<Text>,
}

/// How much of the mail was taken for spam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Filter {
    /// Below 10 %.
    Green,
    /// From 10 to 90 %.
    Yellow,
    /// Above 90 %.
    Red,
}

/// A share between two bounds, of 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rate {
    /// The lower bound.
    pub at_least: f64,
    /// The upper bound; equal to the lower one where the value is exact.
    pub below: f64,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The line, from 1.
    pub line: u64,
    /// The column whose value cannot be used.
    pub column: &'static str,
}

/// The most rows that are read.
pub const MAX_ROWS: usize = 1_000_000;
const MAX_PROBLEMS: usize = 100;

/// Reads a file, as far as it can be read.
pub fn read(csv: &[u8]) -> Snds {
    let mut data = Snds::default();
    let mut columns: HashMap<&'static str, usize> = ORDER.iter().copied().zip(0..).collect();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(csv);
    let mut record = csv::ByteRecord::new();
    while data.rows.len() < MAX_ROWS && reader.read_byte_record(&mut record).unwrap_or(false) {
        let line = record.position().map_or(0, csv::Position::line);
        let fields: Vec<String> = record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        if line <= 1 && fields.iter().any(|field| known(field).is_some_and(|it| it == IP)) {
            columns = fields.iter().enumerate().filter_map(|(at, field)| Some((known(field)?, at))).collect();
            continue;
        }
        let mut row = Reading { columns: &columns, fields: &fields, line, problems: &mut data.problems };
        if let Some(row) = row.row() {
            data.rows.push(row);
        }
    }
    data
}

const IP: &str = "IP Address";
const FROM: &str = "Activity start";
const UNTIL: &str = "Activity end";
const RCPT: &str = "RCPT commands";
const DATA: &str = "DATA commands";
const RECIPIENTS: &str = "Message recipients";
const FILTER: &str = "Filter result";
const COMPLAINTS: &str = "Complaint rate";
const TRAP_FROM: &str = "Trap message start";
const TRAP_UNTIL: &str = "Trap message end";
const TRAPS: &str = "Trap hits";
const HELO: &str = "Sample HELO";
const MAIL_FROM: &str = "Sample MAIL FROM";
const COMMENTS: &str = "Comments";

const ORDER: [&str; 14] = [
    IP, FROM, UNTIL, RCPT, DATA, RECIPIENTS, FILTER, COMPLAINTS, TRAP_FROM, TRAP_UNTIL, TRAPS, HELO, MAIL_FROM,
    COMMENTS,
];

/// The column of a head line: letters count, case and what stands between does not.
fn known(name: &str) -> Option<&'static str> {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let name = plain(name);
    let same = ORDER.iter().copied().find(|it| plain(it) == name);
    same.or(match name.as_str() {
        "ip" => Some(IP),
        "start" | "activitystarttime" | "periodstart" => Some(FROM),
        "end" | "activityendtime" | "periodend" => Some(UNTIL),
        "rcptcmds" | "rcpt" => Some(RCPT),
        "datacmds" | "data" => Some(DATA),
        "recipients" => Some(RECIPIENTS),
        "complaints" => Some(COMPLAINTS),
        "traphitcount" | "traps" => Some(TRAPS),
        "helo" => Some(HELO),
        "mailfrom" => Some(MAIL_FROM),
        _ => None,
    })
}

struct Reading<'a> {
    columns: &'a HashMap<&'static str, usize>,
    fields: &'a [String],
    line: u64,
    problems: &'a mut Vec<Problem>,
}

impl Reading<'_> {
    fn row(&mut self) -> Option<Row> {
        if self.fields.iter().all(String::is_empty) {
            return None;
        }
        let Some(ip) = self.field(IP).and_then(|text| text.parse().ok()) else {
            self.problem(IP);
            return None;
        };
        Some(Row {
            ip,
            from: self.read(FROM, moment),
            until: self.read(UNTIL, moment),
            rcpt_commands: self.read(RCPT, count),
            data_commands: self.read(DATA, count),
            recipients: self.read(RECIPIENTS, count),
            filter: self.read(FILTER, filter),
            complaint_rate: self.read(COMPLAINTS, rate),
            trap_hits: self.read(TRAPS, count),
            helo: self.read(HELO, line),
            mail_from: self.read(MAIL_FROM, line),
            comments: self.read(COMMENTS, line),
        })
    }

    fn field(&self, column: &'static str) -> Option<&str> {
        let text = self.fields.get(*self.columns.get(column)?)?.as_str();
        (!text.is_empty()).then_some(text)
    }

    fn read<T>(&mut self, column: &'static str, parse: fn(&str) -> Option<T>) -> Option<T> {
        let text = self.field(column)?;
        let value = parse(text);
        if value.is_none() {
            self.problem(column);
        }
        value
    }

    fn problem(&mut self, column: &'static str) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { line: self.line, column });
        }
    }
}

fn count(text: &str) -> Option<u64> {
    text.replace(',', "").parse().ok()
}

fn line(text: &str) -> Option<Text> {
    Some(Text::lossy(text))
}

fn filter(text: &str) -> Option<Filter> {
    match text.to_ascii_lowercase().as_str() {
        "green" => Some(Filter::Green),
        "yellow" => Some(Filter::Yellow),
        "red" => Some(Filter::Red),
        _ => None,
    }
}

/// `< 0.1%`, `0.3%`, `> 1%`.
fn rate(text: &str) -> Option<Rate> {
    let number = text.trim_matches(|c: char| matches!(c, '<' | '>' | '=' | '%' | ' '));
    let share = number.parse::<f64>().ok().filter(|it| (0.0..=100.0).contains(it))? / 100.0;
    Some(match text.as_bytes().first() {
        Some(b'<') => Rate { at_least: 0.0, below: share },
        Some(b'>') => Rate { at_least: share, below: 1.0 },
        _ => Rate { at_least: share, below: share },
    })
}

/// `12/31/2025 7:00 PM`, or RFC 3339.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let (date, time) = text.split_once(' ')?;
    let date: Vec<u32> = date.split('/').map(|it| it.parse().ok()).collect::<Option<_>>()?;
    let [month, day, year] = date.as_slice() else { return None };
    let (clock, half) = time.split_once(' ').unwrap_or((time, ""));
    let clock: Vec<u32> = clock.split(':').map(|it| it.parse().ok()).collect::<Option<_>>()?;
    let (hour, minute, second) = match clock.as_slice() {
        [hour, minute] => (*hour, *minute, 0),
        [hour, minute, second] => (*hour, *minute, *second),
        _ => return None,
    };
    let hour = match (half.to_ascii_uppercase().as_str(), hour) {
        ("AM", 12) => 0,
        ("PM", 1..=11) => hour.saturating_add(12),
        ("AM" | "PM", 1..=12) | ("", _) => hour,
        _ => return None,
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z").parse().ok()
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: the value of {} cannot be used", self.line, self.column)
    }
}

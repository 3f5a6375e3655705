//! The reply within a diagnostic or a text.

use std::ops::Range;
use std::sync::OnceLock;

use posthaste_types::{EnhancedStatus, Reply, Stage, Text};

use crate::rules::Heads;

/// What a diagnostic holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Diagnostic {
    pub(crate) code: Option<u16>,
    pub(crate) status: Option<EnhancedStatus>,
    pub(crate) stage: Option<Stage>,
    /// The words without codes, to be matched.
    pub(crate) words: String,
    /// The line of the code.
    pub(crate) line: Option<Range<usize>>,
}

impl Diagnostic {
    /// Takes a diagnostic apart. QUIRK: `host mx[192.0.2.1] said: 550 5.1.1 ...`, replies of several lines
    /// that were joined (`550-5.1.1 no 550 5.1.1 one`), `#5.1.1`.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.get(..text.floor_char_boundary(MAX_LEN)).unwrap_or_default();
        crate::work::count(text.len());
        let found = find_code(text);
        let said = found.map_or(text, |(_, at)| text.get(at..).unwrap_or_default());
        let status = status_in(said).or_else(|| status_in(text));
        let code = found.map(|(code, _)| code);
        let line = found.map(|(_, at)| line_around(text, at));
        Self { code, status, stage: stage_in(text), words: words(said, code, status), line }
    }

    /// The reply, if there is a code.
    pub(crate) fn reply(&self) -> Option<Reply> {
        let text = match self.status {
            Some(status) => format!("{status} {}", self.words),
            None => self.words.clone(),
        };
        Reply::new(self.code?, Text::lossy(text).as_str()).ok()
    }
}

/// The line that an octet stands in, without its end.
fn line_around(text: &str, at: usize) -> Range<usize> {
    let octets = text.as_bytes();
    let begin = memchr::memrchr(b'\n', octets.get(..at).unwrap_or_default()).map_or(0, |end| end + 1);
    let end = memchr::memchr(b'\n', octets.get(at..).unwrap_or_default()).map_or(text.len(), |end| at + end);
    begin..end
}

/// The first reply code, and where it stands: at the beginning, behind a colon or a bracket, or in front of
/// an enhanced status code.
fn find_code(text: &str) -> Option<(u16, usize)> {
    let bytes = text.as_bytes();
    let mut success = None;
    let mut at = 0;
    while at + 3 <= bytes.len() {
        let digits = bytes.get(at..at + 3)?;
        let is_code = matches!(digits, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']);
        if !is_code
            || !begins_word(bytes, at)
            || !matches!(bytes.get(at + 3), None | Some(b' ' | b'-' | b'\t' | b':' | b'\n' | b'\r'))
        {
            at += 1;
            continue;
        }
        let rest = text.get(at + 3..).unwrap_or_default();
        if introduced(bytes, at) || leading_status(rest).is_some() {
            let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
            // QUIRK: the greeting that was cut off stands before the refusal: `220-mx 421 4.2.1 not now`.
            if code >= 400 {
                return Some((code, at));
            }
            success = success.or(Some((code, at)));
        }
        at += 3;
    }
    success
}

fn begins_word(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    before.is_none_or(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'.' | b'-' | b'_' | b'@' | b'/' | b'=' | b','))
}

/// Whether what stands before says that a reply follows.
fn introduced(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().trim_ascii_end();
    matches!(before.last(), None | Some(b':' | b';' | b'<' | b'>' | b'"' | b'\'' | b'#' | b'(' | b'['))
}

fn leading_status(text: &str) -> Option<EnhancedStatus> {
    let word = text
        .trim_start_matches([' ', '-', '#', '\t', '\r', '\n'])
        .split(|c: char| c != '.' && !c.is_ascii_digit())
        .next()?;
    EnhancedStatus::parse(word).ok()
}

/// The first enhanced status code in a text.
pub(crate) fn status_in(text: &str) -> Option<EnhancedStatus> {
    let is_part = |c: char| c == '.' || c.is_ascii_alphanumeric();
    let words = text.split(|c: char| !is_part(c)).filter(|word| word.as_bytes().get(1) == Some(&b'.'));
    let mut words = words.filter(|word| word.starts_with(['2', '4', '5']));
    words.find_map(|word| EnhancedStatus::parse(word.trim_end_matches('.')).ok())
}

/// The words without the codes at the beginnings of lines that were joined, and without what the
/// reporting server added.
fn words(said: &str, code: Option<u16>, status: Option<EnhancedStatus>) -> String {
    let said = said.split("(in reply to").next().unwrap_or_default();
    let code = code.map(|code| code.to_string());
    let status = status.map(|status| status.to_string());
    let mut words = String::with_capacity(said.len());
    let mut behind_code = false;
    for word in said.split_whitespace() {
        let bare = word.trim_start_matches('#').trim_end_matches(':');
        let rest = code.as_deref().and_then(|code| bare.strip_prefix(code));
        let continued = rest.and_then(|rest| rest.strip_prefix('-').or(rest.is_empty().then_some("")));
        let word = match continued {
            Some(rest) => rest,
            None => word,
        };
        let is_code = word.is_empty();
        let is_status = status.as_deref() == Some(word.trim_start_matches('#').trim_end_matches(':'));
        let skip = is_code || (is_status && (behind_code || continued.is_some()));
        behind_code = is_code;
        if skip {
            continue;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

/// The command that the reply answered, if the reporting server says so.
fn stage_in(text: &str) -> Option<Stage> {
    static WORDS: OnceLock<Option<Heads>> = OnceLock::new();
    let words = || STAGES.iter().flat_map(|(_, words)| *words).collect::<Vec<_>>();
    let heads = WORDS.get_or_init(|| Heads::new(&words())).as_ref()?;
    let mut first = usize::MAX;
    heads.scan(text.as_bytes(), |found| {
        first = first.min(found.number);
        first > 0
    });
    let mut before = 0;
    let stage = STAGES.iter().find(|(_, words)| {
        before += words.len();
        first < before
    });
    stage.map(|(stage, _)| *stage)
}

/// How much of a diagnostic is looked at, in octets.
const MAX_LEN: usize = 16 * 1024;
/// Words of Postfix, Exim, PowerMTA and others, the more certain first.
const STAGES: &[(Stage, &[&str])] = &[
    (
        Stage::EndOfData,
        &[
            "end of data",
            "after data",
            "final data",
            "final dot",
            "end-of-data",
            "after pipelined end",
            "failed after i sent the message",
        ],
    ),
    (
        Stage::Rcpt,
        &[
            "to rcpt to",
            "after rcpt to",
            "our rcpt to",
            "after pipelined rcpt",
            ">>> rcpt to",
            "does not like recipient",
        ],
    ),
    (
        Stage::Mail,
        &[
            "to mail from",
            "after mail from",
            "our mail from",
            "after pipelined mail",
            ">>> mail from",
            "but sender was rejected",
        ],
    ),
    (Stage::Data, &["to data command", "our data", ">>> data", "failed on data command"]),
    (Stage::StartTls, &["to starttls", "after starttls"]),
    (
        Stage::Ehlo,
        &[
            "to ehlo",
            "to helo",
            "after ehlo",
            "after helo",
            "the helo handshake",
            "our helo",
            "our ehlo",
            "but my name was rejected",
        ],
    ),
    (
        Stage::Connect,
        &[
            "initial connection",
            "refused to talk to me",
            "server greeting",
            "the initial server",
            "but greeting failed",
            "reading the smtp greeting",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_found_in_what_servers_make_of_them() {
        for (text, code, status, words) in [
            ("550 5.1.1 <bob@example.org> no such user", Some(550), Some("5.1.1"), "<bob@example.org> no such user"),
            (
                "550-5.1.1 The account does 550-5.1.1 not exist. 550 5.1.1 Bye",
                Some(550),
                Some("5.1.1"),
                "The account does not exist. Bye",
            ),
            (
                "host mx.example.org[192.0.2.1] said: 452 4.2.2 full (in reply to RCPT TO command)",
                Some(452),
                Some("4.2.2"),
                "full",
            ),
            ("Remote host said: 554 no (#5.7.1)", Some(554), Some("5.7.1"), "no (#5.7.1)"),
            ("550 #5.1.0 Address rejected.", Some(550), Some("5.1.0"), "Address rejected."),
            ("delivery failed after 432 attempts", None, None, "delivery failed after 432 attempts"),
            ("connect to 192.0.2.250: Connection refused", None, None, "connect to 192.0.2.250: Connection refused"),
            ("smtp;550-no 550 yes", Some(550), None, "no yes"),
            ("refused to talk to me: 220-mx 421 4.2.1 not now", Some(421), Some("4.2.1"), "not now"),
            ("host mx said: 550\n    5.7.1 denied (in reply to MAIL FROM command)", Some(550), Some("5.7.1"), "denied"),
            ("250 2.0.0 accepted", Some(250), Some("2.0.0"), "accepted"),
        ] {
            let found = Diagnostic::parse(text);
            assert_eq!(found.code, code, "{text}");
            assert_eq!(found.status.map(|status| status.to_string()).as_deref(), status, "{text}");
            assert_eq!(found.words, words, "{text}");
        }
    }

    #[test]
    fn stages_are_told() {
        for (text, stage) in [
            ("550 no (in reply to MAIL FROM command)", Some(Stage::Mail)),
            ("SMTP error from remote mail server after RCPT TO:<bob@example.org>: 550 no", Some(Stage::Rcpt)),
            ("host mx refused to talk to me: 554 no", Some(Stage::Connect)),
            ("554 no (in reply to end of DATA command)", Some(Stage::EndOfData)),
            ("550 no", None),
        ] {
            assert_eq!(Diagnostic::parse(text).stage, stage, "{text}");
        }
    }
}

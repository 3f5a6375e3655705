//! A text for people: where the copy of the original begins, and which recipients it names.

use std::borrow::Cow;

use posthaste_types::Address;

use super::address::addresses;
use super::fields::Fields;
use super::mime::Part;
use crate::rules::{Rules, SignalKind};

/// What a person reads, and what is enclosed behind it.
#[derive(Debug, Default)]
pub(crate) struct Human<'a> {
    pub(crate) text: Cow<'a, str>,
    /// The copy of the message behind a line that announces one.
    pub(crate) original: Cow<'a, str>,
}

/// The text of a part without tags, cut where a copy of the original begins.
pub(crate) fn human<'a>(part: &'a Part<'_>, rules: &Rules, most: usize) -> Human<'a> {
    let text = part.text(most);
    let text = if part.media == "text/html" { untag(&text).into() } else { text };
    let Some((end, behind)) = original_at(&text, rules) else { return Human { text, original: Cow::default() } };
    match text {
        Cow::Borrowed(text) => Human { text: part_of(text, 0, end).into(), original: rest_of(text, behind).into() },
        Cow::Owned(text) => {
            Human { text: part_of(&text, 0, end).to_owned().into(), original: rest_of(&text, behind).to_owned().into() }
        }
    }
}

fn part_of(text: &str, begin: usize, end: usize) -> &str {
    text.get(begin..end).unwrap_or_default()
}

fn rest_of(text: &str, begin: usize) -> &str {
    text.get(begin..).unwrap_or_default().trim_start_matches(['\r', '\n', ' '])
}

/// Where the text for people ends, and where the copy of the message begins.
fn original_at(text: &str, rules: &Rules) -> Option<(usize, usize)> {
    crate::work::count(text.len());
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let behind = at + line.len();
        if at > 0 && !text.get(..at).unwrap_or_default().trim_ascii().is_empty() {
            match begins_original(line, rules) {
                Begins::Behind => return Some((at, behind)),
                Begins::Here => return Some((at, at)),
                Begins::Not => {}
            }
        }
        at = behind;
    }
    None
}

enum Begins {
    Behind,
    Here,
    Not,
}

/// Whether a copy of the message begins behind this line, announced by a rule or by a sentence that ends in
/// a colon or a full stop, or with it, unannounced.
fn begins_original(line: &str, rules: &Rules) -> Begins {
    let bare = line.trim_start_matches(['>', ' ']).trim_end();
    let starts = |name: &str| bare.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    if starts("Received: ") || starts("Received:from") || starts("Return-Path:") {
        return Begins::Here;
    }
    let is_rule = ["--", "==", "**", "__", "|--"].iter().any(|rule| bare.starts_with(rule) || bare.ends_with(rule));
    let announces = is_rule || bare.ends_with([':', '.', '：']);
    if !announces || bare.len() > MAX_MARK {
        return Begins::Not;
    }
    // QUIRK: Postfix's "delete your own text from the attached returned message." announces nothing.
    let spoken = rules.signals.spoken(bare);
    let begins = spoken.has(SignalKind::Original) || (is_rule && spoken.has(SignalKind::OriginalRule));
    if begins { Begins::Behind } else { Begins::Not }
}

/// The text of HTML: no tags, no styles, the commonest entities read.
fn untag(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    let mut hidden = false;
    while let Some((before, tag)) = rest.split_once('<') {
        if !hidden {
            text.push_str(before);
        }
        // QUIRK: an address in angle brackets that nobody escaped.
        let end = tag.find('>').unwrap_or(tag.len());
        let (inner, behind) = (tag.get(..end).unwrap_or_default(), tag.get(end + 1..).unwrap_or_default());
        let closes = inner.starts_with('/');
        let name = inner.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is = |names: &[&str]| names.iter().any(|other| name.eq_ignore_ascii_case(other));
        if is(&["style", "script", "head", "title"]) {
            hidden = !closes;
        } else if is(&["br", "p", "div", "tr", "li", "h1", "h2", "h3", "pre", "td", "table"]) {
            text.push('\n');
        } else if !inner.contains(' ') && inner.contains('@') && !hidden {
            text.push_str(inner);
        }
        rest = behind;
    }
    if !hidden {
        text.push_str(rest);
    }
    entities(&text)
}

fn entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        plain.push_str(before);
        let end = entity.bytes().take(MAX_ENTITY).position(|octet| octet == b';');
        let read = end.and_then(|end| Some((character(entity.get(..end)?)?, entity.get(end + 1..)?)));
        let (c, behind) = read.unwrap_or(('&', entity));
        plain.push(c);
        rest = behind;
    }
    plain + rest
}

fn character(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "apos" => '\'',
        "gt" => '>',
        "lt" => '<',
        "nbsp" => ' ',
        "quot" => '"',
        _ => {
            let number = entity.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number).filter(|c| !c.is_control())?
        }
    })
}

/// A recipient that a text names, and where its line begins.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) address: Address,
    pub(crate) at: usize,
}

/// The recipients of a text. `own` holds, in lower case, addresses that are not meant: those to which the report came,
/// and who sent it.
pub(crate) fn recipients(text: &str, failed: &[Address], own: &str, most: usize) -> Vec<Named> {
    let mut found: Vec<Named> = candidates(text, own).into_iter().map(|(named, _)| named).collect();
    if !failed.is_empty() {
        let lines = std::mem::take(&mut found);
        for address in failed {
            let line = lines.iter().find(|named| named.address.normalized() == address.normalized());
            found.push(Named { address: address.clone(), at: line.map_or(0, |named| named.at) });
        }
    }
    found.truncate(most.saturating_add(1));
    found
}

/// Who mails himself is a recipient too: but only a line that says so means it.
pub(crate) fn recipients_of_own(text: &str) -> Vec<Named> {
    let mut found = candidates(text, "");
    found.retain(|(_, tier)| *tier <= 1);
    found.into_iter().map(|(named, _)| named).collect()
}

/// The recipient of an enclosed original, if it has only one.
pub(crate) fn only_recipient(original: Fields<'_>) -> Option<Address> {
    let to = addresses(&original.find("To")?);
    match to.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// The addresses of a text and their tier: those of the most certain tier.
fn candidates(text: &str, own: &str) -> Vec<(Named, usize)> {
    let mut found: Vec<(Named, usize)> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let mut best = usize::MAX;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begin = at;
        at += line.len();
        if memchr::memchr(b'@', line.as_bytes()).is_none() {
            continue;
        }
        let (tier, is_bare) = tier(line);
        if tier > best || found.len() >= MAX_NAMED {
            continue;
        }
        for address in addresses(line) {
            let name = address.normalized();
            if names(own, &name) || (!is_bare && is_system(&address)) {
                continue;
            }
            if tier < best {
                best = tier;
                found.clear();
                seen.clear();
            }
            crate::work::count(seen.len());
            if !seen.contains(&name) {
                seen.push(name);
                found.push((Named { address, at: begin }, tier));
            }
        }
    }
    found
}

/// Whether values of header fields hold this address, whole.
fn names(values: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '=' | '@');
    values.match_indices(name).any(|(at, _)| {
        let before = values.get(..at).and_then(|before| before.chars().next_back());
        let behind = values.get(at + name.len()..).and_then(|behind| behind.chars().next());
        !before.is_some_and(is_part) && !behind.is_some_and(is_part)
    })
}

/// How certain it is that the line names a recipient: 0 the most. And whether it says nothing else.
fn tier(line: &str) -> (usize, bool) {
    let lower = line.trim().to_ascii_lowercase();
    // QUIRK: `<<< 550 bob@example.org... no such user` of Sendmail.
    let bare = lower.trim_start_matches(|c: char| "*-><\"'• \t".contains(c) || c.is_ascii_digit());
    let first = bare.split([' ', '\t', ':', '>', ',', ';', '(', '"', '\'']).next().unwrap_or_default();
    if first.contains('@') {
        let rest = bare.get(first.len()..).unwrap_or_default();
        return (0, rest.trim_matches(|c: char| "<>:\"' \t".contains(c)).is_empty());
    }
    if lower.contains("rcpt to:") {
        return (0, false);
    }
    let near = RECIPIENT_WORDS.iter().any(|word| lower.contains(word));
    (if near { 1 } else { 2 }, false)
}

/// An address of a mail system, never a recipient.
fn is_system(address: &Address) -> bool {
    let local = address.local_part();
    SYSTEMS.iter().any(|name| local.eq_ignore_ascii_case(name))
}

/// The words behind a recipient's line, up to the next recipient that has words of its own.
pub(crate) fn segment<'a>(text: &'a str, all: &[Named], at: usize) -> &'a str {
    crate::work::count(all.len());
    let mut ends: Vec<usize> = all.iter().map(|named| named.at).filter(|other| *other > at).collect();
    ends.sort_unstable();
    ends.push(text.len());
    let said = ends.iter().map(|end| part_of(text, at, *end)).find(|part| says_something(part));
    said.unwrap_or_else(|| text.get(at..).unwrap_or_default())
}

/// QUIRK: a transcript of Sendmail shows what the server answered, `<<< 550 no`, behind what was asked, `>>> RCPT`. Where
/// that begins, with the question; what Sendmail says of it stands behind.
pub(crate) fn transcript_at(text: &str) -> Option<usize> {
    let refusal = ["\n<<< 5", "\n<<< 4"].iter().filter_map(|mark| text.find(mark)).min()?;
    let before = text.get(..refusal)?;
    let question = before.rfind('\n').map_or(0, |end| end + 1);
    Some(if text.get(question..)?.starts_with(">>>") { question } else { refusal + 1 })
}

/// Whether there are words beside addresses.
fn says_something(part: &str) -> bool {
    let words = part.split_whitespace().filter(|word| !word.contains('@'));
    words.flat_map(str::chars).filter(|c| c.is_alphabetic()).nth(MIN_WORDS - 1).is_some()
}

/// Words of a line that says who the recipient is.
const RECIPIENT_WORDS: &[&str] = &[
    "recipient",
    "to:",
    "delivered to",
    "delivering to",
    "delivery to",
    "sent to",
    "your mail to",
    "your message to",
    "undeliverable to",
    "addressed to",
    "mailbox",
    "user",
    "account",
    "destinat",
    "empfänger",
    "adresa",
    "宛先",
    "宛て",
    "收件人",
    "수신",
    "получател",
];
/// Local parts of mail systems.
const SYSTEMS: &[&str] = &["postmaster", "mailer-daemon", "mailer_daemon", "abuse", "support", "hostmaster"];
/// The longest line that may announce a copy.
const MAX_MARK: usize = 200;
/// The most addresses of one text that are looked at.
const MAX_NAMED: usize = 1_000;
/// The longest entity, in octets.
const MAX_ENTITY: usize = 10;
/// So many letters are words.
const MIN_WORDS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_read_as_text() {
        let html = "<html><head><title>head</title><style>p { a: b }</style></head><body><p>To &lt;bob&#64;example.org&gt;</p>\
                    <br>not <b>found</b>&nbsp;&amp; gone &unknown; <carol@example.org></body>";
        let text = untag(html);
        assert!(text.contains("To <bob@example.org>") && text.contains("not found & gone &unknown; carol@example.org"));
        assert!(!text.contains("a: b") && !text.contains("head"), "{text}");
    }

    #[test]
    fn the_most_certain_lines_name_the_recipients() {
        let text = "Your mail of ada@example.com to carol@example.org:\n  <bob@example.org>: no\n  * dan@example.org\n";
        let found = recipients(text, &[], "ada <ada@example.com>", 10);
        let names: Vec<&str> = found.iter().map(|named| named.address.as_str()).collect();
        assert_eq!(names, ["bob@example.org", "dan@example.org"]);
    }
}

//! A text for people: which recipients it is about, and what it says of each.

use std::borrow::Cow;
use std::collections::HashSet;

use posthaste_types::Address;

use super::fields::Fields;
use super::limits::Limits;
use super::mime::Parts;
use crate::rules::{Rules, SignalKind};

/// What a person reads, and what is enclosed behind it.
#[derive(Debug, Default)]
pub(crate) struct Human {
    pub(crate) text: String,
    /// The copy of the message behind a line that announces one.
    pub(crate) original: Vec<u8>,
}

/// The first text of the message, without tags, cut where a copy of the original begins.
pub(crate) fn human(parts: &Parts<'_>, rules: &Rules, limits: &Limits) -> Human {
    let is_text = |media: &str| media.is_empty() || media == "text/plain" || !media.contains('/');
    let plain = parts.leaves.iter().find(|part| is_text(&part.media) && !part.body.trim_ascii().is_empty());
    let part = plain.or_else(|| parts.leaves.iter().find(|part| part.media.starts_with("text/")));
    let Some(part) = part.or(parts.leaves.first()) else { return Human::default() };
    let decoded = part.decoded(limits.text);
    let text = String::from_utf8_lossy(&decoded);
    let text = if part.media == "text/html" { untag(&text).into() } else { text };
    cut(text, rules)
}

fn cut(text: Cow<'_, str>, rules: &Rules) -> Human {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let behind = at + line.len();
        let original = match begins_original(line, rules) {
            Begins::Behind if at > 0 => text.get(behind..),
            Begins::Here if at > 0 => text.get(at..),
            _ => None,
        };
        if let Some(original) = original {
            let original = original.trim_start_matches(['\r', '\n', ' ']).as_bytes().to_vec();
            return Human { text: text.get(..at).unwrap_or_default().to_owned(), original };
        }
        at = behind;
    }
    Human { text: text.into_owned(), original: Vec::new() }
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
    let is_rule = ["--", "==", "**", "|--"].iter().any(|rule| bare.starts_with(rule) || bare.ends_with(rule));
    let announces = is_rule || bare.ends_with([':', '.']);
    if announces && bare.len() <= MAX_MARK && rules.signals.speaks(SignalKind::Original, &bare.to_lowercase()) {
        return Begins::Behind;
    }
    Begins::Not
}

/// The text of HTML: no tags, the commonest entities read.
fn untag(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, behind) = tag.split_once('>').unwrap_or((tag, ""));
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if ["br", "p", "div", "tr", "li", "h1", "h2", "h3"].iter().any(|block| name.eq_ignore_ascii_case(block)) {
            text.push('\n');
        }
        rest = behind;
    }
    text.push_str(rest);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&quot;", "\"").replace("&amp;", "&")
}

/// A recipient that a text names, and the words about it.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) address: Address,
    pub(crate) words: String,
}

/// The recipients of a text. `own` are addresses that cannot be meant: those to which the report came.
pub(crate) fn recipients(human: &Human, message: Fields<'_>, own: &HashSet<String>, most: usize) -> Vec<Named> {
    let failed = message.all("X-Failed-Recipients").flat_map(|value| addresses(&value));
    let failed: Vec<Address> = failed.take(MAX_NAMED).collect();
    let mut found = candidates(&human.text, own);
    if found.is_empty() {
        // Who mails himself is a recipient too: but only a line that begins so says it.
        found = candidates(&human.text, &HashSet::new());
        found.retain(|(_, _, tier)| *tier == 0);
    }
    let mut found: Vec<(Address, usize)> = found.into_iter().map(|(address, at, _)| (address, at)).collect();
    if !failed.is_empty() {
        let lines = std::mem::take(&mut found);
        for address in failed {
            let line = lines.iter().find(|(named, _)| named.normalized() == address.normalized());
            found.push((address, line.map_or(0, |(_, at)| *at)));
        }
    }
    if found.is_empty() {
        let to = Fields(&human.original).find("To").unwrap_or_default();
        let to: Vec<Address> = addresses(&to);
        if let [only] = to.as_slice() {
            found.push((only.clone(), 0));
        }
    }
    found.truncate(most.saturating_add(1));
    spread(&human.text, found)
}

/// Gives each recipient the words from its line to the next one's.
fn spread(text: &str, found: Vec<(Address, usize)>) -> Vec<Named> {
    if let [(address, _)] = found.as_slice() {
        return vec![Named { address: address.clone(), words: text.to_owned() }];
    }
    let starts: Vec<usize> = found.iter().map(|(_, at)| *at).collect();
    let words = |at: usize| {
        let end = starts.iter().copied().filter(|other| *other > at).min().unwrap_or(text.len());
        text.get(at..end).unwrap_or_default().to_owned()
    };
    found.into_iter().map(|(address, at)| Named { words: words(at), address }).collect()
}

/// The addresses of a text with the places of their lines and their tier: those of the most certain tier.
fn candidates(text: &str, own: &HashSet<String>) -> Vec<(Address, usize, usize)> {
    let mut found: Vec<(Address, usize, usize)> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut best = usize::MAX;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let tier = tier(line);
        let begin = at;
        at += line.len();
        if tier > best || found.len() >= MAX_NAMED {
            continue;
        }
        for address in addresses(line) {
            let name = address.normalized();
            if own.contains(&name) || is_system(&address) {
                continue;
            }
            if tier < best {
                best = tier;
                found.clear();
                seen.clear();
            }
            if seen.insert(name) {
                found.push((address, begin, tier));
            }
        }
    }
    found
}

/// How certain it is that the line names a recipient: 0 the most.
fn tier(line: &str) -> usize {
    let lower = line.trim().to_ascii_lowercase();
    // QUIRK: `<<< 550 bob@example.org... no such user` of Sendmail.
    let bare = lower.trim_start_matches(|c: char| "*-><\"' \t".contains(c) || c.is_ascii_digit());
    let first = bare.split([' ', '\t', ':', '>', ',', ';', '(']).next().unwrap_or_default();
    let named = [
        "rcpt to",
        "recipient",
        "to:",
        "could not be delivered to",
        "couldn't be delivered to",
        "was not delivered to",
    ];
    if first.contains('@') || lower.contains("rcpt to:") {
        0
    } else if named.iter().any(|word| lower.contains(word)) {
        1
    } else {
        2
    }
}

/// The addresses of a line, in their order; the sender of a `MAIL FROM` and a `From:` is none of them.
pub(crate) fn addresses(line: &str) -> Vec<Address> {
    if !line.contains('@') {
        return Vec::new();
    }
    let is_edge = |c: char| c.is_whitespace() || "<>()[]{}\",;:'|".contains(c);
    let mut found = Vec::new();
    let mut begin = 0;
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        if !is_edge(c) {
            continue;
        }
        let word = line.get(begin..at).unwrap_or_default();
        if word.contains('@') && !is_sender(line, begin) {
            let word = word.trim_matches(|c| ".*=!?".contains(c));
            found.extend(Address::parse(word).ok().filter(|address| address.domain().as_str().contains('.')));
        }
        begin = at + c.len_utf8();
        if found.len() >= MAX_NAMED {
            break;
        }
    }
    found
}

/// Whether what stands before says that the address at `at` is the sender's.
fn is_sender(line: &str, at: usize) -> bool {
    let before = line.as_bytes().get(..at).unwrap_or_default();
    let near = before.get(before.len().saturating_sub(16)..).unwrap_or_default().to_ascii_lowercase();
    let end = near.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |at| at + 1);
    let words = near.get(..end).unwrap_or_default();
    words.ends_with(b"mail from") || (before.len() < 16 && words.trim_ascii() == b"from")
}

/// An address of a mail system, never a recipient.
fn is_system(address: &Address) -> bool {
    let local = address.local_part().to_ascii_lowercase();
    ["postmaster", "mailer-daemon", "mailer_daemon", "abuse", "support", "hostmaster"].contains(&local.as_str())
}

/// The longest line that may announce a copy.
const MAX_MARK: usize = 200;
/// The most addresses of one text that are looked at.
const MAX_NAMED: usize = 1_000;

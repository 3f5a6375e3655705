//! A text for people: which recipients it is about, and what it says of each.

use std::borrow::Cow;
use std::collections::HashSet;

use posthaste_types::Address;

use super::fields::Fields;
use super::limits::Limits;
use super::mime::Parts;
use crate::rules::Rules;

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
        let bare = line.trim();
        // A line of rules or a sentence that ends in a colon or a full stop announces the copy.
        let announces =
            bare.starts_with("--") || bare.ends_with([':', '.']) || bare.ends_with("--") || bare.starts_with("==");
        let behind = at + line.len();
        if announces && bare.len() <= MAX_MARK && at > 0 && rules.signals.begins_original(bare) {
            let original = text.get(behind..).unwrap_or_default().trim_start_matches(['\r', '\n', ' ']);
            return Human {
                text: text.get(..at).unwrap_or_default().to_owned(),
                original: original.as_bytes().to_vec(),
            };
        }
        at = behind;
    }
    Human { text: text.into_owned(), original: Vec::new() }
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
    let failed: Vec<Address> = message.all("X-Failed-Recipients").flat_map(|value| addresses(&value)).collect();
    let mut found = candidates(&human.text, own);
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

/// The addresses of a text with the places of their lines: those of the most certain kind of line.
fn candidates(text: &str, own: &HashSet<String>) -> Vec<(Address, usize)> {
    let mut tiers: [Vec<(Address, usize)>; 3] = Default::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let tier = tier(line);
        for address in addresses(line) {
            let is_seen = |tier: &Vec<(Address, usize)>| tier.iter().any(|(seen, _)| *seen == address);
            if own.contains(&address.normalized()) || is_system(&address) || tiers[..=tier].iter().any(is_seen) {
                continue;
            }
            if let Some(tier) = tiers.get_mut(tier).filter(|tier| tier.len() < MAX_NAMED) {
                tier.push((address, at));
            }
        }
        at += line.len();
    }
    tiers.into_iter().find(|tier| !tier.is_empty()).unwrap_or_default()
}

/// How certain it is that the line names a recipient: 0 the most.
fn tier(line: &str) -> usize {
    let lower = line.trim().to_ascii_lowercase();
    let bare = lower.trim_start_matches(['*', '-', '>', '<', ' ', '"', '\'', '\t']);
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
        let before = line.get(..begin).unwrap_or_default().trim_end_matches(|c: char| is_edge(c)).to_ascii_lowercase();
        begin = at + c.len_utf8();
        let is_sender = before.ends_with("mail from") || before.ends_with("from");
        if word.contains('@') && !is_sender {
            let word = word.trim_matches(|c| ".*=!?".contains(c));
            found.extend(Address::parse(word).ok().filter(|address| address.domain().as_str().contains('.')));
        }
        if found.len() >= MAX_NAMED {
            break;
        }
    }
    found
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

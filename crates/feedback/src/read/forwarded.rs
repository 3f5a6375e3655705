//! Complaints in words: a person forwards the message and says what it thinks of it.

use posthaste_message::ReadMessage;
use posthaste_types::{Evidence, EvidenceSource, Text};

use crate::limits::Limits;
use crate::report::{Form, Kind, Original, Report};

/// A complaint if the message that came is attached and the words call it unwanted, or ask to be left alone.
pub(super) fn report(message: &ReadMessage<'_>, original: &Original, limits: &Limits) -> Option<Report> {
    if is_automatic(message) || !has_come(original) {
        return None;
    }
    let text = message.text().unwrap_or_default();
    let subject = message.subject().unwrap_or_default();
    let (kind, words) = complaint(&subject, &[&PHRASES, &WORDS])
        .or_else(|| complaint(first(&own_words(&text), limits.text), &[&PHRASES]))?;
    let mut report = Report::new(Form::Forwarded, kind);
    report.evidence.push(Evidence::new(EvidenceSource::Rule, format_args!("the words \"{words}\"")));
    report.recipients =
        message.from().iter().filter_map(|it| it.to_address()).map(crate::Recipient::Address).take(1).collect();
    Some(report)
}

/// A machine wrote it, a bounce, an automatic answer (RFC 3834), a list; or it goes on with a conversation.
fn is_automatic(message: &ReadMessage<'_>) -> bool {
    let root = message.root();
    let auto =
        message.header("Auto-Submitted").is_some_and(|it| !it.unfolded().trim().to_ascii_lowercase().starts_with("no"));
    let null_path = message.header("Return-Path").is_some_and(|it| it.unfolded().trim() == "<>");
    let answers = message.header("In-Reply-To").is_some() || message.header("References").is_some();
    auto || null_path || answers || root.content_type().is("multipart", "report") || message.header("List-Id").is_some()
}

/// Whether the attached message is one that was delivered: it passed a server.
fn has_come(original: &Original) -> bool {
    original.field("Received").is_some() && original.from.is_some()
}

/// What the person wrote, without what is quoted.
fn own_words(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('>'));
    lines.take_while(|line| !is_forwarding_mark(line)).collect::<Vec<_>>().join(" ")
}

fn is_forwarding_mark(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("-----") || line.starts_with("Begin forwarded message")
}

fn first(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// The first phrase that stands in the text, at word boundaries.
fn complaint(text: &str, phrases: &[&[(Kind, &str)]]) -> Option<(Kind, Text)> {
    let text = text.to_lowercase();
    phrases
        .iter()
        .copied()
        .flatten()
        .find(|(_, phrase)| holds(&text, phrase))
        .map(|(kind, phrase)| (*kind, Text::lossy(phrase)))
}

fn holds(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text.get(..at).and_then(|it| it.chars().next_back());
        let behind = text.get(at.saturating_add(phrase.len())..).and_then(|it| it.chars().next());
        ![before, behind].into_iter().flatten().any(|c| c.is_alphanumeric() && !is_unspaced(c))
    })
}

/// Whether a script puts no spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}')
}

/// What people say, in the languages of large providers. Who asks to be left alone gets that, before all else.
const PHRASES: [(Kind, &str); 32] = [
    (Kind::OptOut, "unsubscribe me"),
    (Kind::OptOut, "remove me from"),
    (Kind::OptOut, "take me off"),
    (Kind::OptOut, "stop emailing me"),
    (Kind::OptOut, "stop sending me"),
    (Kind::OptOut, "me désinscrire"),
    (Kind::OptOut, "me désabonner"),
    (Kind::OptOut, "bitte abmelden"),
    (Kind::OptOut, "aus dem verteiler"),
    (Kind::OptOut, "darme de baja"),
    (Kind::OptOut, "cancellatemi"),
    (Kind::OptOut, "mij uitschrijven"),
    (Kind::OptOut, "wypisać mnie"),
    (Kind::OptOut, "отпишите меня"),
    (Kind::Abuse, "this is spam"),
    (Kind::Abuse, "report spam"),
    (Kind::Abuse, "spam report"),
    (Kind::Abuse, "spam complaint"),
    (Kind::Abuse, "abuse report"),
    (Kind::Abuse, "abuse complaint"),
    (Kind::Abuse, "unsolicited email"),
    (Kind::Abuse, "unsolicited mail"),
    (Kind::Abuse, "stop spamming"),
    (Kind::Abuse, "never subscribed"),
    (Kind::Abuse, "never signed up"),
    (Kind::Abuse, "unerwünschte e-mail"),
    (Kind::Abuse, "unerwünschte werbung"),
    (Kind::Abuse, "message indésirable"),
    (Kind::Abuse, "correo no deseado"),
    (Kind::Abuse, "posta indesiderata"),
    (Kind::Abuse, "это спам"),
    (Kind::Abuse, "迷惑メール"),
];

/// What says it in a subject alone: in a text it may stand for much else.
const WORDS: [(Kind, &str); 10] = [
    (Kind::Fraud, "phishing"),
    (Kind::Fraud, "scam"),
    (Kind::Fraud, "betrug"),
    (Kind::Fraud, "hameçonnage"),
    (Kind::Abuse, "spam"),
    (Kind::Abuse, "junk"),
    (Kind::Abuse, "uce"),
    (Kind::Abuse, "unsolicited"),
    (Kind::Abuse, "complaint"),
    (Kind::Abuse, "спам"),
];

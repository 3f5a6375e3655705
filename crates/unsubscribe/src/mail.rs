//! Mail to the `mailto:` address (RFC 2369 §3.2).

use posthaste_message::ReadMessage;
use posthaste_types::{Address, ReversePath, Timestamp};

use crate::endpoint::Unsubscribe;
use crate::reference::{Decision, Via};

/// A mail that came in, and its envelope as far as it is known.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Letter<'a> {
    /// The message.
    pub message: &'a ReadMessage<'a>,
    /// MAIL FROM, if known.
    pub from: Option<&'a ReversePath>,
    /// RCPT TO. If it is empty, the address fields are looked at.
    pub to: &'a [Address],
}

impl<'a> Letter<'a> {
    /// A message without its envelope.
    pub const fn new(message: &'a ReadMessage<'a>) -> Self {
        Self { message, from: None, to: &[] }
    }
}

/// Why a mail does not unsubscribe anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ignored {
    /// A machine wrote it: a report, an answer (RFC 3834), a list.
    #[error("an automatic answer")]
    Automatic,
    /// No token where one can stand.
    #[error("no token")]
    NoToken,
    /// A token that is not ours, or too old.
    #[error("not a token of ours")]
    Untrusted,
}

impl Unsubscribe {
    /// Reads a mail. The token stands in an address, `prefix-TOKEN@domain`, or is the subject: `unsubscribe TOKEN`.
    /// The author need not be the recipient: who forwards mail leaves by another address. The token decides.
    ///
    /// QUIRK: Apple Mail says Auto-Submitted: auto-replied and X-Apple-Unsubscribe: true, and writes a subject of
    /// its own; Gmail calls its mail automatically generated in the body alone. Both are a person's word.
    ///
    /// # Errors
    /// [`Ignored`].
    pub fn read_mail(&self, letter: &Letter<'_>, now: Timestamp) -> Result<Decision, Ignored> {
        if is_automatic(letter) {
            return Err(Ignored::Automatic);
        }
        let tokens = self.tokens(letter);
        if tokens.is_empty() {
            return Err(Ignored::NoToken);
        }
        tokens.iter().find_map(|token| self.decide(token, now, Via::Mailto)).ok_or(Ignored::Untrusted)
    }

    fn tokens(&self, letter: &Letter<'_>) -> Vec<String> {
        let Some((prefix, domain)) = &self.mailto else { return Vec::new() };
        let addresses: Vec<Address> = match letter.to {
            [] => {
                let fields = letter.message.headers().filter(|field| ADDRESSED.iter().any(|name| field.is(name)));
                fields.flat_map(|field| field.addresses()).take(32).filter_map(|it| it.to_address()).collect()
            }
            to => to.iter().take(32).cloned().collect(),
        };
        let ours: Vec<String> = addresses
            .iter()
            .filter(|address| address.domain() == domain)
            .map(|address| address.local_part().to_ascii_lowercase())
            .collect();
        let token = |local: &String| Some(local.strip_prefix(&**prefix)?.strip_prefix('-')?.to_owned());
        let mut tokens: Vec<String> = ours.iter().filter_map(token).collect();
        if ours.iter().any(|local| *local == **prefix) {
            let subject = letter.message.subject().unwrap_or_default();
            let words: Vec<&str> = subject.split_whitespace().take(3).collect();
            if let [verb, token] = words[..]
                && verb.eq_ignore_ascii_case("unsubscribe")
            {
                tokens.push(token.to_owned());
            }
        }
        tokens
    }
}

fn is_automatic(letter: &Letter<'_>) -> bool {
    let message = letter.message;
    let value = |name: &str| message.header(name).map(|field| field.unfolded().to_ascii_lowercase());
    let null = matches!(letter.from, Some(ReversePath::Null)) || value("Return-Path").is_some_and(|it| it == "<>");
    let report = message.root().content_type().is("multipart", "report");
    if null || report || MACHINES.iter().any(|name| message.header(name).is_some()) {
        return true;
    }
    let subject = message.subject().unwrap_or_default().to_lowercase();
    if ANSWERS.iter().any(|words| subject.starts_with(words)) {
        return true;
    }
    let apple = value("X-Apple-Unsubscribe").is_some_and(|it| it == "true");
    let submitted = value("Auto-Submitted");
    let submitted = submitted.as_deref().map(|it| it.split([';', ' ', '(']).next().unwrap_or_default());
    let precedence = value("Precedence").is_some_and(|it| ["auto_reply", "bulk", "junk", "list"].contains(&&*it));
    !apple && (precedence || submitted.is_some_and(|it| it != "no"))
}

const ADDRESSED: &[&str] = &["Delivered-To", "X-Original-To", "To", "Cc"];

/// Fields that no person's mail to this address has.
const MACHINES: &[&str] = &[
    "List-Id",
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponse",
    "X-Auto-Reply-From",
    "X-Mail-Autoreply",
    "X-Failed-Recipients",
];

/// How the subjects of absence notes begin.
const ANSWERS: &[&str] = &[
    "out of office",
    "automatic reply",
    "autoreply",
    "auto:",
    "abwesen",
    "automatische antwort",
    "absence",
    "réponse automatique",
    "respuesta automática",
    "fuera de la oficina",
    "fuori sede",
    "risposta automatica",
    "afwezig",
    "automatisch antwoord",
    "odpowiedź automatyczna",
    "resposta automática",
];

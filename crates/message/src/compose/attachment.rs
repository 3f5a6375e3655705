//! Attachments, encoded once and shared.

use std::fmt;
use std::sync::{Arc, OnceLock};

use posthaste_types::{BodyKind, Content, ParseError, ParseErrorKind};
use sha2::{Digest, Sha256};

use super::problem::{Problem, ProblemKind};
use crate::encode::{Encoding, encode_binary, is_token};

/// A file that goes with a message.
///
/// Cloning shares it, and it is encoded once: attach the same `Attachment` to every message of a campaign.
/// What is wrong with it is told by [`MessageBuilder::build`](super::MessageBuilder::build).
///
/// ```
/// use posthaste_message::{Attachment, Message};
///
/// let terms = Attachment::new("terms.pdf", "application/pdf", b"%PDF-1.7 ...");
/// let message = Message::builder().from("ada@example.com").to("bob@example.org").attach(terms).build()?;
/// # Ok::<(), posthaste_message::ComposeError>(())
/// ```
///
/// # Limits
/// File name 1,000 octets; content type 200 octets. `message/rfc822` is not encoded (RFC 2046 §5.2.1
/// forbids it), so it must have lines of at most 998 octets and no NUL; `multipart/*` is refused.
#[derive(Clone)]
pub struct Attachment(Arc<Inner>);

struct Inner {
    filename: String,
    content_type: String,
    octets: Vec<u8>,
    encoded: OnceLock<Result<(Encoding, Content), Problem>>,
    digest: OnceLock<[u8; 32]>,
}

impl Attachment {
    /// A file of a name, a content type (`image/png`, `text/csv; charset=utf-8`) and octets.
    pub fn new(filename: impl Into<String>, content_type: impl Into<String>, octets: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Inner {
            filename: filename.into(),
            content_type: content_type.into(),
            octets: octets.into(),
            encoded: OnceLock::new(),
            digest: OnceLock::new(),
        }))
    }

    /// The file name.
    pub fn filename(&self) -> &str {
        &self.0.filename
    }

    /// The content type, parameters included.
    pub fn content_type(&self) -> &str {
        &self.0.content_type
    }

    /// The octets, as they were given.
    pub fn octets(&self) -> &[u8] {
        &self.0.octets
    }

    /// What is wrong, looking at neither size nor octets.
    pub(crate) fn check(&self, field: &str, problems: &mut Vec<Problem>) {
        if let Err(error) = check_filename(self.filename()) {
            problems.push(Problem::parse(format!("{field}.filename"), &error));
        }
        if let Err(error) = MimeType::parse(self.content_type()) {
            problems.push(Problem::parse(format!("{field}.content_type"), &error));
        }
    }

    /// About how long it is when encoded, without encoding it.
    pub(crate) fn encoded_len(&self) -> usize {
        match self.is_message() {
            true => self.0.octets.len(),
            false => crate::encode::base64_len(self.0.octets.len()),
        }
    }

    /// The encoded body: made by the first call.
    pub(crate) fn encoded(&self) -> Result<&(Encoding, Content), Problem> {
        let encoded = self.0.encoded.get_or_init(|| match self.is_message() {
            true => encode_message(&self.0.octets),
            false => encode_file(&self.0.octets),
        });
        encoded.as_ref().map_err(Clone::clone)
    }

    /// The digest of all that was given.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        self.0.digest.get_or_init(|| {
            let mut hash = Sha256::new();
            for part in [self.filename().as_bytes(), self.content_type().as_bytes(), self.octets()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            hash.finalize().into()
        })
    }

    fn is_message(&self) -> bool {
        let essence = self.content_type().split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("message/rfc822")
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({:?}, {:?}, {} octets)", self.filename(), self.content_type(), self.0.octets.len())
    }
}

/// A content type whose grammar has been checked (RFC 2045 §5.1).
#[derive(Debug)]
pub(crate) struct MimeType<'a> {
    pub(crate) essence: &'a str,
    pub(crate) parameters: Vec<(&'a str, String)>,
}

impl<'a> MimeType<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, ParseError> {
        let refuse = |why, at| Err(ParseError::new(CONTENT_TYPE, ParseErrorKind::Syntax(why), at));
        if text.is_empty() {
            return Err(ParseError::new(CONTENT_TYPE, ParseErrorKind::Empty, 0));
        }
        if text.len() > MAX_CONTENT_TYPE {
            let kind = ParseErrorKind::TooLong { limit: MAX_CONTENT_TYPE };
            return Err(ParseError::new(CONTENT_TYPE, kind, MAX_CONTENT_TYPE));
        }
        if let Some((at, c)) = text.char_indices().find(|(_, c)| *c != ' ' && !c.is_ascii_graphic()) {
            return Err(ParseError::new(CONTENT_TYPE, ParseErrorKind::Forbidden(c), at));
        }
        let (essence, rest) = text.split_once(';').map_or((text, None), |(essence, rest)| (essence, Some(rest)));
        let essence = essence.trim();
        match essence.split_once('/') {
            Some((kind, subtype)) if is_word(kind) && is_word(subtype) => {
                if kind.eq_ignore_ascii_case("multipart") {
                    return refuse("multipart cannot be attached: attach its parts", 0);
                }
            }
            _ => return refuse("not type/subtype", 0),
        }
        let parameters = match rest {
            Some(rest) => parse_parameters(rest, text.len() - rest.len())?,
            None => Vec::new(),
        };
        Ok(Self { essence, parameters })
    }
}

/// `name=value` or `name="value"`, with semicolons between them.
fn parse_parameters(text: &str, offset: usize) -> Result<Vec<(&str, String)>, ParseError> {
    let mut parameters = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = offset + text.len() - rest.len();
        let refusal = |why| ParseError::new(CONTENT_TYPE, ParseErrorKind::Syntax(why), at);
        let (name, value) = rest.split_once('=').ok_or_else(|| refusal("a parameter without '='"))?;
        let reserved = ["name", "boundary"].iter().any(|other| name.eq_ignore_ascii_case(other));
        if !is_word(name) || name.contains('*') || reserved {
            return Err(refusal("not a parameter that can be given here"));
        }
        let (value, tail) = parse_value(value).ok_or_else(|| refusal("not a parameter value"))?;
        parameters.push((name, value));
        match tail.trim_start() {
            "" => return Ok(parameters),
            tail => match tail.strip_prefix(';') {
                Some(tail) => rest = tail,
                None => return Err(refusal("text behind a parameter")),
            },
        }
    }
}

fn parse_value(text: &str) -> Option<(String, &str)> {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.bytes().position(|b| !is_token(b)).unwrap_or(text.len());
        let (value, tail) = text.split_at_checked(end).filter(|(value, _)| !value.is_empty())?;
        return Some((value.to_owned(), tail));
    };
    let mut value = String::new();
    let mut chars = inner.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            c => value.push(c),
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token)
}

fn check_filename(name: &str) -> Result<(), ParseError> {
    const WHAT: &str = "file name";
    if name.is_empty() {
        return Err(ParseError::new(WHAT, ParseErrorKind::Empty, 0));
    }
    if name.len() > MAX_FILENAME {
        return Err(ParseError::new(WHAT, ParseErrorKind::TooLong { limit: MAX_FILENAME }, MAX_FILENAME));
    }
    match name.char_indices().find(|(_, c)| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        Some((at, c)) => Err(ParseError::new(WHAT, ParseErrorKind::Forbidden(c), at)),
        None => Ok(()),
    }
}

fn encode_file(octets: &[u8]) -> Result<(Encoding, Content), Problem> {
    let mut encoded = encode_binary(octets);
    if encoded.is_empty() {
        encoded.extend_from_slice(b"\r\n");
    }
    let content = Content::from_canonical(encoded);
    content.map(|content| (Encoding::Base64, content)).map_err(|error| not_canonical(error.at()))
}

/// RFC 2046 §5.2.1: 7bit or 8bit alone.
fn encode_message(octets: &[u8]) -> Result<(Encoding, Content), Problem> {
    let (content, _) = Content::from_raw(octets.to_vec()).map_err(|error| not_canonical(error.at()))?;
    let is_ascii = content.body_kind() == BodyKind::SevenBit;
    Ok((if is_ascii { Encoding::SevenBit } else { Encoding::EightBit }, content))
}

fn not_canonical(at: usize) -> Problem {
    let kind = ProblemKind::Syntax("an attached message is empty, holds a NUL or a line longer than 998 octets");
    Problem::new("attachment", kind, at)
}

const CONTENT_TYPE: &str = "content type";
const MAX_CONTENT_TYPE: usize = 200;
const MAX_FILENAME: usize = 1000;

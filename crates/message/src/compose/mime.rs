//! The MIME tree of a body, as octets.

use posthaste_types::{Content, MessageId};

use super::attachment::{Attachment, MimeType};
use super::body::Parts;
use super::problem::{Problem, ProblemKind};
use crate::encode::{Encoding, Folder, encode_text, parameter};

/// The MIME fields of the message and its body.
pub(super) fn encode(parts: &Parts, digest: &[u8; 32]) -> Result<(String, Content), Problem> {
    let mut boundaries = Boundaries { digest, made: 0 };
    let Encoded { head, mut pieces, .. } = tree(parts).encode(&mut boundaries)?;
    if !pieces.octets.is_empty() && !pieces.octets.ends_with(b"\r\n") || pieces.is_empty() {
        pieces.octets.extend_from_slice(b"\r\n");
    }
    pieces.flush()?;
    let content = Content::concat(&pieces.segments).map_err(|error| not_canonical(error.at()))?;
    Ok((format!("MIME-Version: 1.0\r\n{head}"), content))
}

/// Attachments stand beside what is read, text beside HTML, inline parts beside their HTML.
fn tree(parts: &Parts) -> Entity<'_> {
    let text = parts.text.as_deref().map(|text| Entity::Text("plain", text));
    let html = parts.html.as_deref().map(|html| {
        let html = Entity::Text("html", html);
        let inline = parts.inline.iter().map(|(id, part)| Entity::File(part, Some(id)));
        Entity::of("related", std::iter::once(html).chain(inline).collect())
    });
    let readable: Vec<Entity<'_>> = text.into_iter().chain(html).collect();
    let readable = (!readable.is_empty()).then(|| Entity::of("alternative", readable));
    let files = parts.attachments.iter().map(|part| Entity::File(part, None));
    let all: Vec<Entity<'_>> = readable.into_iter().chain(files).collect();
    if parts.attachments.is_empty() { Entity::of("mixed", all) } else { Entity::Multi("mixed", all) }
}

enum Entity<'a> {
    Text(&'static str, &'a str),
    File(&'a Attachment, Option<&'a MessageId>),
    Multi(&'static str, Vec<Entity<'a>>),
}

impl<'a> Entity<'a> {
    /// A multipart; its part if there is one alone; an empty text if there is none.
    fn of(subtype: &'static str, mut parts: Vec<Entity<'a>>) -> Self {
        if parts.len() > 1 {
            return Self::Multi(subtype, parts);
        }
        parts.pop().unwrap_or(Self::Text("plain", ""))
    }

    /// At most three levels deep: `tree` makes no more.
    fn encode(&self, boundaries: &mut Boundaries<'_>) -> Result<Encoded, Problem> {
        match self {
            Self::Text(subtype, text) => {
                let (encoding, octets) = encode_text(text);
                let charset = if encoding == Encoding::SevenBit { "us-ascii" } else { "utf-8" };
                let head = head(&format!("text/{subtype}"), &[format!("charset={charset}")], encoding)?;
                Ok(Encoded { head, encoding, pieces: Pieces { segments: Vec::new(), octets } })
            }
            Self::File(part, id) => {
                let (encoding, content) = part.encoded()?;
                let pieces = Pieces { segments: vec![content.clone()], octets: Vec::new() };
                Ok(Encoded { head: file_head(part, *encoding, *id)?, encoding: *encoding, pieces })
            }
            Self::Multi(subtype, parts) => multi(subtype, parts, boundaries),
        }
    }
}

fn multi(subtype: &str, parts: &[Entity<'_>], boundaries: &mut Boundaries<'_>) -> Result<Encoded, Problem> {
    let boundary = boundaries.next();
    let mut pieces = Pieces::default();
    let mut encoding = Encoding::SevenBit;
    for (i, part) in parts.iter().enumerate() {
        let part = part.encode(boundaries)?;
        if part.encoding == Encoding::EightBit {
            encoding = Encoding::EightBit; // RFC 2045 §6.4: a multipart says what is in it
        }
        // RFC 2046 §5.1.1: the CRLF before a delimiter belongs to the delimiter.
        let open = if i == 0 { "--" } else { "\r\n--" };
        pieces.octets.extend_from_slice(format!("{open}{boundary}\r\n{}\r\n", part.head).as_bytes());
        pieces.append(part.pieces)?;
    }
    pieces.octets.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let mut parameters = vec![format!("boundary=\"{boundary}\"")];
    if let ("related", Some(Entity::Text(first, _))) = (subtype, parts.first()) {
        parameters.push(format!("type=\"text/{first}\"")); // RFC 2387 §3.1
    }
    Ok(Encoded { head: head(&format!("multipart/{subtype}"), &parameters, encoding)?, encoding, pieces })
}

struct Encoded {
    head: String,
    encoding: Encoding,
    pieces: Pieces,
}

/// Octets in order: what is shared stays a segment of its own.
#[derive(Default)]
struct Pieces {
    segments: Vec<Content>,
    octets: Vec<u8>,
}

impl Pieces {
    fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.octets.is_empty()
    }

    fn append(&mut self, other: Pieces) -> Result<(), Problem> {
        if !other.segments.is_empty() {
            self.flush()?;
            self.segments.extend(other.segments);
        }
        self.octets.extend_from_slice(&other.octets);
        Ok(())
    }

    /// Makes a segment of the octets so far, which end with a line end wherever this is called.
    fn flush(&mut self) -> Result<(), Problem> {
        if self.octets.is_empty() {
            return Ok(());
        }
        let segment = Content::from_canonical(std::mem::take(&mut self.octets));
        self.segments.push(segment.map_err(|error| not_canonical(error.at()))?);
        Ok(())
    }
}

struct Boundaries<'a> {
    digest: &'a [u8; 32],
    made: u8,
}

impl Boundaries<'_> {
    fn next(&mut self) -> String {
        let hex: String = self.digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        self.made = self.made.saturating_add(1);
        format!("=_{}_{hex}", self.made)
    }
}

fn file_head(part: &Attachment, encoding: Encoding, id: Option<&MessageId>) -> Result<String, Problem> {
    let mime = MimeType::parse(part.content_type()).map_err(|error| Problem::parse("attachment", &error))?;
    let mut parameters: Vec<String> = mime.parameters.iter().flat_map(|(name, value)| parameter(name, value)).collect();
    parameters.extend(parameter("name", part.filename()));
    let mut text = head(mime.essence, &parameters, encoding)?;
    let mut disposition = vec![if id.is_some() { "inline" } else { "attachment" }.to_owned()];
    disposition.extend(parameter("filename", part.filename()));
    text.push_str(&field("Content-Disposition", &disposition)?);
    if let Some(id) = id {
        text.push_str(&field("Content-ID", &[id.to_string()])?);
    }
    Ok(text)
}

fn head(essence: &str, parameters: &[String], encoding: Encoding) -> Result<String, Problem> {
    let tokens: Vec<String> = std::iter::once(essence.to_owned()).chain(parameters.iter().cloned()).collect();
    let content_type = field("Content-Type", &tokens)?;
    Ok(content_type + &field("Content-Transfer-Encoding", &[encoding.name().to_owned()])?)
}

/// Tokens with semicolons between them.
fn field(name: &'static str, tokens: &[String]) -> Result<String, Problem> {
    let mut folder = Folder::new(name);
    for (i, token) in tokens.iter().enumerate() {
        let semicolon = if i + 1 == tokens.len() { "" } else { ";" };
        folder.push(&format!("{token}{semicolon}"));
    }
    folder.finish().map(|field| field.as_str().to_owned()).map_err(|error| Problem::parse(name, &error))
}

fn not_canonical(at: usize) -> Problem {
    Problem::new("body", ProblemKind::Syntax("the encoded body is not canonical"), at)
}

//! Content-Type, Content-Disposition and Content-Transfer-Encoding as read.

use mail_parser::parsers::MessageStream;

use super::scan::Field;

/// A content type or disposition with its parameters, as it was read: lower case, RFC 2231 decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    kind: String,
    subtype: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// RFC 2045 §5.2: what a part without Content-Type is.
    pub(crate) fn plain() -> Self {
        Self { kind: "text".into(), subtype: "plain".into(), parameters: Vec::new() }
    }

    /// RFC 2046 §5.1.5: what a part of a digest without Content-Type is.
    pub(crate) fn message() -> Self {
        Self { kind: "message".into(), subtype: "rfc822".into(), parameters: Vec::new() }
    }

    /// Reads a field's value; `None` if there is no type in it.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        // mail-parser compares every parameter with every other one.
        let mut line = value.get(..value.len().min(MAX_VALUE)).unwrap_or_default().to_vec();
        line.extend_from_slice(b"\r\n");
        let parsed = MessageStream::new(&line).parse_content_type().into_content_type()?;
        let parameters = parsed.attributes.unwrap_or_default();
        let parameters = parameters.into_iter().map(|p| (p.name.to_ascii_lowercase(), p.value.into_owned())).collect();
        let subtype = parsed.c_subtype.unwrap_or_default().to_ascii_lowercase();
        Some(Self { kind: parsed.c_type.to_ascii_lowercase(), subtype, parameters })
    }

    /// The type: `text` of `text/plain`, or the disposition.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The subtype: `plain` of `text/plain`; empty for a disposition.
    pub fn subtype(&self) -> &str {
        &self.subtype
    }

    /// Whether this is `kind/subtype`, given in lower case.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind == kind && self.subtype == subtype
    }

    /// The value of a parameter, its name given in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// How a part is encoded (RFC 2045 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransferEncoding {
    /// 7bit, 8bit, binary or none given: the octets are as they are.
    Identity,
    /// quoted-printable.
    QuotedPrintable,
    /// base64.
    Base64,
    /// Another name; the octets are given as they are.
    Unknown,
}

impl TransferEncoding {
    pub(crate) fn parse(value: &str) -> Self {
        let word = value.split(['(', ';']).next().unwrap_or_default().trim();
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        match word {
            "" => Self::Identity,
            _ if is("7bit") || is("8bit") || is("binary") => Self::Identity,
            _ if is("quoted-printable") => Self::QuotedPrintable,
            _ if is("base64") => Self::Base64,
            _ => Self::Unknown,
        }
    }
}

/// The MIME fields of a header.
pub(crate) struct MimeFields {
    pub(crate) media: Option<MediaType>,
    pub(crate) encoding: TransferEncoding,
    pub(crate) repeated: Vec<usize>,
}

impl MimeFields {
    pub(crate) fn of(raw: &[u8], fields: &[Field]) -> Self {
        let mut mime = Self { media: None, encoding: TransferEncoding::Identity, repeated: Vec::new() };
        let mut seen = (false, false);
        for field in fields {
            let is = |name: &[u8]| raw.get(field.start..field.name_end).is_some_and(|n| n.eq_ignore_ascii_case(name));
            let value = raw.get(field.value..field.end).unwrap_or_default();
            if is(b"Content-Type") && !std::mem::replace(&mut seen.0, true) {
                mime.media = MediaType::parse(value.trim_ascii_end());
            } else if is(b"Content-Transfer-Encoding") && !std::mem::replace(&mut seen.1, true) {
                mime.encoding = TransferEncoding::parse(String::from_utf8_lossy(value).trim());
            } else if is(b"Content-Type") || is(b"Content-Transfer-Encoding") {
                mime.repeated.push(field.start);
            }
        }
        mime
    }
}

/// No more of a field is read.
const MAX_VALUE: usize = 16 * 1024;

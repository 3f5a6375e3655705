//! Signature fields as text, folded: DKIM-Signature (RFC 6376 §3.5), and those of ARC (RFC 8617 §4.1).

use data_encoding::BASE64;
use posthaste_types::Timestamp;

use crate::algorithm::{Algorithm, Canonicalization};

/// Which field signs, and how it begins.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// DKIM-Signature, with `v=1`.
    Dkim,
    /// ARC-Message-Signature of an instance.
    Arc(u8),
}

/// What a signature field says, but for the signature itself.
pub(crate) struct Tags<'a> {
    pub(crate) kind: Kind,
    pub(crate) algorithm: Algorithm,
    pub(crate) header_form: Canonicalization,
    pub(crate) body_form: Canonicalization,
    pub(crate) domain: &'a str,
    pub(crate) selector: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) names: &'a [&'a str],
    pub(crate) body_hash: &'a [u8],
}

impl Tags<'_> {
    /// The field up to and with `b=`: what is hashed, and what the signature is put behind.
    pub(crate) fn compose(&self) -> Unsigned {
        let mut out = match self.kind {
            Kind::Dkim => Fold::new(NAME, "v=1;"),
            Kind::Arc(instance) => Fold::new(ARC_SIGNATURE, &format!("i={instance};")),
        };
        out.tag(&["a=", self.algorithm.as_str(), ";"]);
        out.tag(&["c=", self.header_form.as_str(), "/", self.body_form.as_str(), ";"]);
        out.tag(&["d=", self.domain, ";"]);
        out.tag(&["s=", self.selector, ";"]);
        out.tag(&["t=", &seconds(self.at), ";"]);
        if let Some(expires) = self.expires {
            out.tag(&["x=", &seconds(expires), ";"]);
        }
        for (i, name) in self.names.iter().enumerate() {
            let colon = if i + 1 < self.names.len() { ":" } else { ";" };
            match i {
                0 => out.tag(&["h=", name, colon]),
                _ => out.part(&[name, colon]),
            }
        }
        out.tag(&["bh=", &BASE64.encode(self.body_hash), ";"]);
        out.unsigned()
    }
}

/// What an ARC-Seal says, but for the seal itself (RFC 8617 §4.1.3).
pub(crate) struct SealTags<'a> {
    pub(crate) instance: u8,
    pub(crate) algorithm: Algorithm,
    pub(crate) at: Timestamp,
    pub(crate) chain: &'a str,
    pub(crate) domain: &'a str,
    pub(crate) selector: &'a str,
}

impl SealTags<'_> {
    /// The field up to and with `b=`.
    pub(crate) fn compose(&self) -> Unsigned {
        let mut out = Fold::new(ARC_SEAL, &format!("i={};", self.instance));
        out.tag(&["a=", self.algorithm.as_str(), ";"]);
        out.tag(&["t=", &seconds(self.at), ";"]);
        out.tag(&["cv=", self.chain, ";"]);
        out.tag(&["d=", self.domain, ";"]);
        out.tag(&["s=", self.selector, ";"]);
        out.unsigned()
    }
}

/// RFC 6376 §3.5: an unsigned number of seconds.
fn seconds(at: Timestamp) -> String {
    at.as_unix_secs().max(0).to_string()
}

/// A signature field that still lacks its signature.
pub(crate) struct Unsigned(Fold);

impl Unsigned {
    /// The text from the field's name to `b=`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The pieces of the relaxed form, without a CRLF at the end (RFC 6376 §3.4.2). [`Fold`] writes one space at a
    /// time, and one behind each CRLF: so unfolding is all that is to do.
    pub(crate) fn relaxed(&self) -> impl Iterator<Item = &str> {
        let value = self.0.text.get(self.0.name.len() + 2..).unwrap_or_default();
        let name = match self.0.name {
            ARC_SEAL => "arc-seal:",
            ARC_SIGNATURE => "arc-message-signature:",
            _ => "dkim-signature:",
        };
        std::iter::once(name).chain(value.split("\r\n"))
    }

    /// The whole field with its signature, without a last CRLF.
    pub(crate) fn signed(self, signature: &[u8]) -> String {
        let Self(mut out) = self;
        let base64 = BASE64.encode(signature);
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let room = COLUMNS.saturating_sub(out.column);
            if room == 0 {
                out.line();
                continue;
            }
            let (piece, behind) = rest.split_at(rest.len().min(room));
            out.part(&[piece]);
            rest = behind;
        }
        out.text
    }
}

/// A field that is folded as it grows.
struct Fold {
    name: &'static str,
    text: String,
    column: usize,
}

impl Fold {
    fn new(name: &'static str, first: &str) -> Self {
        let mut text = String::with_capacity(1200);
        text.push_str(name);
        text.push_str(": ");
        text.push_str(first);
        Self { name, column: text.len(), text }
    }

    fn unsigned(mut self) -> Unsigned {
        self.line();
        self.part(&["b="]);
        Unsigned(self)
    }

    /// A space and a tag, or a new line and the tag.
    fn tag(&mut self, tag: &[&str]) {
        let length: usize = tag.iter().map(|part| part.len()).sum();
        if self.column + 1 + length > COLUMNS {
            self.line();
        } else {
            self.text.push(' ');
            self.column += 1;
        }
        self.part(tag);
    }

    /// A word that stands behind the one before it without a space, or on a new line.
    fn part(&mut self, word: &[&str]) {
        let length: usize = word.iter().map(|part| part.len()).sum();
        if self.column > 1 && self.column + length > COLUMNS {
            self.line();
        }
        word.iter().for_each(|part| self.text.push_str(part));
        self.column += length;
    }

    fn line(&mut self) {
        self.text.push_str("\r\n ");
        self.column = 1;
    }
}

pub(crate) const NAME: &str = "DKIM-Signature";
pub(crate) const ARC_RESULTS: &str = "ARC-Authentication-Results";
pub(crate) const ARC_SEAL: &str = "ARC-Seal";
pub(crate) const ARC_SIGNATURE: &str = "ARC-Message-Signature";
/// RFC 5322 §2.1.1: lines of at most 78 characters. A domain or selector that is longer makes a longer line.
const COLUMNS: usize = 78;

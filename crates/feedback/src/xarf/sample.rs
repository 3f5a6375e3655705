//! What a report shows.

use data_encoding::BASE64;
use posthaste_types::Text;
use serde_json::Value;

/// Something that shows the abuse: a mail, a log line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// Its type: `message/rfc822`. Empty if it is a file that is only named.
    pub content_type: Text,
    /// What it is, in words.
    pub description: Option<Text>,
    octets: Vec<u8>,
}

impl Sample {
    /// The octets, without base64 where they stood in it.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Whether it is a mail, or the header of one.
    pub fn is_message(&self) -> bool {
        let kind = self.content_type.as_str().to_ascii_lowercase();
        ["message/", "text/rfc822", "application/rfc822", "text/email"].iter().any(|it| kind.starts_with(it))
    }

    pub(super) fn v3(value: &Value) -> Self {
        let is_base64 = value.get("Base64Encoded").and_then(Value::as_bool).unwrap_or(false);
        let payload = value.get("Payload").and_then(Value::as_str).unwrap_or_default();
        Self {
            content_type: super::text(value, "ContentType").unwrap_or_default(),
            description: super::text(value, "Description"),
            octets: if is_base64 { decoded(payload) } else { payload.as_bytes().to_vec() },
        }
    }

    pub(super) fn v4(value: &Value) -> Self {
        Self {
            content_type: super::text(value, "content_type").unwrap_or_default(),
            description: super::text(value, "description"),
            octets: decoded(value.get("payload").and_then(Value::as_str).unwrap_or_default()),
        }
    }
}

/// The octets of base64, as far as it is some: padding may be missing, other characters are passed over (RFC 2045 §6.8).
fn decoded(text: &str) -> Vec<u8> {
    let mut base64: Vec<u8> = text.bytes().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).collect();
    if base64.len() % 4 == 1 {
        base64.pop();
    }
    while !base64.len().is_multiple_of(4) {
        base64.push(b'=');
    }
    let mut lenient = data_encoding::BASE64.specification();
    lenient.check_trailing_bits = false;
    lenient.encoding().unwrap_or(BASE64).decode(&base64).unwrap_or_default()
}

//! The textual form of keys (RFC 7468).

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::error::{DkimError, DkimErrorKind};

/// The octets of the first private key of a text; other sections, such as certificates, are passed over.
pub(super) fn private_key(text: &str) -> Result<Zeroizing<Vec<u8>>, DkimError> {
    let mut other = DkimErrorKind::NoKey;
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("-----BEGIN ") {
        let Some((label, behind)) = behind.split_once("-----") else { break };
        let Some((body, behind)) = behind.split_once(&format!("-----END {label}-----")) else {
            return Err(DkimErrorKind::Malformed { why: "the PEM text has no end line" }.into());
        };
        match label {
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => return decode(body),
            "ENCRYPTED PRIVATE KEY" => return Err(DkimErrorKind::Encrypted.into()),
            "OPENSSH PRIVATE KEY" => {
                return Err(DkimErrorKind::Unsupported { what: "a key in OpenSSH's format" }.into());
            }
            "PUBLIC KEY" | "RSA PUBLIC KEY" => other = DkimErrorKind::PublicKey,
            _ => {}
        }
        rest = behind;
    }
    Err(other.into())
}

fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, DkimError> {
    if body.contains("Proc-Type:") {
        // The encrypted form of RFC 1421 §4.6.1.1, which old versions of OpenSSL write.
        return Err(DkimErrorKind::Encrypted.into());
    }
    let base64 = Zeroizing::new(body.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect::<Vec<u8>>());
    match BASE64.decode(&base64) {
        Ok(der) => Ok(Zeroizing::new(der)),
        // The library's error names offending octets of the key: not passed on.
        Err(_) => Err(DkimErrorKind::Malformed { why: "the PEM text is not base64" }.into()),
    }
}

pub(super) fn compose(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(BASE64.encode(der));
    // Room for everything from the start: a string that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / LINE + 2 * label.len() + 64));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = behind;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// RFC 7468 §2: lines of 64 characters.
const LINE: usize = 64;

//! What the hash of a rewritten sender covers, and how it is written.

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, HEXLOWER};

use crate::mac::{hmac_md5, hmac_sha1, hmac_sha256};
use crate::secret::SharedSecret;

/// Whose hash stands in a rewritten sender. It matters only between hosts that share keys: to all others
/// it is opaque.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SrsForm {
    /// Exim's `srs_encode`: HMAC-MD5 over the sender, in hexadecimal digits, 4 of them (16 bits). The date
    /// is not covered: whoever has seen one address can give it any date. Exim makes no SRS1; it is hashed as
    /// [`Libsrs2`](Self::Libsrs2) does.
    Exim,
    /// libsrs2, postsrsd, Mail::SRS: HMAC-SHA-1 over date, domain and local part, in base 64, 4 characters
    /// (24 bits, less when the case is lost). The three are joined without a mark, so the boundary between
    /// domain and local part is not covered.
    Libsrs2,
    /// Ours: HMAC-SHA-256 over every part and its boundaries, in base 32, 6 characters (30 bits).
    #[default]
    Strict,
}

impl SrsForm {
    pub(crate) const fn hash_length(self) -> usize {
        match self {
            Self::Exim | Self::Libsrs2 => 4,
            Self::Strict => 6,
        }
    }

    /// Of SRS0.
    pub(crate) fn dated(self, secret: &SharedSecret, stamp: &str, host: &str, user: &str) -> String {
        let [stamp, host, user] = [stamp, host, user].map(str::to_ascii_lowercase);
        let [stamp, host, user] = [stamp.as_bytes(), host.as_bytes(), user.as_bytes()];
        match self {
            Self::Exim => HEXLOWER.encode(&hmac_md5(secret.expose(), &[user, b"@", host])),
            Self::Libsrs2 => BASE64_NOPAD.encode(&hmac_sha1(secret.expose(), &[stamp, host, user])),
            // Neither date nor domain holds the mark, so the parts cannot be moved.
            Self::Strict => strict(secret, &[b"srs0=", stamp, b"=", host, b"=", user]),
        }
    }

    /// Of SRS1.
    pub(crate) fn guarded(self, secret: &SharedSecret, host: &str, rest: &str) -> String {
        let [host, rest] = [host, rest].map(str::to_ascii_lowercase);
        let [host, rest] = [host.as_bytes(), rest.as_bytes()];
        match self {
            Self::Exim | Self::Libsrs2 => BASE64_NOPAD.encode(&hmac_sha1(secret.expose(), &[host, rest])),
            Self::Strict => strict(secret, &[b"srs1=", host, b"=", rest]),
        }
    }
}

fn strict(secret: &SharedSecret, parts: &[&[u8]]) -> String {
    BASE32_NOPAD.encode(&hmac_sha256(secret.expose(), parts))
}

//! Signing: our `Dkim` against what cannot be saved (one signature, and SHA-256 over body and header) and against
//! mail-auth called directly with the same fields.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use posthaste_benches::{Comparison, Mode, Sample, machine};
use posthaste_dkim::{Dkim, DkimKey, KeyKind};
use posthaste_types::{Content, Timestamp};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let mode = Mode::from_env();
    println!("{}", machine(Path::new(env!("CARGO_TARGET_TMPDIR"))));
    for size in [2, 10, 100] {
        if mode.wants("rsa") {
            rsa(mode, size)?;
        }
        if mode.wants("ed25519") {
            ed25519(mode, size)?;
        }
    }
    Ok(())
}

fn rsa(mode: Mode, kib: usize) -> Result<()> {
    let key = DkimKey::generate(KeyKind::Rsa2048)?;
    let der = key.to_der()?;
    let raw = RsaKeyPair::from_pkcs8(&der)?;
    let pki = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.to_vec()));
    let theirs = direct(DkimSigner::from_key(RsaKey::<Sha256>::from_key_der(pki)?));
    let mut signature = vec![0; raw.public_modulus_len()];
    let sign = |digest: &Digest| raw.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature).is_ok();
    let theirs = |octets: &[u8]| theirs.sign(octets).map(|signature| signature.to_header()).is_ok();
    compare(mode, ("RSA-2048", kib, mode.count(100), ">= 0.95"), key, sign, theirs)
}

fn ed25519(mode: Mode, kib: usize) -> Result<()> {
    let key = DkimKey::generate(KeyKind::Ed25519)?;
    let der = key.to_der()?;
    let raw = Ed25519KeyPair::from_pkcs8(&der)?;
    black_box(raw.public_key());
    let theirs = direct(DkimSigner::from_key(Ed25519Key::from_pkcs8_maybe_unchecked_der(&der)?));
    let sign = |digest: &Digest| !raw.sign(digest.as_ref()).as_ref().is_empty();
    let theirs = |octets: &[u8]| theirs.sign(octets).map(|signature| signature.to_header()).is_ok();
    compare(mode, ("Ed25519", kib, mode.count(1_000), if kib == 10 { ">= 0.7" } else { "" }), key, sign, theirs)
}

fn compare(
    mode: Mode,
    (algorithm, kib, count, stand): (&str, usize, usize, &'static str),
    key: DkimKey,
    mut sign: impl FnMut(&Digest) -> bool,
    theirs: impl Fn(&[u8]) -> bool,
) -> Result<()> {
    let ours = Dkim::new("news.example.com".parse()?).key("s1".parse()?, key);
    let at = Timestamp::from_unix_secs(1_790_000_000);
    let body = "Some words of plain text that fill a line as mail does, and end it.\r\n".repeat(kib * 1024 / 69);
    let octets = format!("{HEADER}\r\n{body}").into_bytes();
    let content = Content::from_canonical(octets.clone())?;
    // As long as the canonical header is, with the signature's own field.
    let header = vec![b'h'; HEADER.len() + 600];
    let mut sign = || {
        black_box(digest::digest(&digest::SHA256, body.as_bytes()));
        sign(&digest::digest(&digest::SHA256, &header))
    };

    let mut run = Comparison::new(format!("{algorithm}, {kib} KiB"), "signatures");
    let raw = run.side("raw signature + SHA-256");
    let us = run.side("posthaste Dkim");
    let direct = run.side("mail-auth");
    run.ratio(us, raw, stand);
    run.ratio(us, direct, ">= 0.97");
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let start = Instant::now();
            for _ in 0..count {
                let done = match side {
                    side if side == raw => sign(),
                    side if side == us => black_box(ours.sign_content(&content, at)).is_ok(),
                    _ => theirs(&octets),
                };
                assert!(done, "a signature failed");
            }
            run.note(side, Sample::new(count, start.elapsed()));
        }
    }
    print!("{run}");
    Ok(())
}

fn direct<T: mail_auth::common::crypto::SigningKey>(
    signer: DkimSigner<T, mail_auth::dkim::NeedDomain>,
) -> DkimSigner<T, Done> {
    signer.domain("news.example.com").selector("s1").headers(NAMES)
}

const HEADER: &str = "From: Ada <ada@news.example.com>\r\nTo: Bob <bob@example.org>\r\n\
    Subject: Your order 12345 is on its way to you\r\nDate: Tue, 24 Nov 2026 09:41:44 +0000\r\n\
    Message-ID: <0123456789abcdef@news.example.com>\r\nReply-To: shop@news.example.com\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\
    List-Unsubscribe: <https://news.example.com/u/0123456789abcdef0123456789abcdef>\r\n\
    List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFeedback-ID: 1:2:3:news\r\n";
/// The fields that ours signs by default, those that are oversigned twice.
const NAMES: [&str; 26] = [
    "From",
    "From",
    "To",
    "To",
    "Cc",
    "Subject",
    "Subject",
    "Date",
    "Date",
    "Message-ID",
    "Message-ID",
    "Reply-To",
    "Reply-To",
    "MIME-Version",
    "MIME-Version",
    "Content-Type",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Transfer-Encoding",
    "In-Reply-To",
    "References",
    "List-Unsubscribe",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Unsubscribe-Post",
    "Feedback-ID",
];

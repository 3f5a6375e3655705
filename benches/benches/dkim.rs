//! Signing: our `Dkim` against what cannot be saved (one signature, and SHA-256 over body and header) and against
//! mail-auth called directly with the same fields. Verifying: our `check` against mail-auth's own verifier, both with the
//! key's record at hand; mail-auth keeps it parsed.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::error::Error;
use std::hash::Hash;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::dkim::{DkimSigner, Done};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};
use posthaste_benches::{Comparison, Mode, Sample, machine};
use posthaste_dkim::{CheckLimits, Dkim, DkimKey, KeyKind, check_octets};
use posthaste_dns::MemoryZone;
use posthaste_types::{Content, Tick, Timestamp};
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
        if mode.wants("verify") {
            verify(mode, size, KeyKind::Rsa2048)?;
            verify(mode, size, KeyKind::Ed25519)?;
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
    let (body, octets) = (body(kib), message(kib));
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

/// Both check the same octets, which our signer signed.
fn verify(mode: Mode, kib: usize, kind: KeyKind) -> Result<()> {
    let signer = Dkim::new("news.example.com".parse()?).key("s1".parse()?, DkimKey::generate(kind)?);
    let record = signer.records()?.swap_remove(0);
    let at = Timestamp::from_unix_secs(1_700_000_000);
    let content = Content::from_canonical(message(kib))?;
    let octets = content.with_headers(&signer.sign_content(&content, at)?).to_vec();

    let zone: MemoryZone = record.to_string().parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let limits = CheckLimits::default();
    let ours = || {
        let results = runtime.block_on(check_octets(&[&octets], &limits, &zone, at, Tick::default()));
        results.first().is_some_and(|result| result.is_pass())
    };
    let key = Txt::from(DomainKey::parse(record.value.as_bytes()));
    let keys = Keys(HashMap::from([(format!("{}.", record.name).into(), key)]));
    let authenticator = MessageAuthenticator::new_cloudflare()?;
    let theirs = || {
        let Some(message) = AuthenticatedMessage::parse(&octets) else { return false };
        let checked = authenticator.verify_dkim(Parameters::new(&message).with_txt_cache(&keys));
        let results = runtime.block_on(checked);
        results.first().is_some_and(|output| *output.result() == DkimResult::Pass)
    };

    let name = if kind == KeyKind::Ed25519 { "Ed25519" } else { "RSA-2048" };
    let mut run = Comparison::new(format!("verify {name}, {kib} KiB"), "checks");
    let us = run.side("posthaste check");
    let direct = run.side("mail-auth");
    run.ratio(us, direct, ">= 0.95");
    let count = mode.count(500);
    for round in 0..mode.rounds() {
        for side in run.order(round) {
            let start = Instant::now();
            for _ in 0..count {
                let passes = if side == us { ours() } else { theirs() };
                assert!(passes, "a signature does not verify");
            }
            run.note(side, Sample::new(count, start.elapsed()));
        }
    }
    print!("{run}");
    Ok(())
}

/// mail-auth asks the network for nothing that is found here.
struct Keys(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

fn message(kib: usize) -> Vec<u8> {
    format!("{HEADER}\r\n{}", body(kib)).into_bytes()
}

fn body(kib: usize) -> String {
    "Some words of plain text that fill a line as mail does, and end it.\r\n".repeat(kib * 1024 / 69)
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

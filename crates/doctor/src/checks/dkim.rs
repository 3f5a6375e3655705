//! DKIM keys: of the selectors that are known, or under usual names.

use futures_util::stream::{self, StreamExt};
use posthaste_auth::records::{DkimKeyKind, DkimKeyRecord, Severity};
use posthaste_dns::{DnsError, Found, Presence, ResolveExt};
use posthaste_types::{DnsName, ParseError};

use super::dkim_key;
use super::texts;
use crate::audit::Standing;
use crate::code::Code;
use crate::exam::{Exam, Report};
use crate::finding::{Finding, Mend};
use crate::sending::DkimSelector;
use crate::topic::Topic;

pub(super) async fn check(mut exam: Exam<'_>) -> Report {
    let keys = match exam.room.sending.looked_at_selectors() {
        [] => guess(&mut exam).await,
        given => given_ones(&mut exam, given).await,
    };
    let Some(keys) = keys else {
        exam.learn("dkim", Standing::Unknown);
        return exam.finish();
    };
    let mut good = Vec::new();
    for key in &keys {
        good.extend(dkim_key::look(&mut exam, key));
    }
    if !good.is_empty() && good.iter().all(|kind| *kind == DkimKeyKind::Ed25519) {
        only_ed25519(&mut exam);
    }
    for bits in keys.iter().filter_map(Key::rsa_bits) {
        exam.shortest(bits);
    }
    let failed = !exam.dns.failures().is_empty();
    let is_guess = exam.room.sending.looked_at_selectors().is_empty();
    let standing = match (good.is_empty(), failed) {
        // Of selectors that were given each signs: all must be there.
        (false, false) if !exam.has_errors() => Standing::Met,
        (false, true) if is_guess && !exam.has_errors() => Standing::Met,
        (false, true) if !exam.has_errors() => Standing::Unknown,
        (true, true) => Standing::Unknown,
        // The selector that signs may have a name that nobody guesses.
        _ if is_guess && !exam.has_errors() => Standing::Unknown,
        _ => Standing::Broken,
    };
    exam.learn("dkim", standing);
    exam.finish()
}

/// A key that is published.
pub(super) struct Key {
    pub(super) selector: DkimSelector,
    /// Whether the selector was given, or guessed.
    pub(super) given: bool,
    pub(super) name: DnsName,
    pub(super) chain: Vec<DnsName>,
    pub(super) texts: Vec<Vec<u8>>,
}

impl Key {
    fn rsa_bits(&self) -> Option<u32> {
        let record = DkimKeyRecord::parse(self.texts.first()?).ok()?;
        let bits = record.bits().filter(|_| record.kind == DkimKeyKind::Rsa)?;
        u32::try_from(bits).ok()
    }
}

fn name_of(exam: &Exam<'_>, selector: &str) -> Result<DnsName, ParseError> {
    DnsName::from(exam.room.sending.domain()).below(&format!("{selector}._domainkey"))
}

type Asked = (DkimSelector, DnsName, Result<Found<Vec<u8>>, DnsError>);

async fn ask(exam: &Exam<'_>, selector: DkimSelector) -> Option<Asked> {
    let name = name_of(exam, &selector.name).ok()?;
    let found = texts::ask(exam, &name).await;
    Some((selector, name, found))
}

async fn given_ones(exam: &mut Exam<'_>, given: &[DkimSelector]) -> Option<Vec<Key>> {
    let asked: Vec<(DkimSelector, Option<Asked>)> = {
        let exam = &*exam;
        let questions: Vec<_> =
            given.iter().map(|selector| async move { (selector.clone(), ask(exam, selector.clone()).await) }).collect();
        stream::iter(questions).buffered(AT_ONCE).collect().await
    };
    let mut keys = Vec::new();
    for (selector, asked) in asked {
        match asked {
            None => no_name(exam, &selector),
            Some((_, _, Err(_))) => {}
            Some((_, name, Ok(found))) if found.values.is_empty() => missing(exam, &selector, &name, &found),
            Some((selector, name, Ok(found))) => {
                keys.push(Key { selector, given: true, name, chain: found.chain, texts: found.values });
            }
        }
    }
    Some(keys)
}

fn no_name(exam: &mut Exam<'_>, selector: &DkimSelector) {
    let what = format!("The selector {} makes no name in the DNS.", selector.name);
    let finding = exam.finding(Severity::Error, Code::DkimMissing, what);
    exam.find(finding.mend(Mend::step("Give the selector as it stands in `s=` of a signature.")));
}

fn missing(exam: &mut Exam<'_>, selector: &DkimSelector, name: &DnsName, found: &Found<Vec<u8>>) {
    let what = format!("There is no DKIM key of the selector {}: signatures made with it fail.", selector.name);
    let finding = Finding::new(Severity::Error, Topic::Dkim, Code::DkimMissing, name, what);
    let mends = [
        Mend::Publish(format!("{name}. IN TXT \"v=DKIM1; k=rsa; p=<public key>\"")),
        Mend::step("Write the public key of your signer, in base64 and on one line, for <public key>."),
    ];
    exam.find(finding.seen(texts::none(name, "TXT", found)).mends(mends));
}

/// Keys under usual names. `None` if it is not known whether there are any.
async fn guess(exam: &mut Exam<'_>) -> Option<Vec<Key>> {
    let asked: Vec<Option<Asked>> = {
        let exam = &*exam;
        let questions: Vec<_> =
            USUAL.iter().map(|name| ask(exam, DkimSelector { name: (*name).to_owned(), made: None })).collect();
        stream::iter(questions).buffered(AT_ONCE).collect().await
    };
    // A wildcard answers to every name, so what it says to this one is no key of anybody.
    let wild = match name_of(exam, NOBODYS) {
        Ok(name) => texts::ask(exam, &name).await.ok(),
        Err(_) => None,
    };
    let is_wild = |texts: &[Vec<u8>]| wild.as_ref().is_some_and(|wild| !wild.values.is_empty() && wild.values == texts);
    let mut keys = Vec::new();
    for (selector, name, found) in asked.into_iter().flatten() {
        let Ok(Found { values: texts, chain, .. }) = found else { continue };
        let is_key = texts.iter().any(|text| DkimKeyRecord::parse(text).is_ok());
        if is_key && !is_wild(&texts) {
            keys.push(Key { selector, given: false, name, chain, texts });
        }
    }
    if !keys.is_empty() {
        return Some(keys);
    }
    none(exam).await;
    exam.has_errors().then(Vec::new)
}

/// Selectors cannot be listed; but where nothing exists below `_domainkey`, there is none (RFC 8020).
async fn none(exam: &mut Exam<'_>) {
    let domain = exam.room.sending.domain();
    let Ok(parent) = DnsName::from(domain).below("_domainkey") else { return };
    let Ok(found) = exam.dns.txt(&parent, exam.room.by).await else { return };
    if found.presence == Presence::NxDomain && exam.dns.failures().is_empty() {
        let what = format!("{domain} has no DKIM key: nothing exists below {parent}.");
        let finding = exam.finding(Severity::Error, Code::DkimMissing, what).seen(texts::none(&parent, "TXT", &found));
        let mends = [
            Mend::step(
                "Make a key pair of RSA with 2048 bits, give the private key to your signer, and publish the other:",
            ),
            Mend::Publish(format!("s1.{parent}. IN TXT \"v=DKIM1; k=rsa; p=<public key>\"")),
            Mend::step(dkim_key::MAKE),
        ];
        exam.find(finding.mends(mends));
        return;
    }
    let what = format!("No DKIM key was found under {} usual names. It may have another name.", USUAL.len());
    let finding = exam.finding(Severity::Unknown, Code::DkimNotFound, what);
    let seen = format!("tried: {}", USUAL.join(" "));
    let step = "Give the selector: it stands in `s=` of the DKIM-Signature of a message that you sent.";
    exam.find(finding.seen(seen).mend(Mend::step(step)));
}

fn only_ed25519(exam: &mut Exam<'_>) {
    let what = "All DKIM keys are Ed25519, which many receivers do not know: to them the mail is not signed.";
    let finding = exam.finding(Severity::Warning, Code::DkimEd25519Only, what);
    exam.find(
        finding.mend(Mend::step("Sign with a key of RSA with 2048 bits too (RFC 8463 §3 has both in one message).")),
    );
}

/// How many questions of this check are under way at once.
const AT_ONCE: usize = 16;

/// A selector that nobody has.
const NOBODYS: &str = "posthaste-doctor-nobody";

/// Selectors that signers and services use.
const USUAL: &[&str] = &[
    "default",
    "dkim",
    "dkim1",
    "dkim2",
    "mail",
    "email",
    "smtp",
    "mx",
    "key1",
    "key2",
    "k1",
    "k2",
    "k3",
    "s1",
    "s2",
    "sel1",
    "sel2",
    "selector",
    "selector1",
    "selector2",
    "google",
    "20230601",
    "20210112",
    "fm1",
    "fm2",
    "fm3",
    "protonmail",
    "protonmail2",
    "protonmail3",
    "zoho",
    "zmail",
    "mandrill",
    "mte1",
    "mte2",
    "mailo",
    "pm",
    "pic",
    "krs",
    "mg",
    "cm",
    "sm",
    "ctct1",
    "ctct2",
    "everlytickey1",
    "mxvault",
    "turbo-smtp",
    "scph0122",
    "sig1",
    "hs1",
    "hs2",
    "brevo1",
    "brevo2",
    "rsa",
    "ed25519",
];

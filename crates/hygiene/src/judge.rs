//! Is this address worth mailing?

use posthaste_types::Domain;

use crate::form::{Category, Form};
use crate::lists::Lists;
use crate::looks;
use crate::syntax::{Syntax, check};
use crate::typo::{Suggestion, is_top_level, suggest_domain};

/// What is to be done with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing speaks against it. Whether the mailbox exists, only its host knows.
    Valid,
    /// It cannot be said: the list of top-level domains of this build, or the DNS, does not know the domain.
    Unknown,
    /// It may well exist, but mailing it is likely to hurt: see the reasons.
    Risky,
    /// Mail to it cannot arrive.
    Undeliverable,
}

/// One thing that speaks for the verdict, or that is worth knowing beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Its form is not plain.
    Form(Form),
    /// The domain is reserved for other things than mail (RFC 2606, RFC 6761, RFC 9476).
    ReservedDomain,
    /// The top-level domain is on no list of this build.
    UnknownTopLevel,
    /// A role, which a group reads (RFC 2142).
    Role,
    /// A role that no bulk mail should reach, such as `abuse`.
    RoleNever,
    /// An address that was made to be thrown away.
    Disposable,
    /// A free mailbox provider: for knowing, never against the address.
    FreeProvider,
    /// Another domain was probably meant.
    Typo(Suggestion),
    /// The local part looks like a program's work.
    Generated,
    /// The local part has a pattern of spam traps, or of addresses altered against harvesting.
    TrapPattern,
    /// The domain has no MX and no address (RFC 5321 §5.1).
    NoMail,
    /// The domain says that it takes no mail (RFC 7505).
    NullMx,
    /// The domain does not exist.
    DomainGone,
    /// The domain has no MX; mail goes to its address (RFC 5321 §5.1).
    ImplicitMx,
    /// The DNS gave no answer.
    DnsFailed,
}

impl Reason {
    /// The verdict that it leads to if nothing weighs more.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Form(form) => form_verdict(*form),
            Self::ReservedDomain | Self::NoMail | Self::NullMx | Self::DomainGone => Verdict::Undeliverable,
            Self::Role | Self::RoleNever | Self::Disposable | Self::Generated | Self::TrapPattern => Verdict::Risky,
            Self::Typo(suggestion) if suggestion.confidence >= LIKELY_TYPO => Verdict::Risky,
            Self::Typo(_) | Self::FreeProvider | Self::ImplicitMx => Verdict::Valid,
            Self::UnknownTopLevel | Self::DnsFailed => Verdict::Unknown,
        }
    }
}

/// A verdict with every reason found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judgement {
    /// The gravest that the reasons lead to.
    pub verdict: Verdict,
    /// Everything found, in the order of [`Reason`].
    pub reasons: Vec<Reason>,
}

impl Judgement {
    /// The suggestion among the reasons.
    pub fn suggestion(&self) -> Option<&Suggestion> {
        self.reasons.iter().find_map(|reason| match reason {
            Reason::Typo(suggestion) => Some(suggestion),
            _ => None,
        })
    }

    pub(crate) fn add(&mut self, reason: Reason) {
        self.verdict = self.verdict.max(reason.verdict());
        self.reasons.push(reason);
    }
}

/// Judges one address by its form and the lists, without asking anybody.
///
/// ```
/// use posthaste_hygiene::{Lists, Verdict, judge};
///
/// let lists = Lists::builtin();
/// assert_eq!(judge("ada@gmail.com", &lists).verdict, Verdict::Valid);
/// let typo = judge("ada@gmial.com", &lists);
/// assert_eq!(typo.verdict, Verdict::Risky);
/// assert_eq!(typo.suggestion().map(|found| found.domain.as_str()), Some("gmail.com"));
/// ```
pub fn judge(address: &str, lists: &Lists) -> Judgement {
    let syntax = check(address);
    let mut judgement = Judgement { verdict: Verdict::Valid, reasons: Vec::new() };
    for form in syntax.forms().iter() {
        judgement.add(Reason::Form(form));
    }
    if syntax.category() == Category::Invalid {
        return judgement;
    }
    judge_domain(&syntax, lists, &mut judgement);
    judge_local(&syntax, lists, &mut judgement);
    judgement
}

fn judge_domain(syntax: &Syntax<'_>, lists: &Lists, judgement: &mut Judgement) {
    let mut room = [0; 256];
    let given = syntax.domain();
    let ascii = if given.is_ascii() { None } else { Domain::parse(given).ok() };
    let domain = match &ascii {
        Some(domain) => domain.as_str(),
        None => lower(given, &mut room),
    };
    if domain.is_empty() || domain.starts_with('[') {
        return;
    }
    if is_reserved(domain) {
        return judgement.add(Reason::ReservedDomain);
    }
    let is_free = lists.free.contains(domain);
    let is_known = is_free || lists.known.contains_domain(domain);
    // A provider's name that only looks right is never on a list by right.
    let suggestion =
        if is_known && domain.is_ascii() { listed_typo(domain, lists) } else { suggest_domain(domain, &lists.known) };
    let last = domain.rsplit('.').next().unwrap_or_default();
    if !is_known && !is_top_level(last) {
        judgement.add(Reason::UnknownTopLevel);
    }
    if lists.disposable.contains_domain(domain) {
        judgement.add(Reason::Disposable);
    } else if is_free && suggestion.is_none() {
        judgement.add(Reason::FreeProvider);
    }
    if let Some(suggestion) = suggestion {
        judgement.add(Reason::Typo(suggestion));
    }
}

/// Lists of free domains hold slips of their time, such as `hotmail.con`: a very likely slip is told all the same.
fn listed_typo(domain: &str, lists: &Lists) -> Option<Suggestion> {
    let last = domain.rsplit('.').next().unwrap_or_default();
    let is_slip = !is_top_level(last) || LISTED_SLIPS.contains(&domain);
    if is_slip { suggest_domain(domain, &lists.known) } else { None }
}

fn judge_local(syntax: &Syntax<'_>, lists: &Lists, judgement: &mut Judgement) {
    let mut room = [0; 256];
    let local = lower(syntax.local(), &mut room);
    let base = local.split_once('+').map_or(local, |(base, _)| base);
    if lists.roles_never.contains(base) {
        judgement.add(Reason::RoleNever);
    } else if lists.roles.contains(base) {
        judgement.add(Reason::Role);
    }
    if looks::is_generated(base) {
        judgement.add(Reason::Generated);
    }
    if looks::is_trap(local) {
        judgement.add(Reason::TrapPattern);
    }
}

/// ASCII letters in lower case, without allocation; what does not fit is left as it is.
fn lower<'r>(text: &'r str, room: &'r mut [u8; 256]) -> &'r str {
    match room.get_mut(..text.len()) {
        Some(room) => {
            room.copy_from_slice(text.as_bytes());
            room.make_ascii_lowercase();
            std::str::from_utf8(room).unwrap_or(text)
        }
        None => text,
    }
}

fn is_reserved(domain: &str) -> bool {
    RESERVED.iter().any(|name| domain.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn form_verdict(form: Form) -> Verdict {
    match form {
        Form::SingleLabel | Form::NumericTopLevel | Form::AddressLiteral => Verdict::Undeliverable,
        Form::InternationalDomain => Verdict::Valid,
        _ => match form.category() {
            Category::Valid | Category::Cfws => Verdict::Valid,
            Category::Rfc5321 | Category::Rfc6531 | Category::Deprecated => Verdict::Risky,
            Category::Rfc5322 | Category::Invalid => Verdict::Undeliverable,
        },
    }
}

/// Slips that stand on the built-in list of free domains.
const LISTED_SLIPS: &[&str] = &["comast.net", "vahoo.com", "yaho.com"];

/// From this confidence on, in percent, a typo makes an address risky.
const LIKELY_TYPO: u8 = 60;

/// RFC 2606, RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476, and `internal`, which ICANN reserved in 2024.
const RESERVED: &[&str] = &[
    "test",
    "example",
    "invalid",
    "localhost",
    "local",
    "onion",
    "internal",
    "arpa",
    "alt",
    "example.com",
    "example.net",
    "example.org",
];

//! From an answer to a verdict.
//!
//! The order, the first that says something decides: a provider's own code, a provider's phrase, a code
//! that has one meaning at the provider, a phrase of everybody, the enhanced status code of the text, that
//! of the report's field, the reply code with its stage.

use std::cmp::Reverse;
use std::sync::Arc;

use posthaste_types::{BounceClass, Cause, DnsFault, Evidence, EvidenceSource, NetworkFault, ProviderId, Reply, Stage};

use crate::read::Diagnostic;
use crate::rules::{Fit, Hit, ReplyRow, Rules, TableId, Target, Why};
use crate::said::{Said, severity_of, spoken};
use crate::verdict::{Action, Confidence, ListEffect, Rule, Severity, Verdict, Words};

/// Classifies an SMTP reply by the built-in rules.
///
/// `stage` is the command that it answered, `provider` whose server said it. Without a provider the words
/// are asked for one's marks. A reply of 2yz or 3yz is a success.
///
/// ```
/// use posthaste_bounce::classify;
/// use posthaste_types::{BounceClass, Reply, Stage};
///
/// let reply = Reply::parse(b"450 4.2.0 <bob@example.org>: Recipient address rejected: Greylisted")?;
/// assert_eq!(classify(&reply, Stage::Rcpt, None).class, BounceClass::Greylist);
/// # Ok::<(), posthaste_types::ParseError>(())
/// ```
pub fn classify(reply: &Reply, stage: Stage, provider: Option<&ProviderId>) -> Verdict {
    Rules::builtin().classify(reply, stage, provider)
}

/// Classifies what a server logged or reported of a reply, by the built-in rules: the words around the reply may name
/// the command that it answered, or there may be no reply at all.
///
/// ```
/// use posthaste_bounce::{classify_diagnostic, reply_within};
/// use posthaste_types::BounceClass;
///
/// let said = "host mx.example.org[192.0.2.1] said: 550 5.1.1 <bob@example.org>: User unknown (in reply to RCPT TO command)";
/// assert_eq!(classify_diagnostic(said, None).class, BounceClass::BadMailbox);
/// assert_eq!(reply_within(said).map(|reply| reply.code()), Some(550));
/// assert_eq!(classify_diagnostic("connect to mx.example.org: No route to host", None).class, BounceClass::Network);
/// ```
pub fn classify_diagnostic(text: &str, provider: Option<&ProviderId>) -> Verdict {
    Rules::builtin().classify_diagnostic(text, provider)
}

/// The SMTP reply within what a server logged or reported; see [`classify_diagnostic`].
pub fn reply_within(text: &str) -> Option<Reply> {
    Diagnostic::parse(text).reply()
}

/// Classifies the cause of an outcome by the built-in rules: an SMTP reply, the DNS, the network, TLS, an
/// HTTP gateway, or something on this side.
pub fn classify_cause(cause: &Cause, provider: Option<&ProviderId>) -> Verdict {
    Rules::builtin().classify_cause(cause, provider)
}

impl Rules {
    /// Classifies an SMTP reply; see [`classify`].
    pub fn classify(&self, reply: &Reply, stage: Stage, provider: Option<&ProviderId>) -> Verdict {
        let spoken = spoken(reply);
        let said = Said {
            code: Some(reply.code()),
            status: spoken.status,
            field: None,
            stage: Some(stage),
            text: spoken.words(),
            provider,
            severity: severity_of(reply.code()),
        };
        let mut verdict = self.judge(&said, Words::Found(Vec::new()));
        verdict.words = Words::Reply(spoken.text.into_boxed_str());
        verdict
    }

    /// Classifies what a server logged or reported of a reply; see [`classify_diagnostic`].
    pub fn classify_diagnostic(&self, text: &str, provider: Option<&ProviderId>) -> Verdict {
        let diagnostic = Diagnostic::parse(text);
        let is_temporary = diagnostic.status.is_some_and(|status| status.class() == 4);
        let otherwise = if is_temporary { Severity::Transient } else { Severity::Permanent };
        let said = Said {
            code: diagnostic.code.filter(|code| *code >= 400),
            status: diagnostic.status,
            stage: diagnostic.stage,
            text: &diagnostic.words,
            provider,
            severity: diagnostic.code.map_or(otherwise, severity_of),
            ..Said::default()
        };
        self.judge(&said, Words::Reply(text.into()))
    }

    /// Classifies the cause of an outcome; see [`classify_cause`].
    pub fn classify_cause(&self, cause: &Cause, provider: Option<&ProviderId>) -> Verdict {
        let (via, faults, text): (_, Vec<String>, _) = match cause {
            Cause::Smtp { reply, stage, .. } => return self.classify(reply, *stage, provider),
            Cause::Dns { fault, .. } => ("dns", vec![dns_fault(*fault).to_owned()], None),
            Cause::Http { status, text, .. } => {
                ("http", vec![status.to_string(), format!("{}xx", status / 100)], Some(text.as_str()))
            }
            Cause::Network { fault, .. } => ("network", vec![network_fault(*fault).to_owned()], None),
            Cause::Tls { .. } => ("tls", Vec::new(), None),
            _ => ("local", Vec::new(), None),
        };
        let words = Words::Found(vec![Evidence::new(EvidenceSource::Reply, cause)]);
        let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
        let Some(row) = self.causes.iter().find(|row| row.is_about(via, &faults)) else {
            let why = Why { words, rule: None, confidence: Confidence::NONE };
            return self.classes.verdict(BounceClass::Unknown, Severity::Transient, None, why);
        };
        if let Some(text) = text.filter(|_| !row.names_a_fault()) {
            let said = Said { severity: row.severity, provider, text, ..Said::default() };
            if let Some(decision) = self.by_text(&said) {
                return self.classes.verdict(decision.class, row.severity, decision.action, decision.why(words));
            }
        }
        let why = Why { words, rule: Some(Arc::clone(&row.rule)), confidence: Confidence::CERTAIN };
        let mut verdict = self.classes.verdict(row.class, row.severity, row.action, why);
        verdict.list_effect = row.effect.unwrap_or(verdict.list_effect);
        verdict
    }

    /// The verdict on an answer. `words` is what was said, as evidence.
    pub(crate) fn judge(&self, said: &Said<'_>, words: Words) -> Verdict {
        let conclusion = self.conclude(said);
        self.verdict(said, conclusion, words)
    }

    /// What decides, if anything does.
    pub(crate) fn conclude(&self, said: &Said<'_>) -> Option<Decision<'_>> {
        if said.severity == Severity::Success {
            return None;
        }
        self.by_text(said).or_else(|| self.by_code(said))
    }

    /// The verdict that a decision comes to.
    pub(crate) fn verdict(&self, said: &Said<'_>, decision: Option<Decision<'_>>, words: Words) -> Verdict {
        if said.severity == Severity::Success {
            let why = Why { words, rule: None, confidence: Confidence::CERTAIN };
            return self.classes.verdict(BounceClass::Delivered, Severity::Success, None, why);
        }
        let Some(decision) = decision else {
            let why = Why { words, rule: None, confidence: Confidence::NONE };
            let mut verdict = self.classes.verdict(BounceClass::Unknown, said.severity, None, why);
            if !said.may_be(BounceClass::BadMailbox) {
                verdict.list_effect = ListEffect::None;
            }
            return verdict;
        };
        // RFC 5321 §4.5.3.1.10: too many recipients is temporary even where 552 is said.
        let severity = match decision.class {
            BounceClass::TooManyRecipients => Severity::Transient,
            _ => said.severity,
        };
        self.classes.verdict(decision.class, severity, decision.action, decision.why(words))
    }

    /// What the words decide.
    fn by_text(&self, said: &Said<'_>) -> Option<Decision<'_>> {
        let (hits, phrase) = self.hits(said);
        let tables = self.tables(said, &hits);
        let ranked = hits.iter().filter_map(|hit| {
            let Target::Row(at) = hit.target else { return None };
            let row = self.replies.row(at)?;
            Some((rank(said, tables, hit, at, row)?, row))
        });
        if let Some((rank, row)) = ranked.min_by_key(|(rank, _)| *rank) {
            let confidence = if rank.0 == Kind::Code { Confidence::PROVIDER_CODE } else { Confidence::PROVIDER_PHRASE };
            return Some(Decision::of(row, confidence));
        }
        let fits = |row: &ReplyRow| (row.status.fit(said.any_status()), row.code.fit(said.code, said.digit()));
        let by_code = || tables.iter().find_map(|table| self.replies.by_code(*table, fits));
        if let Some(row) = by_code().filter(|row| said.may_be(row.class)) {
            return Some(Decision::of(row, Confidence::PROVIDER_STATUS));
        }
        self.replies.row(phrase?).map(|row| Decision::of(row, Confidence::PHRASE))
    }

    /// The rows and marks of providers that the words hold, and the first phrase of everybody that applies:
    /// among those the order of the file decides, it is one of safety.
    fn hits(&self, said: &Said<'_>) -> (Vec<Hit>, Option<usize>) {
        let mut hits = Vec::new();
        let mut phrase: Option<usize> = None;
        self.matcher.scan(said.text, |candidate| {
            let Target::Phrase(at) = candidate.target else {
                hits.extend(candidate.hit());
                return;
            };
            let better = phrase.is_none_or(|known| at < known) && candidate.may_hold();
            let applies = better && self.replies.row(at).is_some_and(|row| applies(said, row));
            if applies && candidate.hit().is_some() {
                phrase = Some(at);
            }
        });
        (hits, phrase)
    }

    /// What the codes decide.
    fn by_code(&self, said: &Said<'_>) -> Option<Decision<'_>> {
        let says = |class| said.may_be(class) && class != BounceClass::Unknown;
        let registered = |status| self.registry.meaning(status, said.severity).filter(|meaning| says(meaning.class));
        let meaning = said.status.and_then(registered).or_else(|| said.field.and_then(registered));
        let by_status = meaning.map(|meaning| (meaning, Confidence::STATUS));
        let by_code = || Some((self.codes.meaning(said.code?, said.stage)?, Confidence::CODE));
        let (meaning, confidence) = by_status.or_else(by_code)?;
        Some(Decision { class: meaning.class, action: meaning.action, rule: &meaning.rule, confidence })
    }

    /// The provider's tables: of the one that is known, else of the one whose marks the words hold.
    fn tables(&self, said: &Said<'_>, hits: &[Hit]) -> &[TableId] {
        if let Some(provider) = said.provider {
            return self.providers.tables(provider);
        }
        // The first of the text: it is scanned from its end.
        let mark = hits.iter().rev().find_map(|hit| match hit.target {
            Target::Provider(at) => Some(at),
            Target::Phrase(_) | Target::Row(_) => None,
        });
        mark.map_or(&[], |at| self.providers.tables_at(at))
    }
}

/// What decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decision<'a> {
    pub(crate) class: BounceClass,
    action: Option<Action>,
    rule: &'a Arc<Rule>,
    pub(crate) confidence: Confidence,
}

impl<'a> Decision<'a> {
    fn of(row: &'a ReplyRow, confidence: Confidence) -> Self {
        let confidence = row.confidence.unwrap_or(confidence);
        Self { class: row.class, action: row.action, rule: &row.rule, confidence }
    }

    fn why(&self, words: Words) -> Why {
        Why { words, rule: Some(Arc::clone(self.rule)), confidence: self.confidence }
    }
}

/// Whether a phrase of everybody applies to an answer with these codes.
fn applies(said: &Said<'_>, row: &ReplyRow) -> bool {
    said.may_be(row.class)
        && (row.stages.is_empty() || said.stage.is_some_and(|stage| row.stages.contains(&stage)))
        && row.code.permits(said.code, said.digit())
        && row.status.admits(said.any_status())
}

/// The smaller decides: a code before a phrase, then the place of the table, fit of the status and of the
/// code, weight of the text (the more the better), place of the row.
type Rank = (Kind, usize, Fit, Fit, Reverse<usize>, usize);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Code,
    Phrase,
}

/// The rank of a provider's row; `None` if it does not apply.
fn rank(said: &Said<'_>, tables: &[TableId], hit: &Hit, at: usize, row: &ReplyRow) -> Option<Rank> {
    let place = tables.iter().position(|table| *table == row.table)?;
    let code = row.code.fit(said.code, said.digit());
    let status = row.status.fit(said.any_status());
    let kind = if hit.is_code { Kind::Code } else { Kind::Phrase };
    // A short phrase means something only with the code that it was seen with.
    let certain = hit.is_code || hit.weight >= CERTAIN;
    let applies = certain || (status != Fit::Other && code != Fit::Other);
    (applies && said.may_be(row.class)).then_some((kind, place, status, code, Reverse(hit.weight), at))
}

fn dns_fault(fault: DnsFault) -> &'static str {
    match fault {
        DnsFault::Bogus => "bogus",
        DnsFault::NoAddress => "no_address",
        DnsFault::NoSuchDomain => "no_such_domain",
        DnsFault::NullMx => "null_mx",
        _ => "temporary",
    }
}

fn network_fault(fault: NetworkFault) -> &'static str {
    match fault {
        NetworkFault::Protocol => "protocol",
        NetworkFault::TimedOut => "timed_out",
        _ => "connection",
    }
}

/// From how many octets on a provider's phrase is certain whatever the codes say.
const CERTAIN: usize = 16;

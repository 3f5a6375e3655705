//! `check_host()` (RFC 7208 §4).

mod ask;
mod terms;

use std::sync::Arc;

use posthaste_dns::{Answer, DnsError, RecordData, RecordKind};
use posthaste_types::{DnsName, Text};

use super::expand::{self, Values};
use super::known::{Known, shown};
use super::macro_string::{MacroString, Place};
use super::outcome::{Limit, Outcome, Reason, Verdict};
use super::query::Query;
use super::record::{Mechanism, Qualifier, Record};
use super::settings::{Limits, Settings};
use super::trace::{Action, Answered, Match, Trace};

pub(super) use ask::{Ask, Asked, Asking};

/// One check under way.
pub(super) struct Evaluation<'a> {
    ask: &'a dyn Ask,
    query: &'a Query,
    settings: &'a Settings,
    trace: Trace,
    lookups: u32,
    void_lookups: u32,
    /// The names of the address that lead back to it, once they were asked for.
    validated: Option<Arc<[DnsName]>>,
}

/// Where an evaluation stands: whose record, and within how many `include`s.
#[derive(Clone)]
struct Frame {
    domain: DnsName,
    depth: usize,
}

/// One record under evaluation: the domain's own, or one that is included.
struct Level {
    frame: Frame,
    record: Option<Arc<Known>>,
    /// Which directive comes next, or waits for the record that it includes.
    at: usize,
    redirected: bool,
}

impl Level {
    fn new(domain: DnsName, depth: usize) -> Self {
        Self { frame: Frame { domain, depth }, record: None, at: 0, redirected: false }
    }

    fn redirect(&mut self, to: DnsName) {
        *self = Self { redirected: true, ..Self::new(to, self.frame.depth) };
    }

    /// §6.1: behind a `redirect`, no record is "permerror" rather than "none".
    fn missing(&self) -> Stop {
        let domain = self.frame.domain.clone();
        match self.redirected {
            true => Stop::dangling(domain),
            false => Stop(Verdict::None, Reason::NoRecord { domain }),
        }
    }
}

/// How one record's evaluation ended.
struct Ended {
    verdict: Verdict,
    why: Why,
}

/// Told in words only at the end: most that match are included by others.
enum Why {
    /// The directive at a place of the domain's record.
    Matched(DnsName, Arc<Known>, usize),
    Other(Reason),
}

impl Ended {
    fn matched(frame: &Frame, known: &Arc<Known>, at: usize) -> Self {
        let qualifier = known.record.directives.get(at).map(|directive| directive.qualifier);
        let why = Why::Matched(frame.domain.clone(), known.clone(), at);
        Self { verdict: qualifier.unwrap_or_default().into(), why }
    }
}

/// An error that ends the check.
struct Stop(Verdict, Reason);

impl Stop {
    fn dns(error: DnsError) -> Self {
        Self(Verdict::TempError, Reason::Dns(error))
    }

    fn limit(limit: Limit) -> Self {
        Self(if limit == Limit::Time { Verdict::TempError } else { Verdict::PermError }, Reason::Limit(limit))
    }

    fn dangling(domain: impl std::fmt::Display) -> Self {
        Self(Verdict::PermError, Reason::Dangling { domain: Text::lossy(domain) })
    }
}

impl From<Stop> for Ended {
    fn from(Stop(verdict, reason): Stop) -> Self {
        Self { verdict, why: Why::Other(reason) }
    }
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(ask: &'a dyn Ask, query: &'a Query, settings: &'a Settings) -> Self {
        let trace = Trace::new(settings.tracing);
        Self { ask, query, settings, trace, lookups: 0, void_lookups: 0, validated: None }
    }

    pub(super) async fn run(mut self) -> Outcome {
        let ended = match self.query.domain() {
            Some(domain) => self.check_host(domain.clone()).await,
            None => Stop(Verdict::None, Reason::NotADomain).into(),
        };
        let explanation = match &ended.why {
            Why::Matched(domain, known, _) if ended.verdict == Verdict::Fail => match &known.record.explanation {
                Some(spec) => self.explain(spec, domain.clone()).await,
                None => None,
            },
            _ => None,
        };
        let reason = match ended.why {
            Why::Matched(domain, known, at) => Reason::Matched { domain, directive: known.directive(at) },
            Why::Other(reason) => reason,
        };
        let (trace, steps_left_out) = self.trace.take();
        Outcome {
            verdict: ended.verdict,
            reason,
            explanation,
            lookups: self.lookups,
            void_lookups: self.void_lookups,
            trace,
            steps_left_out,
        }
    }

    /// No recursion: an `include` adds a level, so that hostile records cannot use up the stack.
    async fn check_host(&mut self, domain: DnsName) -> Ended {
        let mut levels = Vec::with_capacity(USUAL_DEPTH);
        levels.push(Level::new(domain, 0));
        loop {
            let depth = levels.len();
            let Some(level) = levels.last_mut() else { return Stop::limit(Limit::Depth).into() };
            let mut ended = match self.go_on(level).await {
                Ok(Next::Include(_)) if depth > Limits::MAX_DEPTH => Stop::limit(Limit::Depth).into(),
                Ok(Next::Include(domain)) => {
                    levels.push(Level::new(domain, depth));
                    continue;
                }
                Ok(Next::Redirect(to)) => {
                    self.trace.add(level.frame.depth, &level.frame.domain, || Action::Redirected { to: to.clone() });
                    level.redirect(to);
                    continue;
                }
                Ok(Next::Ended(ended)) => ended,
                Err(stop) => stop.into(),
            };
            // What ends a level may end those that include it.
            loop {
                if let Some(Level { frame, .. }) = levels.pop() {
                    self.trace.add(frame.depth, &frame.domain, || Action::Ended { verdict: ended.verdict });
                }
                let Some(parent) = levels.last_mut() else { return ended };
                match self.included(parent, ended) {
                    Some(outcome) => ended = outcome,
                    None => break,
                }
            }
        }
    }

    async fn go_on(&mut self, level: &mut Level) -> Result<Next, Stop> {
        if level.record.is_none() {
            level.record = self.record(&level.frame).await?;
        }
        match &level.record {
            Some(known) => self.evaluate(&level.frame, known, &mut level.at).await,
            None => Err(level.missing()),
        }
    }

    /// §5.2, and its table of results: what the end of an included record means; `None` if the next term is tried.
    fn included(&mut self, level: &mut Level, ended: Ended) -> Option<Ended> {
        let known = level.record.as_ref()?;
        let directive = known.record.directives.get(level.at)?;
        let (matched, outcome) = match ended.verdict {
            Verdict::Pass => (Match::Yes, Some(Ended::matched(&level.frame, known, level.at))),
            Verdict::Fail | Verdict::SoftFail | Verdict::Neutral => (Match::No, None),
            Verdict::None => match ended.why {
                Why::Other(Reason::NoRecord { domain }) => (Match::Error, Some(Stop::dangling(domain).into())),
                _ => (Match::Error, Some(Stop::dangling(&directive.mechanism).into())),
            },
            Verdict::TempError | Verdict::PermError => (Match::Error, Some(ended)),
        };
        self.tried(&level.frame, known, level.at, matched);
        level.at += 1;
        outcome
    }

    fn tried(&mut self, frame: &Frame, known: &Known, at: usize, matched: Match) {
        let tried = || Action::Tried { directive: known.directive(at), matched };
        self.trace.add(frame.depth, &frame.domain, tried);
    }

    /// The one record of the domain (§4.4, §4.5).
    async fn record(&mut self, frame: &Frame) -> Result<Option<Arc<Known>>, Stop> {
        let cache = self.settings.cache.as_deref();
        if let Some(known) = cache.and_then(|cache| cache.recall(&frame.domain, self.ask.began())) {
            self.trace.add(frame.depth, &frame.domain, || Action::Found { record: known.text() });
            return Ok(Some(known));
        }
        let answer = self.asked(frame, &frame.domain, RecordKind::Txt).await?.map_err(Stop::dns)?;
        let mut texts = texts(&answer).filter(|text| Record::is_one(text));
        let Some(text) = texts.next() else { return Ok(None) };
        let domain = frame.domain.clone();
        if texts.next().is_some() {
            return Err(Stop(Verdict::PermError, Reason::TwoRecords { domain }));
        }
        self.trace.add(frame.depth, &frame.domain, || Action::Found { record: shown(text) });
        let known = Known::parse(text).map(Arc::new);
        let known = known.map_err(|error| Stop(Verdict::PermError, Reason::Syntax { domain, error }))?;
        if let Some(cache) = cache {
            cache.keep(&frame.domain, text, &known, self.ask.now().saturating_add(answer.ttl()));
        }
        Ok(Some(known))
    }

    /// §4.6.2: the first match decides; §4.6.3: modifiers count behind all mechanisms. `at` is the directive to begin
    /// with, and where an `include` stands when it is met.
    async fn evaluate(&mut self, frame: &Frame, known: &Arc<Known>, at: &mut usize) -> Result<Next, Stop> {
        let record = &known.record;
        while let Some(directive) = record.directives.get(*at) {
            let matched = match &directive.mechanism {
                Mechanism::Include { domain } => match self.include(frame, domain).await {
                    Ok(domain) => return Ok(Next::Include(domain)),
                    Err(stop) => Err(stop),
                },
                Mechanism::All | Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. } => {
                    Ok(self.is_network(&directive.mechanism))
                }
                mechanism => self.is_match(frame, mechanism).await,
            };
            let word = match matched {
                Ok(true) => Match::Yes,
                Ok(false) => Match::No,
                Err(_) => Match::Error,
            };
            self.tried(frame, known, *at, word);
            if matched? {
                return Ok(Next::Ended(Ended::matched(frame, known, *at)));
            }
            *at += 1;
        }
        let Some(redirect) = &record.redirect else {
            let reason = Reason::Default { domain: frame.domain.clone() };
            return Ok(Next::Ended(Ended { verdict: Verdict::Neutral, why: Why::Other(reason) }));
        };
        self.count_lookup()?;
        let to = self.target(frame, Some(redirect)).await?;
        to.map(Next::Redirect).ok_or_else(|| Stop::dangling(redirect))
    }

    /// §6.2: whatever goes wrong, the domain explains nothing. These lookups count against no limit but the time.
    async fn explain(&mut self, spec: &MacroString, domain: DnsName) -> Option<Text> {
        let frame = Frame { domain, depth: 0 };
        let name = self.target(&frame, Some(spec)).await.ok()??;
        let answer = self.asked(&frame, &name, RecordKind::Txt).await.ok()?.ok()?;
        let mut texts = texts(&answer);
        let (Some(text), None) = (texts.next(), texts.next()) else { return None };
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= Record::MAX)?;
        let text = MacroString::parse(text, Place::Explanation).ok()?;
        let validated = self.validated_for(&frame, &text).await.ok()?;
        expand::to_text(&text, &self.values(&frame, &validated), Text::MAX).map(Text::lossy)
    }

    /// Asks the DNS. The outer error is that the time has run out.
    async fn asked(
        &mut self,
        frame: &Frame,
        name: &DnsName,
        kind: RecordKind,
    ) -> Result<Result<Answer, DnsError>, Stop> {
        if self.ask.is_late() {
            return Err(Stop::limit(Limit::Time));
        }
        let answer = self.ask.ask(name, kind).await;
        let answered = Answered::of(&answer);
        self.trace.add(frame.depth, &frame.domain, || Action::Asked { name: name.clone(), kind, answer: answered });
        if answer.is_err() && self.ask.is_late() {
            return Err(Stop::limit(Limit::Time));
        }
        Ok(answer)
    }

    /// The name that a `domain-spec` stands for, or the domain itself; `None` if it is no name.
    async fn target(&mut self, frame: &Frame, spec: Option<&MacroString>) -> Result<Option<DnsName>, Stop> {
        let Some(spec) = spec else { return Ok(Some(frame.domain.clone())) };
        if let Some(name) = spec.name() {
            return Ok(Some(name.clone()));
        }
        let validated = self.validated_for(frame, spec).await?;
        Ok(expand::to_name(spec, &self.values(frame, &validated)))
    }

    fn values<'b>(&'b self, frame: &'b Frame, validated: &'b str) -> Values<'b> {
        Values {
            query: self.query,
            domain: &frame.domain,
            validated,
            receiver: self.settings.receiver.as_ref().map_or(UNKNOWN, DnsName::as_str),
            now: self.ask.wall(),
        }
    }
}

/// What follows on a record.
enum Next {
    Ended(Ended),
    Include(DnsName),
    Redirect(DnsName),
}

impl From<Qualifier> for Verdict {
    fn from(qualifier: Qualifier) -> Self {
        match qualifier {
            Qualifier::Pass => Self::Pass,
            Qualifier::Fail => Self::Fail,
            Qualifier::SoftFail => Self::SoftFail,
            Qualifier::Neutral => Self::Neutral,
        }
    }
}

fn texts(answer: &Answer) -> impl Iterator<Item = &[u8]> {
    answer.records().iter().filter_map(|data| match data {
        RecordData::Txt(text) => Some(text.as_slice()),
        _ => None,
    })
}

/// §7.3: what the macros `p` and `r` stand for where nothing is known.
const UNKNOWN: &str = "unknown";
/// How deep records usually stand within records.
const USUAL_DEPTH: usize = 4;

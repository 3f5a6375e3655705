//! What is wrong with a published SPF record and those that it needs.

use std::future::Future;
use std::pin::Pin;

use posthaste_dns::{Presence, RecordData, RecordKind, Resolve};
use posthaste_types::{DnsName, Domain, Tick};

use super::finding::{Finding, Problem, Severity};
use super::txt::TxtRecord;
use crate::spf::{MacroString, Mechanism, Qualifier, Record};

/// What [`lint_spf`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SpfLint {
    /// What is wrong, in the order in which it was met.
    pub findings: Vec<Finding>,
    /// The domain's own record, if it can be read.
    pub record: Option<Record>,
    /// How many terms ask the DNS, over the whole tree: what a receiver needs at worst.
    pub lookups: u32,
    /// How many of their questions find nothing.
    pub void_lookups: u32,
    /// Each record of the tree: how deep it stands, whose it is, and its text.
    pub tree: Vec<(usize, DnsName, String)>,
}

impl SpfLint {
    /// The most records that are looked at.
    pub const MAX_RECORDS: usize = 100;
    /// The most questions that are asked, records and the names in them together. Whoever reaches it is over [`MAX_LOOKUPS`](Self::MAX_LOOKUPS) long
    /// since.
    pub const MAX_QUESTIONS: usize = 500;
    /// The most octets of a record that are safe in one answer (RFC 7208 §3.4).
    pub const SAFE_OCTETS: usize = 450;
    /// The most terms that ask the DNS (RFC 7208 §4.6.4).
    pub const MAX_LOOKUPS: u32 = 10;
    /// The most questions that find nothing (RFC 7208 §4.6.4).
    pub const MAX_VOID_LOOKUPS: u32 = 2;

    /// The tree for people, a line for each record: how many terms ask the DNS, there and with all that it leads to.
    pub fn tree_lines(&self) -> Vec<String> {
        let own: Vec<u32> = self.tree.iter().map(|(_, _, text)| own_lookups(text)).collect();
        let line = |(at, (depth, domain, text)): (usize, &(usize, DnsName, String))| {
            let below = self.tree.iter().skip(at + 1).take_while(|(other, ..)| other > depth).count();
            let all: u32 = own.iter().skip(at).take(below + 1).fold(0, |sum, count| sum.saturating_add(*count));
            let here = own.get(at).copied().unwrap_or(0);
            format!("{:indent$}{domain}: {here} lookups, {all} in all: {text}", "", indent = 2 * depth)
        };
        self.tree.iter().enumerate().map(line).collect()
    }
}

fn own_lookups(text: &str) -> u32 {
    let Ok(record) = Record::parse(text.as_bytes()) else { return 0 };
    let directives = record.directives();
    let has_all = directives.iter().any(|directive| directive.mechanism == Mechanism::All);
    let terms = directives.iter().filter(|directive| directive.mechanism.is_lookup()).count();
    let redirects = usize::from(record.redirect().is_some() && !has_all);
    u32::try_from(terms + redirects).unwrap_or(u32::MAX)
}

/// Looks at the record of a domain and at all that it includes; names with macros cannot be followed.
///
/// Questions end by `by` of the resolver's clock. Cancel safe: dropping the future only ends the look.
pub async fn lint_spf(resolver: &dyn Resolve, domain: &Domain, by: Tick) -> SpfLint {
    let lint = SpfLint { findings: Vec::new(), record: None, lookups: 0, void_lookups: 0, tree: Vec::new() };
    let mut walk = Walk { resolver, by, lint, path: Vec::new(), asked: 0 };
    walk.visit(DnsName::from(domain), Problem::Missing).await;
    let Walk { mut lint, .. } = walk;
    let (count, voids) = (lint.lookups, lint.void_lookups);
    if count > SpfLint::MAX_LOOKUPS {
        let problem = Problem::Lookups { count, limit: SpfLint::MAX_LOOKUPS };
        lint.findings.push(Finding::new(Severity::Error, domain, problem));
    }
    if voids > SpfLint::MAX_VOID_LOOKUPS {
        let problem = Problem::VoidLookups { count: voids, limit: SpfLint::MAX_VOID_LOOKUPS };
        lint.findings.push(Finding::new(Severity::Error, domain, problem));
    }
    lint
}

struct Walk<'a> {
    resolver: &'a dyn Resolve,
    by: Tick,
    lint: SpfLint,
    path: Vec<DnsName>,
    asked: usize,
}

impl Walk<'_> {
    fn find(&mut self, severity: Severity, about: &DnsName, problem: Problem) {
        let finding = Finding::new(severity, about, problem);
        if !self.lint.findings.contains(&finding) {
            self.lint.findings.push(finding);
        }
    }

    /// Boxed, for it calls itself; [`SpfLint::MAX_RECORDS`] and the check for loops bound that.
    fn visit<'b>(&'b mut self, domain: DnsName, missing: Problem) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>> {
        Box::pin(async move {
            if self.path.contains(&domain) {
                return self.find(Severity::Error, &domain, Problem::Loop);
            }
            if self.lint.tree.len() >= SpfLint::MAX_RECORDS || self.path.len() >= MAX_DEPTH {
                return;
            }
            let Some(record) = self.record(&domain, missing).await else { return };
            self.look(&domain, &record);
            self.path.push(domain.clone());
            for directive in record.directives() {
                self.term(&domain, &directive.mechanism).await;
            }
            let has_all = record.directives().iter().any(|directive| directive.mechanism == Mechanism::All);
            if let Some(redirect) = record.redirect().filter(|_| !has_all) {
                self.lint.lookups = self.lint.lookups.saturating_add(1);
                if let Some(to) = redirect.name().cloned() {
                    self.visit(to, Problem::Dangling).await;
                }
            }
            self.path.pop();
            if self.path.is_empty() {
                self.lint.record = Some(record);
            }
        })
    }

    async fn record(&mut self, domain: &DnsName, missing: Problem) -> Option<Record> {
        if self.asked >= SpfLint::MAX_QUESTIONS {
            return None;
        }
        self.asked += 1;
        let Ok(answer) = self.resolver.resolve(domain, RecordKind::Txt, self.by).await else {
            self.find(Severity::Unknown, domain, Problem::Dns);
            return None;
        };
        let mut texts = answer.records().iter().filter_map(|data| match data {
            RecordData::Txt(text) if Record::is_one(text) => Some(text),
            _ => None,
        });
        let Some(text) = texts.next() else {
            self.find(Severity::Error, domain, missing);
            return None;
        };
        if texts.next().is_some() {
            self.find(Severity::Error, domain, Problem::Several);
            return None;
        }
        self.lint.tree.push((self.path.len(), domain.clone(), String::from_utf8_lossy(text).into_owned()));
        let octets = text.len();
        if octets > SpfLint::SAFE_OCTETS {
            self.find(Severity::Warning, domain, Problem::Long { octets });
        } else if octets > TxtRecord::MAX_STRING {
            self.find(Severity::Note, domain, Problem::Split { octets });
        }
        match Record::parse(text) {
            Ok(record) => Some(record),
            Err(error) => {
                self.find(Severity::Error, domain, Problem::Syntax(error));
                None
            }
        }
    }

    /// What the record says by itself.
    fn look(&mut self, domain: &DnsName, record: &Record) {
        let directives = record.directives();
        let all = directives.iter().position(|directive| directive.mechanism == Mechanism::All);
        let is_own = self.path.is_empty();
        match all.and_then(|at| directives.get(at)).map(|all| all.qualifier) {
            Some(Qualifier::Pass) => self.find(Severity::Error, domain, Problem::PassAll),
            Some(Qualifier::Neutral) if is_own => self.find(Severity::Warning, domain, Problem::NeutralAll),
            None if is_own && record.redirect().is_none() => self.find(Severity::Warning, domain, Problem::NoAll),
            _ => {}
        }
        let is_wide = |mechanism: &Mechanism| {
            matches!(mechanism, Mechanism::Ip4 { prefix: 0..=7, .. } | Mechanism::Ip6 { prefix: 0..=15, .. })
        };
        let passes = directives.iter().filter(|directive| directive.qualifier == Qualifier::Pass);
        if passes.into_iter().any(|directive| is_wide(&directive.mechanism)) {
            self.find(Severity::Error, domain, Problem::WideNetwork);
        }
        if !record.unknown().is_empty() {
            self.find(Severity::Note, domain, Problem::UnknownModifier);
        }
        if all.is_some_and(|at| at + 1 < directives.len() || record.redirect().is_some()) {
            self.find(Severity::Warning, domain, Problem::Unreachable);
        }
    }

    async fn term(&mut self, domain: &DnsName, mechanism: &Mechanism) {
        if mechanism.is_lookup() {
            self.lint.lookups = self.lint.lookups.saturating_add(1);
        }
        let own = |spec: &Option<MacroString>| {
            spec.as_ref().map_or_else(|| Some(domain.clone()), |spec| spec.name().cloned())
        };
        match mechanism {
            Mechanism::Include { domain } => {
                if let Some(name) = domain.name().cloned() {
                    self.visit(name, Problem::Dangling).await;
                }
            }
            Mechanism::Ptr { .. } => self.find(Severity::Warning, domain, Problem::Ptr),
            Mechanism::A { domain: host, .. } => {
                if let Some(host) = own(host) {
                    self.host(&host).await;
                }
            }
            Mechanism::Mx { domain: of, .. } => {
                if let Some(of) = own(of) {
                    self.mail_hosts(domain, &of).await;
                }
            }
            Mechanism::Exists { domain } => {
                if let Some(name) = domain.name().cloned() {
                    self.ask(&name, &[RecordKind::A]).await;
                }
            }
            _ => {}
        }
    }

    async fn host(&mut self, host: &DnsName) {
        // A receiver asks for one family; a host that has the other is no fault.
        self.ask(host, &[RecordKind::A, RecordKind::Aaaa]).await;
    }

    async fn mail_hosts(&mut self, domain: &DnsName, of: &DnsName) {
        let hosts = self.ask(of, &[RecordKind::Mx]).await;
        if hosts.len() > 10 {
            return self.find(Severity::Error, domain, Problem::MxNames);
        }
        for data in hosts {
            if let RecordData::Mx(mx) = data
                && !mx.is_null()
            {
                self.host(&mx.exchange).await;
            }
        }
    }

    /// Asks; if no kind finds anything, that is one void lookup.
    async fn ask(&mut self, name: &DnsName, kinds: &[RecordKind]) -> Vec<RecordData> {
        for kind in kinds {
            if self.asked >= SpfLint::MAX_QUESTIONS {
                return Vec::new();
            }
            self.asked += 1;
            match self.resolver.resolve(name, *kind, self.by).await {
                Ok(answer) if answer.presence() == Presence::Found => return answer.records().to_vec(),
                Ok(_) => {}
                Err(_) => {
                    self.find(Severity::Unknown, name, Problem::Dns);
                    return Vec::new();
                }
            }
        }
        self.lint.void_lookups = self.lint.void_lookups.saturating_add(1);
        Vec::new()
    }
}

/// How deep records within records are followed: one more than receivers do.
const MAX_DEPTH: usize = 11;

//! What a code says alone: the registry of enhanced status codes, and reply codes by stage.

use std::sync::Arc;

use posthaste_types::{BounceClass, EnhancedStatus, Stage};

use super::classes::Classes;
use super::error::{RulesError, RulesErrorKind};
use super::filter::CodeFilter;
use super::rows::{Row, parse as rows};
use super::sources::Sources;
use crate::verdict::{Action, Rule, Severity};

/// What a row of these tables decides.
#[derive(Debug)]
pub(crate) struct Meaning {
    pub(crate) class: BounceClass,
    pub(crate) action: Option<Action>,
    pub(crate) rule: Arc<Rule>,
}

/// The registry of enhanced status codes, sorted.
#[derive(Debug)]
pub(crate) struct Registry(Vec<((u16, u16), Meaning, Meaning)>);

impl Registry {
    pub(super) fn parse(text: &str, classes: &Classes, sources: &Sources) -> Result<Self, RulesError> {
        let columns = ["status", "if_4", "action_4", "if_5", "action_5", "title", "reference", "source"];
        let mut registry: Vec<((u16, u16), Meaning, Meaning)> = Vec::new();
        for row in rows("enhanced.toml", text, "status", &columns)? {
            let number = |part: &str| part.parse::<u16>().ok().filter(|number| *number <= 999);
            let code = row.cell("status").split_once('.').and_then(|(a, b)| Some((number(a)?, number(b)?)));
            let code = code.ok_or_else(|| row.error("status"))?;
            let sources = sources.of(&row)?;
            let name = format!("status.x.{}.{}", code.0, code.1);
            let says = format!("{name}: {}, {} [{sources}]", row.cell("title"), row.cell("reference"));
            let rule = Rule::new(&name, says);
            let transient = meaning(&row, "if_4", "action_4", classes, &rule)?;
            let permanent = meaning(&row, "if_5", "action_5", classes, &rule)?;
            registry.push((code, transient, permanent));
        }
        registry.sort_by_key(|(code, ..)| *code);
        if registry.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(RulesError::new("enhanced.toml", 0, RulesErrorKind::Duplicate));
        }
        Ok(Self(registry))
    }

    /// What the status says; `None` for `x.0.0`, which says nothing, and for what nobody registered.
    pub(crate) fn meaning(&self, status: EnhancedStatus, severity: Severity) -> Option<&Meaning> {
        let code = (status.subject(), status.detail());
        if code == (0, 0) {
            return None;
        }
        let at = self.0.binary_search_by_key(&code, |(code, ..)| *code).ok()?;
        let (_, transient, permanent) = self.0.get(at)?;
        Some(if severity == Severity::Transient { transient } else { permanent })
    }
}

/// Reply codes by stage.
#[derive(Debug)]
pub(crate) struct Codes(Vec<(CodeFilter, Vec<Stage>, Meaning)>);

impl Codes {
    pub(super) fn parse(text: &str, classes: &Classes, sources: &Sources) -> Result<Self, RulesError> {
        let columns = ["code", "stage", "class", "action", "meaning", "source"];
        let mut codes = Vec::new();
        for row in rows("codes.toml", text, "code", &columns)? {
            let filter = CodeFilter::parse(row.list("code")).ok_or_else(|| row.error("code"))?;
            let stages = stages(&row).ok_or_else(|| row.error("stage"))?;
            let name = format!("code.{}", [row.list("code").join("|"), row.list("stage").join("|")].join("."));
            let name = name.trim_end_matches('.');
            let rule = Rule::new(name, format!("{name}: {} [{}]", row.cell("meaning"), sources.of(&row)?));
            codes.push((filter, stages, meaning(&row, "class", "action", classes, &rule)?));
        }
        Ok(Self(codes))
    }

    /// The first row for this code at this stage; a stage that is not known fits only rows of any stage.
    pub(crate) fn meaning(&self, code: u16, stage: Option<Stage>) -> Option<&Meaning> {
        let is_at = |stages: &[Stage]| stages.is_empty() || stage.is_some_and(|stage| stages.contains(&stage));
        let row = self.0.iter().find(|(filter, stages, _)| filter.admits(code) && is_at(stages))?;
        Some(&row.2)
    }
}

fn meaning(
    row: &Row,
    class: &'static str,
    action: &'static str,
    classes: &Classes,
    rule: &Arc<Rule>,
) -> Result<Meaning, RulesError> {
    let (class, action) = (row.read(class)?, row.read_optional(action)?);
    if !classes.permits(class, action) {
        return Err(RulesError::new(row.table, row.line, RulesErrorKind::Law));
    }
    Ok(Meaning { class, action, rule: Arc::clone(rule) })
}

/// The stages of a row.
pub(super) fn stages(row: &Row) -> Option<Vec<Stage>> {
    row.list("stage").iter().map(|name| stage(name)).collect()
}

fn stage(name: &str) -> Option<Stage> {
    Some(match name {
        "connect" => Stage::Connect,
        "ehlo" => Stage::Ehlo,
        "start_tls" => Stage::StartTls,
        "auth" => Stage::Auth,
        "mail" => Stage::Mail,
        "rcpt" => Stage::Rcpt,
        "data" => Stage::Data,
        "end_of_data" => Stage::EndOfData,
        _ => return None,
    })
}

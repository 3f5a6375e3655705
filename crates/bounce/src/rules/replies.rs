//! What providers say, and what servers say everywhere.

use std::sync::Arc;

use posthaste_types::{BounceClass, Stage};

use super::classes::Classes;
use super::codes::stages;
use super::error::{RulesError, RulesErrorKind};
use super::filter::{CodeFilter, Fit, StatusFilter};
use super::pattern::Pattern;
use super::providers::{Providers, TableId};
use super::rows::{Row, parse as rows};
use super::sources::Sources;
use crate::verdict::{Action, Confidence, Rule};

/// One row of `replies.toml` or `phrases.toml`.
#[derive(Debug)]
pub(crate) struct ReplyRow {
    pub(crate) table: TableId,
    pub(crate) code: CodeFilter,
    pub(crate) status: StatusFilter,
    /// The commands to whose answers it is limited; empty: any.
    pub(crate) stages: Vec<Stage>,
    pub(crate) class: BounceClass,
    pub(crate) action: Option<Action>,
    pub(crate) confidence: Option<Confidence>,
    pub(crate) rule: Arc<Rule>,
    patterns: Vec<Pattern>,
    has_text: Text,
}

#[derive(Debug, PartialEq, Eq)]
enum Text {
    Asked,
    None,
}

/// All rows, and those that decide by the code alone.
#[derive(Debug)]
pub(crate) struct ReplyRows {
    pub(crate) rows: Vec<ReplyRow>,
    /// Of a provider's table: the code alone decides, said by the row or agreed by all rows of the code.
    alone: Vec<usize>,
}

/// Reads the rows.
pub(super) struct Builder<'a> {
    classes: &'a Classes,
    providers: &'a Providers,
    sources: &'a Sources,
    rows: Vec<ReplyRow>,
}

impl ReplyRows {
    pub(super) fn builder<'a>(classes: &'a Classes, providers: &'a Providers, sources: &'a Sources) -> Builder<'a> {
        Builder { classes, providers, sources, rows: Vec::new() }
    }

    pub(crate) fn row(&self, at: usize) -> Option<&ReplyRow> {
        self.rows.get(at)
    }

    pub(super) fn patterns(&self) -> impl Iterator<Item = (usize, &Pattern)> {
        self.rows.iter().enumerate().flat_map(|(at, row)| row.patterns.iter().map(move |pattern| (at, pattern)))
    }

    /// The row of the table whose code alone decides, an exact one first.
    pub(crate) fn by_code(&self, table: TableId, fit: impl Fn(&ReplyRow) -> (Fit, Fit)) -> Option<&ReplyRow> {
        let mut best: Option<(&ReplyRow, (bool, Fit, Fit))> = None;
        for row in self.alone.iter().filter_map(|at| self.rows.get(*at)).filter(|row| row.table == table) {
            let (status, code) = fit(row);
            let wanted = if row.status.is_any() { code == Fit::Exact } else { status <= Fit::Like };
            if !wanted || code == Fit::Other {
                continue;
            }
            let rank = (row.has_text == Text::Asked, status, code);
            if best.as_ref().is_none_or(|(_, known)| rank < *known) {
                best = Some((row, rank));
            }
        }
        best.map(|(row, _)| row)
    }
}

impl Builder<'_> {
    pub(super) fn parse(&mut self, table: &'static str, text: &str, name: &str) -> Result<(), RulesError> {
        for row in rows(table, text, name, KEYS)? {
            let read = self.read(&row)?;
            self.rows.push(read);
        }
        Ok(())
    }

    fn read(&self, row: &Row) -> Result<ReplyRow, RulesError> {
        let sources = self.sources.of(row)?;
        let class = row.read("class")?;
        let action = row.read_optional("action")?;
        if !self.classes.permits(class, action) {
            return Err(RulesError::new(row.table, row.line, RulesErrorKind::Law));
        }
        let parse = |part: &String| Pattern::parse(part).ok_or_else(|| row.error("match"));
        let patterns: Vec<Pattern> = row.list("match").iter().map(parse).collect::<Result<_, _>>()?;
        let has_text = if patterns.is_empty() { Text::None } else { Text::Asked };
        let (name, provider) = (row.cell("name"), row.cell("provider"));
        if name.is_empty() || self.rows.iter().any(|known| known.rule.name() == name) {
            return Err(RulesError::new(row.table, row.line, RulesErrorKind::Duplicate));
        }
        let provider = if provider.is_empty() { GENERIC } else { provider };
        let says = format!("{name}: {} [{sources}]", row.cell("meaning"));
        Ok(ReplyRow {
            table: self.providers.table(provider),
            code: CodeFilter::parse(row.list("code")).ok_or_else(|| row.error("code"))?,
            status: StatusFilter::parse(row.list("status")).ok_or_else(|| row.error("status"))?,
            stages: stages(row).ok_or_else(|| row.error("stage"))?,
            class,
            action,
            confidence: row.read_optional("confidence")?,
            rule: Rule::new(name, says),
            patterns,
            has_text,
        })
    }

    pub(super) fn finish(self) -> ReplyRows {
        let alone = (0..self.rows.len()).filter(|at| self.decides_alone(*at)).collect();
        ReplyRows { rows: self.rows, alone }
    }

    /// Whether the code alone decides: there is no text to ask for, or every row of the provider with this
    /// code is of one class, which never counts against the recipient. QUIRK: Gmail gives 7.27, 7.29,
    /// 7.30 and others meanings of its own, so its table must come before the registry even where its
    /// words have changed.
    fn decides_alone(&self, at: usize) -> bool {
        let Some(row) = self.rows.get(at).filter(|row| row.table != TableId::GENERIC) else { return false };
        if row.has_text == Text::None {
            return true;
        }
        let Some(code) = row.status.single() else { return false };
        let like = |other: &&ReplyRow| other.table == row.table && other.status.single() == Some(code);
        self.classes.spares(row.class) && self.rows.iter().filter(like).all(|other| other.class == row.class)
    }
}

/// The provider of the rows of phrases.toml.
const GENERIC: &str = "generic";
/// The keys of a row; `samples` are for the tests of the rules.
pub(super) const KEYS: &[&str] = &[
    "name",
    "provider",
    "code",
    "status",
    "stage",
    "match",
    "class",
    "action",
    "confidence",
    "meaning",
    "backoff",
    "samples",
    "source",
];

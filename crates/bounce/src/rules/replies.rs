//! What providers say, and what servers say everywhere.

use posthaste_types::{BounceClass, Evidence, EvidenceSource};

use super::classes::Classes;
use super::csv::{Row, alternatives, parse as rows};
use super::error::{RulesError, RulesErrorKind};
use super::filter::{CodeFilter, Fit, StatusFilter};
use super::pattern::Pattern;
use super::providers::{Providers, TableId};
use super::sources::Sources;
use crate::verdict::Action;

/// One row of `replies.csv` or `phrases.csv`.
#[derive(Debug)]
pub(crate) struct ReplyRow {
    pub(crate) table: TableId,
    pub(crate) code: CodeFilter,
    pub(crate) status: StatusFilter,
    pub(crate) class: BounceClass,
    pub(crate) action: Option<Action>,
    pub(crate) rule: Evidence,
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
    pub(super) fn parse(&mut self, table: &'static str, text: &str) -> Result<(), RulesError> {
        let columns = ["provider", "code", "status", "match", "class", "action", "meaning", "backoff", "source"];
        for row in rows(table, text, &columns)? {
            let read = self.read(&row)?;
            self.rows.push(read);
        }
        Ok(())
    }

    fn read(&self, row: &Row<'_>) -> Result<ReplyRow, RulesError> {
        let sources = self.sources.of(row)?;
        let class = row.read("class")?;
        let action = row.read_optional("action")?;
        if !self.classes.permits(class, action) {
            return Err(RulesError::new(row.table, row.line, RulesErrorKind::Law));
        }
        let parse = |part| Pattern::parse(part).ok_or_else(|| row.error("match"));
        let patterns: Vec<Pattern> = alternatives(row.cell("match")).map(parse).collect::<Result<_, _>>()?;
        let has_text = if patterns.is_empty() { Text::None } else { Text::Asked };
        let (provider, meaning) = (row.cell("provider"), row.cell("meaning"));
        let rule = format!("{} line {} ({provider}): {meaning} [{sources}]", row.table, row.line);
        Ok(ReplyRow {
            table: self.providers.table(provider),
            code: CodeFilter::parse(row.cell("code")).ok_or_else(|| row.error("code"))?,
            status: StatusFilter::parse(row.cell("status")).ok_or_else(|| row.error("status"))?,
            class,
            action,
            rule: Evidence::new(EvidenceSource::Rule, rule),
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

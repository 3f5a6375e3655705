//! What a cause says that is no SMTP reply.

use std::sync::Arc;

use posthaste_types::BounceClass;

use super::classes::Classes;
use super::error::{RulesError, RulesErrorKind};
use super::rows::{Row, parse as rows};
use super::sources::Sources;
use crate::verdict::{Action, ListEffect, Rule, Severity};

/// One row of `causes.toml`.
#[derive(Debug)]
pub(crate) struct CauseRow {
    via: String,
    faults: Vec<String>,
    pub(crate) severity: Severity,
    pub(crate) class: BounceClass,
    pub(crate) action: Option<Action>,
    pub(crate) effect: Option<ListEffect>,
    pub(crate) rule: Arc<Rule>,
}

pub(super) fn parse(text: &str, classes: &Classes, sources: &Sources) -> Result<Vec<CauseRow>, RulesError> {
    let columns = ["cause", "severity", "class", "action", "effect", "meaning", "source"];
    let rows = rows("causes.toml", text, "cause", &columns)?;
    rows.iter().map(|row| CauseRow::read(row, classes, sources)).collect()
}

impl CauseRow {
    fn read(row: &Row, classes: &Classes, sources: &Sources) -> Result<Self, RulesError> {
        let (via, faults) = row.cell("cause").split_once(':').unwrap_or((row.cell("cause"), ""));
        if !["dns", "http", "local", "network", "tls"].contains(&via) {
            return Err(row.error("cause"));
        }
        let name = format!("cause.{}", row.cell("cause"));
        let says = format!("{name}: {} [{}]", row.cell("meaning"), sources.of(row)?);
        let cause = Self {
            via: via.to_owned(),
            faults: faults.split('|').filter(|fault| !fault.is_empty()).map(str::to_owned).collect(),
            severity: row.read("severity")?,
            class: row.read("class")?,
            action: row.read_optional("action")?,
            effect: row.read_optional("effect")?,
            rule: Rule::new(&name, says),
        };
        let takes_off = cause.effect.is_some_and(|effect| effect != ListEffect::None);
        if !classes.permits(cause.class, cause.action) || (classes.spares(cause.class) && takes_off) {
            return Err(RulesError::new(row.table, row.line, RulesErrorKind::Law));
        }
        Ok(cause)
    }

    /// Whether the row is about this fault; a fault that it does not name fits a row without faults.
    pub(crate) fn is_about(&self, via: &str, faults: &[&str]) -> bool {
        self.via == via && (self.faults.is_empty() || self.faults.iter().any(|fault| faults.contains(&fault.as_str())))
    }

    /// Whether the row names a fault.
    pub(crate) fn names_a_fault(&self) -> bool {
        !self.faults.is_empty()
    }
}

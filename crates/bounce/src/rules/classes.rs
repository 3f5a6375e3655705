//! What each class means.

use std::sync::Arc;

use posthaste_types::BounceClass;

use super::error::{RulesError, RulesErrorKind};
use super::rows::{Row, parse as rows};
use super::sources::Sources;
use crate::verdict::{Action, Confidence, ListEffect, Rule, Scope, Severity, Verdict, Words};

/// The row of each class.
#[derive(Debug)]
pub(crate) struct Classes(Vec<Meaning>);

/// What a verdict stands on.
#[derive(Debug)]
pub(crate) struct Why {
    pub(crate) words: Words,
    pub(crate) rule: Option<Arc<Rule>>,
    pub(crate) confidence: Confidence,
}

#[derive(Debug)]
struct Meaning {
    class: BounceClass,
    scope: Scope,
    transient: (Action, ListEffect),
    permanent: (Action, ListEffect),
    advice: Arc<str>,
}

impl Classes {
    pub(super) fn parse(text: &str, sources: &Sources) -> Result<Self, RulesError> {
        let columns = ["class", "scope", "if_4", "effect_4", "if_5", "effect_5", "advice", "source"];
        let mut meanings: Vec<Meaning> = Vec::new();
        for row in rows("classes.toml", text, "class", &columns)? {
            sources.of(&row)?;
            let meaning = Meaning::read(&row)?;
            if meanings.iter().any(|known| known.class == meaning.class) {
                return Err(RulesError::new(row.table, row.line, RulesErrorKind::Duplicate));
            }
            if !meaning.is_lawful() {
                return Err(RulesError::new(row.table, row.line, RulesErrorKind::Law));
            }
            meanings.push(meaning);
        }
        let in_order = |class: &BounceClass| meanings.iter().position(|meaning| meaning.class == *class);
        if let Some(class) = BounceClass::ALL.iter().find(|class| in_order(class).is_none()) {
            let kind = RulesErrorKind::MissingClass { class: class.as_str() };
            return Err(RulesError::new("classes.toml", 0, kind));
        }
        meanings.sort_by_key(|meaning| meaning.class);
        Ok(Self(meanings))
    }

    /// The verdict of a class. A temporary answer never suppresses, whatever the row says; an action that
    /// is milder than the class's takes the edge off its list effect.
    pub(crate) fn verdict(&self, class: BounceClass, severity: Severity, action: Option<Action>, why: Why) -> Verdict {
        let meaning = self.of(class);
        let (own, own_effect) = if severity == Severity::Transient { meaning.transient } else { meaning.permanent };
        let action = action.filter(|action| severity != Severity::Transient || !action.suppresses()).unwrap_or(own);
        let takes_off = matches!(action, Action::SuppressAddress | Action::SuppressDomain);
        let list_effect = if own_effect == ListEffect::Hard && !takes_off { ListEffect::Soft } else { own_effect };
        let Why { words, rule, confidence } = why;
        let (scope, advice) = (meaning.scope, Arc::clone(&meaning.advice));
        Verdict { class, severity, action, list_effect, scope, confidence, words, rule, advice }
    }

    /// What to do about a failure of this class, in a sentence.
    pub(crate) fn advice(&self, class: BounceClass) -> &str {
        &self.of(class).advice
    }

    /// Whether a row may ask for this action: never to suppress for what is not the recipient's.
    pub(super) fn permits(&self, class: BounceClass, action: Option<Action>) -> bool {
        counts(class) || !action.is_some_and(Action::suppresses)
    }

    /// Whether failures of this class never count against the recipient.
    pub(super) fn spares(&self, class: BounceClass) -> bool {
        let meaning = self.of(class);
        meaning.transient.1 == ListEffect::None && meaning.permanent.1 == ListEffect::None
    }

    fn of(&self, class: BounceClass) -> &Meaning {
        let at = self.0.binary_search_by_key(&class, |meaning| meaning.class);
        match at.ok().and_then(|at| self.0.get(at)) {
            Some(meaning) => meaning,
            None => unreachable!("`parse` asks for a row of every class"),
        }
    }
}

impl Meaning {
    fn read(row: &Row) -> Result<Self, RulesError> {
        Ok(Self {
            class: row.read("class")?,
            scope: row.read("scope")?,
            transient: (row.read("if_4")?, row.read("effect_4")?),
            permanent: (row.read("if_5")?, row.read("effect_5")?),
            advice: row.cell("advice").into(),
        })
    }

    fn is_lawful(&self) -> bool {
        let spares = |(action, effect): (Action, ListEffect)| !action.suppresses() && effect == ListEffect::None;
        if !counts(self.class) {
            return spares(self.transient) && spares(self.permanent);
        }
        is_event(self.class) || (!self.transient.0.suppresses() && self.transient.1 != ListEffect::Hard)
    }
}

/// Whether failures of this class may count against the recipient: the law of the crate.
const fn counts(class: BounceClass) -> bool {
    is_event(class)
        || matches!(
            class,
            BounceClass::BadAddressSyntax
                | BounceClass::BadDomain
                | BounceClass::BadMailbox
                | BounceClass::Expired
                | BounceClass::InactiveMailbox
                | BounceClass::MailboxTemp
                | BounceClass::Quota
                | BounceClass::RecipientPolicy
                | BounceClass::Unknown
        )
}

/// What the recipient did, not what a server answered.
const fn is_event(class: BounceClass) -> bool {
    matches!(class, BounceClass::Complaint | BounceClass::Unsubscribe)
}

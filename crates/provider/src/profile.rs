//! One provider.

use std::fmt;

use posthaste_types::{ProviderId, Text};

use crate::rule::{Rule, Scope};
use crate::volume::Volume;

/// One provider and its rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub(crate) id: ProviderId,
    pub(crate) name: Text,
    pub(crate) applies_to: Text,
    pub(crate) bulk: Text,
    pub(crate) bulk_from: Option<u64>,
    pub(crate) counted_by: Option<Text>,
    pub(crate) effective: Option<Text>,
    pub(crate) date: Text,
    pub(crate) sources: Vec<SourceNote>,
    pub(crate) rules: Vec<Rule>,
}

/// Where something is known from. `Display` says both.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceNote {
    /// The page.
    pub what: Text,
    /// The date of its content.
    pub date: Text,
}

impl Profile {
    /// Its id.
    pub fn id(&self) -> &ProviderId {
        &self.id
    }

    /// Its name, for people: `Gmail`.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// For mail to whom the rules count, for people.
    pub fn applies_to(&self) -> &str {
        self.applies_to.as_str()
    }

    /// From how many messages a day a sender is a bulk sender, if the provider says a number.
    pub fn bulk_from(&self) -> Option<u64> {
        self.bulk_from
    }

    /// The same in words.
    pub fn bulk(&self) -> &str {
        self.bulk.as_str()
    }

    /// Over what the messages are counted, for people.
    pub fn counted_by(&self) -> Option<&str> {
        self.counted_by.as_ref().map(Text::as_str)
    }

    /// Since which day the rules count: `2024-02-01`.
    pub fn effective(&self) -> Option<&str> {
        self.effective.as_ref().map(Text::as_str)
    }

    /// When the rules were read.
    pub fn date(&self) -> &str {
        self.date.as_str()
    }

    /// Where they are known from.
    pub fn sources(&self) -> &[SourceNote] {
        &self.sources
    }

    /// All rules, in the order of the table.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// As what the provider takes who sends so much; `None` if that cannot be told: the volume or the provider's number is
    /// not known. Then rules for bulk senders may count.
    pub fn scope(&self, volume: Volume) -> Option<Scope> {
        let (messages, from) = (volume.messages()?, self.bulk_from?);
        Some(if messages >= from { Scope::Bulk } else { Scope::All })
    }

    /// Whether a rule counts for who sends so much, or may count.
    pub fn counts(&self, rule: &Rule, volume: Volume) -> bool {
        rule.scope == Scope::All || self.scope(volume) != Some(Scope::All)
    }
}

impl fmt::Display for SourceNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.what, self.date)
    }
}

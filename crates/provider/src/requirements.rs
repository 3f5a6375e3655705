//! The rules of all providers.

use std::str::FromStr;
use std::sync::OnceLock;

use posthaste_types::ProviderId;

use crate::demand::Demand;
use crate::error::RequirementsError;
use crate::profile::Profile;
use crate::rule::Rule;
use crate::table;
use crate::volume::Volume;

/// The rules of all providers that are known: the built-in ones, or your own.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirements {
    pub(crate) profiles: Vec<Profile>,
}

/// A rule and whose it is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Demanded<'a> {
    /// Who demands.
    pub provider: &'a Profile,
    /// What.
    pub rule: &'a Rule,
}

impl Requirements {
    /// The longest table, in octets.
    pub const MAX: usize = 256 * 1024;
    /// The most rules of all providers together.
    pub const MAX_RULES: usize = 2000;

    /// The rules of the built-in table.
    pub fn builtin() -> Self {
        static BUILTIN: OnceLock<Requirements> = OnceLock::new();
        // A test reads the built-in table; without it there would be no rules, and never a panic.
        BUILTIN.get_or_init(|| Self::parse(Self::BUILTIN).unwrap_or(Self { profiles: Vec::new() })).clone()
    }

    /// The built-in table: to begin one of your own with. What it can hold stands at its head.
    pub const BUILTIN: &str = include_str!("../data/requirements.toml");

    /// Reads a table.
    ///
    /// # Errors
    /// [`RequirementsError`] that says what is wrong with which provider or line.
    pub fn parse(table: &str) -> Result<Self, RequirementsError> {
        table::parse(table)
    }

    /// All providers, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.iter()
    }

    /// The provider of this id.
    pub fn get(&self, id: &ProviderId) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.id == *id)
    }

    /// What counts, or may count, for who sends so much to each of them.
    pub fn demands(&self, volume: Volume) -> impl Iterator<Item = Demanded<'_>> {
        let of_one = move |provider| {
            let profile: &Profile = provider;
            profile
                .rules
                .iter()
                .filter(move |rule| profile.counts(rule, volume))
                .map(move |rule| Demanded { provider, rule })
        };
        self.profiles.iter().flat_map(of_one)
    }

    /// Of those, the rules that demand this, whatever its numbers.
    pub fn demanding<'a>(&'a self, demand: &'a Demand, volume: Volume) -> impl Iterator<Item = Demanded<'a>> {
        self.demands(volume).filter(move |demanded| demanded.rule.demand.is_same(demand))
    }
}

impl FromStr for Requirements {
    type Err = RequirementsError;

    fn from_str(table: &str) -> Result<Self, RequirementsError> {
        Self::parse(table)
    }
}

//! Reads a table.

use std::collections::HashMap;
use std::time::Duration;

use posthaste_types::{ParseError, ProviderId, Text};
use serde::Deserialize;

use crate::demand::Demand;
use crate::error::{RequirementsError, RequirementsErrorKind};
use crate::profile::{Profile, SourceNote};
use crate::reply::ReplyHint;
use crate::requirements::Requirements;
use crate::rule::{Force, Rule, Scope};

pub(crate) fn parse(text: &str) -> Result<Requirements, RequirementsError> {
    if text.len() > Requirements::MAX {
        let kind = RequirementsErrorKind::TooLarge { limit: Requirements::MAX };
        return Err(RequirementsError::new("the table", kind));
    }
    let table: Table = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        RequirementsError::new(format_args!("line {line}"), RequirementsErrorKind::Form(Text::lossy(error.message())))
    })?;
    let rules: usize = table.provider.iter().map(|provider| provider.rule.len()).sum();
    if rules > Requirements::MAX_RULES {
        let kind = RequirementsErrorKind::TooLarge { limit: Requirements::MAX_RULES };
        return Err(RequirementsError::new("rules", kind));
    }
    let sources = sources(table.source)?;
    let mut profiles: Vec<Profile> = Vec::new();
    for row in table.provider {
        let profile = row.read(&sources)?;
        if profiles.iter().any(|known| known.id == profile.id) {
            return Err(RequirementsError::new(profile.id, RequirementsErrorKind::Duplicate));
        }
        profiles.push(profile);
    }
    Ok(Requirements { profiles })
}

type Sources = HashMap<String, SourceNote>;

fn sources(rows: Vec<SourceRow>) -> Result<Sources, RequirementsError> {
    let mut sources = Sources::new();
    for SourceRow { id, what, date } in rows {
        let place = Place(format!("source {id}"));
        let note = SourceNote { what: place.text(&what)?, date: place.text(&date)? };
        if sources.insert(id, note).is_some() {
            return Err(place.error(RequirementsErrorKind::Duplicate));
        }
    }
    Ok(sources)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    source: Vec<SourceRow>,
    #[serde(default)]
    provider: Vec<ProviderRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRow {
    id: String,
    what: String,
    date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderRow {
    id: String,
    name: String,
    applies_to: String,
    bulk: String,
    bulk_from: Option<u64>,
    counted_by: Option<String>,
    effective: Option<String>,
    date: String,
    sources: Vec<String>,
    #[serde(default)]
    rule: Vec<RuleRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleRow {
    demand: String,
    of: String,
    force: String,
    #[serde(default)]
    replies: Vec<String>,
    lists: Option<Vec<String>>,
    bits: Option<u32>,
    advised_bits: Option<u32>,
    rate: Option<f64>,
    target_rate: Option<f64>,
    hours: Option<u32>,
    note: Option<String>,
    sources: Vec<String>,
}

impl ProviderRow {
    fn read(self, sources: &Sources) -> Result<Profile, RequirementsError> {
        let place = Place(self.id.clone());
        let rules = self.rule.into_iter().enumerate();
        let rules = rules.map(|(at, row)| row.read(&Place(format!("{} rule {}", self.id, at + 1)), sources));
        Ok(Profile {
            id: ProviderId::parse(&self.id).map_err(|error| place.error(RequirementsErrorKind::Value(error)))?,
            name: place.text(&self.name)?,
            applies_to: place.text(&self.applies_to)?,
            bulk: place.text(&self.bulk)?,
            bulk_from: self.bulk_from,
            counted_by: place.optional(self.counted_by.as_deref())?,
            effective: place.optional(self.effective.as_deref())?,
            date: place.text(&self.date)?,
            sources: place.sources(&self.sources, sources)?,
            rules: rules.collect::<Result<_, _>>()?,
        })
    }
}

impl RuleRow {
    fn read(self, place: &Place, sources: &Sources) -> Result<Rule, RequirementsError> {
        let scope = match self.of.as_str() {
            "all" => Scope::All,
            "bulk" => Scope::Bulk,
            other => return Err(place.unknown(other)),
        };
        let force = match self.force.as_str() {
            "advised" => Force::Advised,
            "filtered" => Force::Filtered,
            "refused" => Force::Refused,
            other => return Err(place.unknown(other)),
        };
        let reply = |text: &String| ReplyHint::parse(text).map_err(|error| place.value(error));
        Ok(Rule {
            demand: self.demand(place)?,
            scope,
            force,
            replies: self.replies.iter().map(reply).collect::<Result<_, _>>()?,
            note: place.optional(self.note.as_deref())?,
            sources: place.sources(&self.sources, sources)?,
        })
    }

    fn demand(&self, place: &Place) -> Result<Demand, RequirementsError> {
        let missing = |key| place.error(RequirementsErrorKind::Missing(key));
        Ok(match self.demand.as_str() {
            "alignment" => Demand::Alignment,
            "bounce-handling" => Demand::BounceHandling,
            "consent" => Demand::Consent,
            "dkim" => Demand::Dkim,
            "dkim-key" => {
                Demand::DkimKey { bits: self.bits.ok_or_else(|| missing("bits"))?, advised: self.advised_bits }
            }
            "dmarc" => Demand::Dmarc,
            "format" => Demand::Format,
            "one-click" => Demand::OneClick,
            "own-ptr" => Demand::OwnPtr,
            "ptr" => Demand::Ptr,
            "sender-domain" => Demand::SenderDomain,
            "spam-rate" => {
                Demand::SpamRate { below: self.rate.ok_or_else(|| missing("rate"))?, target: self.target_rate }
            }
            "spf" => Demand::Spf,
            "spf-or-dkim" => Demand::SpfOrDkim,
            "tls" => Demand::Tls,
            "unlisted" => Demand::Unlisted { lists: self.lists.clone().ok_or_else(|| missing("lists"))? },
            "unsubscribe-link" => Demand::UnsubscribeLink,
            "unsubscribe-within" => {
                let hours = self.hours.ok_or_else(|| missing("hours"))?;
                Demand::UnsubscribeWithin { time: Duration::from_secs(u64::from(hours) * 3600) }
            }
            other => return Err(place.unknown(other)),
        })
    }
}

/// Where in the table something stands, for errors.
struct Place(String);

impl Place {
    fn error(&self, kind: RequirementsErrorKind) -> RequirementsError {
        RequirementsError::new(&self.0, kind)
    }

    fn value(&self, error: ParseError) -> RequirementsError {
        self.error(RequirementsErrorKind::Value(error))
    }

    fn unknown(&self, word: &str) -> RequirementsError {
        self.error(RequirementsErrorKind::UnknownWord(Text::lossy(word)))
    }

    fn text(&self, text: &str) -> Result<Text, RequirementsError> {
        Text::parse(text).map_err(|error| self.value(error))
    }

    fn optional(&self, text: Option<&str>) -> Result<Option<Text>, RequirementsError> {
        text.map(|text| self.text(text)).transpose()
    }

    fn sources(&self, ids: &[String], sources: &Sources) -> Result<Vec<SourceNote>, RequirementsError> {
        let note = |id: &String| {
            let unknown = || self.error(RequirementsErrorKind::UnknownSource(Text::lossy(id)));
            sources.get(id).cloned().ok_or_else(unknown)
        };
        ids.iter().map(note).collect()
    }
}

//! The text that says where a key stands.

use posthaste_sign::{KeyEntry, KeyState};
use posthaste_types::{Domain, Timestamp};

/// The text of an entry: a word and its value on each line.
pub(crate) fn compose(entry: &KeyEntry) -> String {
    let KeyState { stage, since, until, .. } = entry.state();
    let until = until.map(|until| format!("until {until}\n")).unwrap_or_default();
    format!(
        "{HEAD}\ndomain {}\nselector {}\nstage {stage}\nsince {since}\n{until}record {}\n",
        entry.domain(),
        entry.selector(),
        entry.record()
    )
}

/// The entry of a text; what is wrong with it else.
pub(crate) fn parse(text: &[u8]) -> Result<KeyEntry, String> {
    let text = std::str::from_utf8(text).map_err(|_| "not a text".to_owned())?;
    let Some(rest) = text.strip_prefix(HEAD) else { return Err(format!("it does not begin with `{HEAD}`")) };
    let mut fields = [None; WORDS.len()];
    for line in rest.lines().filter(|line| !line.is_empty()) {
        let (word, value) = line.split_once(' ').ok_or_else(|| format!("a line without a value: {line:.40}"))?;
        let at = WORDS.iter().position(|known| *known == word);
        let field = at.and_then(|at| fields.get_mut(at)).ok_or_else(|| format!("an unknown word: {word:.40}"))?;
        if field.replace(value).is_some() {
            return Err(format!("`{word}` stands twice"));
        }
    }
    let [domain, selector, stage, since, until, record] = fields;
    let need = |field: Option<_>, word| field.ok_or_else(|| format!("no `{word}`"));
    let wrong = |error: posthaste_types::ParseError| error.to_string();
    let since: Timestamp = need(since, "since")?.parse().map_err(wrong)?;
    let mut state = KeyState::new(need(stage, "stage")?.parse().map_err(wrong)?, since);
    if let Some(until) = until {
        state = state.until(until.parse().map_err(wrong)?);
    }
    let domain = Domain::parse(need(domain, "domain")?).map_err(wrong)?;
    let selector = need(selector, "selector")?.parse().map_err(wrong)?;
    let entry = KeyEntry::new(domain, selector, need(record, "record")?, since).map_err(wrong)?;
    Ok(entry.in_state(state))
}

const HEAD: &str = "posthaste-key 1";
const WORDS: [&str; 6] = ["domain", "selector", "stage", "since", "until", "record"];
/// The longest text that is read, in octets.
pub(crate) const MAX: usize = KeyEntry::MAX_RECORD + 1024;

#[cfg(test)]
mod tests {
    use posthaste_sign::KeyStage;
    use proptest::prelude::*;

    use super::*;

    fn entry(record: &str, stage: KeyStage, until: Option<i64>) -> KeyEntry {
        let at = Timestamp::from_unix_micros;
        let mut state = KeyState::new(stage, at(1_790_000_000_123_456));
        state.until = until.map(at);
        KeyEntry::new("example.com".parse().unwrap(), "s1".parse().unwrap(), record, at(0)).unwrap().in_state(state)
    }

    proptest! {
        #[test]
        fn entries_come_back(record in "[ -~]{0,300}", stage in 0..6_usize, until in any::<Option<i64>>()) {
            let entry = entry(&record, KeyStage::ALL[stage], until);
            prop_assert_eq!(parse(compose(&entry).as_bytes()), Ok(entry));
        }

        #[test]
        fn any_octets_are_refused_or_read(octets in "(posthaste-key 1\n)?[ -~\n]{0,200}") {
            let _ = parse(octets.as_bytes());
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let good = compose(&entry("v=DKIM1; p=", KeyStage::Made, None));
        for (from, to, why) in [
            ("posthaste-key 1", "posthaste-key 2", "it does not begin with `posthaste-key 1`"),
            ("stage made", "stage making", "stage of a key: an unknown word at byte 0"),
            ("since", "until", "no `since`"),
            ("domain example.com\n", "", "no `domain`"),
            ("stage made\n", "stage made\nstage made\n", "`stage` stands twice"),
            ("selector s1", "selector", "a line without a value: selector"),
            ("record", "colour", "an unknown word: colour"),
        ] {
            assert_eq!(parse(good.replace(from, to).as_bytes()), Err(why.to_owned()));
        }
    }
}

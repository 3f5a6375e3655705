//! The table of requirements: what it says, how it is replaced, how it is refused.

use posthaste_provider::{Demand, Force, ReplyHint, Requirements, RequirementsErrorKind, Scope, Volume};
use posthaste_types::ProviderId;
use proptest::prelude::*;

#[test]
fn the_built_in_table_is_read_whole() {
    let rules = Requirements::parse(Requirements::BUILTIN).unwrap();
    let ids: Vec<&str> = rules.iter().map(|profile| profile.id().as_str()).collect();
    assert_eq!(ids, ["google", "yahoo", "microsoft_consumer", "apple"]);
    assert_eq!(rules, Requirements::builtin());
    for profile in rules.iter() {
        assert!(!profile.sources().is_empty() && !profile.date().is_empty(), "{}", profile.name());
        for rule in profile.rules() {
            assert!(!rule.sources().is_empty(), "{}: {rule}", profile.name());
            assert!(rule.replies().is_empty() || rule.force() == Force::Refused, "{}: {rule}", profile.name());
        }
    }
}

#[test]
fn providers_answer_with_the_codes_that_they_publish() {
    let rules = Requirements::builtin();
    for (provider, demand, scope, replies) in [
        ("google", Demand::SpfOrDkim, Scope::All, "421 4.7.26,550 5.7.26"),
        ("google", Demand::Ptr, Scope::All, "421 4.7.23,451 4.7.23,550 5.7.25"),
        ("google", Demand::Spf, Scope::Bulk, "421 4.7.27,550 5.7.27"),
        ("google", Demand::Dmarc, Scope::Bulk, "421 4.7.31,421 4.7.40,550 5.7.40"),
        ("google", Demand::OneClick, Scope::Bulk, ""),
        ("yahoo", Demand::SpfOrDkim, Scope::All, "550 5.7.9"),
        ("microsoft_consumer", Demand::Dkim, Scope::Bulk, "550 5.7.515"),
        ("microsoft_consumer", Demand::Alignment, Scope::Bulk, "550 5.7.515"),
        ("apple", Demand::Spf, Scope::Bulk, "554 5.7.1 [HME1]"),
    ] {
        let profile = rules.get(&ProviderId::parse(provider).unwrap()).unwrap();
        let rule = profile.rules().iter().find(|rule| *rule.demand() == demand).unwrap();
        let known: Vec<String> = rule.replies().iter().map(ToString::to_string).collect();
        assert_eq!((rule.scope(), known.join(",").as_str()), (scope, replies), "{provider} {demand}");
    }
}

#[test]
fn numbers_stand_in_the_demands() {
    let rules = Requirements::builtin();
    let words: Vec<String> =
        rules.get(&ProviderId::GOOGLE).unwrap().rules().iter().map(|rule| rule.demand().to_string()).collect();
    for expected in [
        "DKIM keys of 1024 bits or more, better 2048",
        "a spam rate below 0.3 %, better 0.1 %",
        "no more mail 48 hours after an unsubscription",
    ] {
        assert!(words.iter().any(|word| word == expected), "{expected} in {words:?}");
    }
}

#[test]
fn the_volume_decides_which_rules_count() {
    let rules = Requirements::builtin();
    let who = |volume| -> Vec<&str> {
        rules.demanding(&Demand::Dmarc, volume).map(|demanded| demanded.provider.id().as_str()).collect()
    };
    // Yahoo and Apple publish no number: their rules may count for anybody.
    assert_eq!(who(Volume::per_day(4999)), ["yahoo", "apple"]);
    assert_eq!(who(Volume::per_day(5000)), ["google", "yahoo", "microsoft_consumer", "apple"]);
    assert_eq!(who(Volume::UNKNOWN).len(), 4);
    let everybody = |volume| rules.demands(volume).filter(|demanded| demanded.rule.scope() == Scope::All).count();
    assert_eq!(everybody(Volume::per_day(1)), everybody(Volume::per_day(1_000_000)));
}

#[test]
fn a_table_of_ones_own_replaces_the_built_in_one() {
    let rules: Requirements = r#"
        [[source]]
        id = "P"
        what = "its page"
        date = "2026-01"
        [[provider]]
        id = "example"
        name = "Example"
        applies_to = "all"
        bulk = "100 a day"
        bulk_from = 100
        date = "2026-01"
        sources = ["P"]
        [[provider.rule]]
        demand = "unlisted"
        of = "all"
        force = "refused"
        lists = ["spamcop"]
        replies = ["554 listed by"]
        sources = ["P"]
    "#
    .parse()
    .unwrap();
    let demanded = rules.demands(Volume::UNKNOWN).next().unwrap();
    assert!(matches!(demanded.rule.demand(), Demand::Unlisted { lists, .. } if lists == &["spamcop"]));
    assert_eq!(demanded.rule.replies()[0].words.as_str(), "listed by");
    assert_eq!(demanded.rule.sources()[0].to_string(), "its page, 2026-01");
    assert_eq!(demanded.rule.to_string(), "no listing on block lists (all senders, else refused with 554 listed by)");
}

#[test]
fn faults_of_tables_name_their_place() {
    let source = "[[source]]\nid = \"P\"\nwhat = \"p\"\ndate = \"d\"\n";
    let provider =
        "[[provider]]\nid = \"x\"\nname = \"X\"\napplies_to = \"a\"\nbulk = \"b\"\ndate = \"d\"\nsources = [\"P\"]\n";
    let rule = "[[provider.rule]]\ndemand = \"spf\"\nof = \"all\"\nforce = \"refused\"\nsources = [\"P\"]\n";
    let whole = format!("{source}{provider}{rule}");
    assert!(Requirements::parse(&whole).is_ok());
    for (table, says) in [
        (whole.replace("\"spf\"", "\"spv\""), "requirements, x rule 1: `spv` is not known"),
        (whole.replace("\"spf\"", "\"dkim-key\""), "requirements, x rule 1: `bits` is missing"),
        (whole.replace("\"spf\"", "\"spam-rate\""), "requirements, x rule 1: `rate` is missing"),
        (whole.replace("\"spf\"", "\"unlisted\""), "requirements, x rule 1: `lists` is missing"),
        (whole.replace("\"spf\"", "\"unsubscribe-within\""), "requirements, x rule 1: `hours` is missing"),
        (whole.replace("\"all\"", "\"some\""), "requirements, x rule 1: `some` is not known"),
        (whole.replace("\"refused\"", "\"burnt\""), "requirements, x rule 1: `burnt` is not known"),
        (whole.replace("[\"P\"]\n[[provider.rule]]", "[\"Q\"]\n[[provider.rule]]"), "x: no source is called `Q`"),
        (whole.clone() + "replies = [\"250 ok\"]\n", "x rule 1: reply: no code from 400 to 599 at byte 0"),
        (whole.clone() + "colour = 1\n", "requirements, line 17: unknown field `colour`"),
        (whole.clone() + provider, "requirements, x: the same id stands in an earlier place"),
        (source.to_owned() + &whole, "requirements, source P: the same id stands in an earlier place"),
        (whole.replace("id = \"x\"", "id = \"x y\""), "requirements, x y: provider id"),
        ("[[provider]".to_owned(), "requirements, line 1: "),
    ] {
        let error = Requirements::parse(&table).unwrap_err();
        assert!(error.to_string().contains(says), "{error}\nnot: {says}");
    }
    let huge = "#".repeat(Requirements::MAX + 1);
    assert!(matches!(Requirements::parse(&huge).unwrap_err().kind(), RequirementsErrorKind::TooLarge { .. }));
}

proptest! {
    #[test]
    fn any_text_is_a_table_or_an_error(text in "(\\[\\[(provider|source|provider.rule)\\]\\]\n|[a-z_]{1,8} = [\"\\[0-9a-z\\]]{0,9}\n|\\PC{0,20}\n){0,12}") {
        let _ = Requirements::parse(&text);
    }

    #[test]
    fn what_a_reply_prints_is_read_back(code in 400_u16..600, detail in 0_u16..1000, words in "[a-z\\[\\]]{0,9}") {
        let text = format!("{code} {}.7.{detail} {words}", code / 100);
        let hint = ReplyHint::parse(text.trim()).unwrap();
        prop_assert_eq!(hint.to_string(), text.trim());
        prop_assert_eq!(ReplyHint::parse(&hint.to_string()).unwrap(), hint);
    }
}

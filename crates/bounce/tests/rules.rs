//! The tables: what is built in is lawful, what is not is refused with its line.

use posthaste_bounce::{Rules, RulesError, RulesErrorKind, Tables};
use posthaste_types::{ProviderId, Reply, Stage};

fn with<'a>(change: impl FnOnce(&mut Tables<'a>)) -> Result<Rules, RulesError> {
    let mut tables: Tables<'a> = Tables::builtin();
    change(&mut tables);
    Rules::parse(&tables)
}

/// A table with a row at its end, and the number of that row's line.
fn longer(table: &str, row: &str) -> (String, usize) {
    let text = format!("{}\n{row}\n", table.trim_end());
    let line = text.lines().count();
    (text, line)
}

#[test]
fn the_built_in_tables_are_read() {
    assert!(Rules::parse(&Tables::builtin()).is_ok());
}

#[test]
fn a_row_of_ones_own_counts_for_its_provider_alone() {
    let (replies, _) = longer(Tables::builtin().replies, "acme,,,computer says maybe,rate_limit,,ours,,KNOW");
    let (providers, _) = longer(Tables::builtin().providers, "acme,,mx.acme.example,,KNOW");
    let rules = with(|tables| {
        tables.replies = &replies;
        tables.providers = &providers;
    })
    .unwrap();
    let reply = Reply::parse(b"550 computer says maybe").unwrap();
    let acme = ProviderId::from_static("acme");
    assert_eq!(rules.classify(&reply, Stage::Rcpt, Some(&acme)).class.as_str(), "rate_limit");
    assert_eq!(rules.classify(&reply, Stage::Rcpt, None).class.as_str(), "unknown");
}

#[test]
fn rows_that_break_the_law_are_refused() {
    for class in ["reputation", "policy", "authentication", "spam_content", "tls", "ptr", "rate_limit", "blocklisted"] {
        for action in ["suppress_address", "suppress_domain", "suppress_after_repeats"] {
            let (replies, line) = longer(Tables::builtin().replies, &format!("google,,,x y,{class},{action},,,KNOW"));
            let error = with(|tables| tables.replies = &replies).unwrap_err();
            assert_eq!(
                (error.table(), error.line(), error.kind()),
                ("replies.csv", line, &RulesErrorKind::Law),
                "{class}"
            );
        }
        let row = Tables::builtin().classes.lines().find(|line| line.starts_with(class)).unwrap();
        let classes = Tables::builtin().classes.replace(row, &row.replacen(",none,", ",soft,", 1));
        assert_eq!(with(|tables| tables.classes = &classes).unwrap_err().kind(), &RulesErrorKind::Law, "{class}");
    }
    let temporary = Tables::builtin()
        .classes
        .replace("bad_mailbox,recipient,retry,soft", "bad_mailbox,recipient,suppress_address,hard");
    assert_eq!(with(|tables| tables.classes = &temporary).unwrap_err().kind(), &RulesErrorKind::Law);
}

#[test]
fn faults_name_the_table_the_line_and_the_column() {
    for (row, says) in [
        ("google,9xx,,x y,policy,,,,KNOW", "the column code cannot be read"),
        ("google,,5.7,x y,policy,,,,KNOW", "the column status cannot be read"),
        ("google,,,* x,policy,,,,KNOW", "the column match cannot be read"),
        ("google,,,x y,polite,,,,KNOW", "the column class cannot be read"),
        ("google,,,x y,policy,smile,,,KNOW", "the column action cannot be read"),
        ("google,,,x y,policy,,,,HEARSAY", "a source that sources.csv does not have"),
        ("google,,,x y,policy,,,,", "a source that sources.csv does not have"),
        ("google,,,x y,policy", "not 9 columns"),
        ("google,,,\"x y,policy,,,,KNOW", "a quote is not closed"),
    ] {
        let (replies, line) = longer(Tables::builtin().replies, row);
        let error = with(|tables| tables.replies = &replies).unwrap_err();
        assert_eq!(error.to_string(), format!("replies.csv line {line}: {says}"), "{row}");
    }
    let without: String = Tables::builtin()
        .classes
        .lines()
        .filter(|line| !line.starts_with("virus"))
        .map(|l| l.to_owned() + "\n")
        .collect();
    let error = with(|tables| tables.classes = &without).unwrap_err();
    assert_eq!(error.to_string(), "classes.csv line 0: no row for the class virus");
}

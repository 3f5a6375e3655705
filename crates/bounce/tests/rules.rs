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
    let text = format!("{}\n\n{row}\n", table.trim_end());
    let line = text.lines().count();
    (text, line)
}

#[test]
fn the_built_in_tables_are_read() {
    assert!(Rules::parse(&Tables::builtin()).is_ok());
}

/// A row of `replies.toml`.
fn reply(cells: &str) -> String {
    format!("[[reply]]\nname = \"ours\"\n{cells}\nsource = [\"KNOW\"]")
}

#[test]
fn a_row_of_ones_own_counts_for_its_provider_alone() {
    let own = reply("provider = \"acme\"\nmatch = [\"computer says maybe\"]\nclass = \"rate_limit\"");
    let (replies, _) = longer(Tables::builtin().replies, &own);
    let acme = "[[provider]]\nprovider = \"acme\"\nhosts = [\"mx.acme.example\"]\nsource = [\"KNOW\"]";
    let (providers, _) = longer(Tables::builtin().providers, acme);
    let rules = with(|tables| {
        tables.replies = &replies;
        tables.providers = &providers;
    })
    .unwrap();
    let reply = Reply::parse(b"550 computer says maybe").unwrap();
    let acme = ProviderId::from_static("acme");
    assert_eq!(rules.classify(&reply, Stage::Rcpt, Some(&acme)).class.as_str(), "rate_limit");
    assert_eq!(rules.classify(&reply, Stage::Rcpt, Some(&acme)).rule(), Some("ours"));
    assert_eq!(rules.classify(&reply, Stage::Rcpt, None).class.as_str(), "unknown");
}

#[test]
fn rows_that_break_the_law_are_refused() {
    for class in ["reputation", "policy", "authentication", "spam_content", "tls", "ptr", "rate_limit", "blocklisted"] {
        for action in ["suppress_address", "suppress_domain", "suppress_after_repeats"] {
            let own =
                reply(&format!("provider = \"google\"\nmatch = [\"x y\"]\nclass = \"{class}\"\naction = \"{action}\""));
            let (replies, line) = longer(Tables::builtin().replies, &own);
            let error = with(|tables| tables.replies = &replies).unwrap_err();
            let found = (error.table(), error.line(), error.kind());
            assert_eq!(found, ("replies.toml", line - 6, &RulesErrorKind::Law), "{class}");
        }
        let (before, row) = Tables::builtin().classes.split_once(&format!("class = \"{class}\"\n")).unwrap();
        let row = row.replacen("effect_5 = \"none\"", "effect_5 = \"soft\"", 1);
        let classes = format!("{before}class = \"{class}\"\n{row}");
        assert_eq!(with(|tables| tables.classes = &classes).unwrap_err().kind(), &RulesErrorKind::Law, "{class}");
    }
    let (before, row) = Tables::builtin().classes.split_once("class = \"bad_mailbox\"\n").unwrap();
    let temporary =
        format!("{before}class = \"bad_mailbox\"\n{}", row.replacen("\"retry\"", "\"suppress_address\"", 1));
    assert_eq!(with(|tables| tables.classes = &temporary).unwrap_err().kind(), &RulesErrorKind::Law);
}

#[test]
fn faults_name_the_table_the_line_and_the_key() {
    for (cells, says) in [
        ("code = [\"9xx\"]\nclass = \"policy\"", "the value of code cannot be read"),
        ("status = [\"5.7\"]\nclass = \"policy\"", "the value of status cannot be read"),
        ("stage = [\"later\"]\nclass = \"policy\"", "the value of stage cannot be read"),
        ("match = [\"* x\"]\nclass = \"policy\"", "the value of match cannot be read"),
        ("confidence = \"101\"\nclass = \"policy\"", "the value of confidence cannot be read"),
        ("class = \"polite\"", "the value of class cannot be read"),
        ("class = \"policy\"\naction = \"smile\"", "the value of action cannot be read"),
    ] {
        let own = reply(cells);
        let (replies, line) = longer(Tables::builtin().replies, &own);
        let error = with(|tables| tables.replies = &replies).unwrap_err();
        let line = line + 1 - own.lines().count();
        assert_eq!(error.to_string(), format!("replies.toml line {line}: {says}"), "{cells}");
    }
    for (row, says) in [
        ("[[reply]]\nname = \"a\"\nclass = \"policy\"", "a source that sources.toml does not have"),
        (
            "[[reply]]\nname = \"a\"\nclass = \"policy\"\nsource = [\"HEARSAY\"]",
            "a source that sources.toml does not have",
        ),
        ("[[reply]]\nclass = \"policy\"\nsource = [\"KNOW\"]", "the same key stands in an earlier row"),
    ] {
        let (replies, line) = longer(Tables::builtin().replies, row);
        let error = with(|tables| tables.replies = &replies).unwrap_err();
        let line = line + 1 - row.lines().count();
        assert_eq!(error.to_string(), format!("replies.toml line {line}: {says}"), "{row}");
    }
    for (row, says) in [
        ("[[reply]]\nwhat = \"a\"", "a key that this table does not have"),
        ("[[reply]]\nname = 1", "not a table of texts as this one is written"),
        ("[[reply]]\nname = \"a", "not a table of texts as this one is written"),
    ] {
        let (replies, line) = longer(Tables::builtin().replies, row);
        let error = with(|tables| tables.replies = &replies).unwrap_err();
        assert_eq!(error.to_string(), format!("replies.toml line {line}: {says}"), "{row}");
    }
    let without = Tables::builtin().classes.replace("class = \"virus\"", "class = \"attachment\"");
    assert_eq!(with(|tables| tables.classes = &without).unwrap_err().kind(), &RulesErrorKind::Duplicate);
    let (before, behind) = Tables::builtin().classes.split_once("[[class]]\nclass = \"virus\"").unwrap();
    let without = before.to_owned() + behind.split_once("\n\n").map_or("", |(_, behind)| behind);
    let error = with(|tables| tables.classes = &without).unwrap_err();
    assert_eq!(error.to_string(), "classes.toml line 0: no row for the class virus");
}

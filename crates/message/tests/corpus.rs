//! Real messages: reading gets over them, and the strict check tells the sound ones from the others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use posthaste_message::{Limits, check_strict, read};
use posthaste_types::Content;

/// The folder with the corpora, by POSTHASTE_CORPORA; required in CI.
fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("POSTHASTE_CORPORA").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA must name the corpora in CI");
        println!("skipped: POSTHASTE_CORPORA does not name a folder");
    }
    folder
}

fn messages(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                let octets = std::fs::read(&path).unwrap();
                found.push((path, octets));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_strict_check_passes_sound_mail() {
    let Some(corpora) = corpora() else { return };
    let (mut passed, mut refused) = (0, 0);
    for (path, octets) in messages(&corpora.join("messages")) {
        let Ok((content, _)) = Content::from_raw(octets) else {
            refused += 1;
            continue;
        };
        match check_strict(&content.to_vec()) {
            Ok(()) => passed += 1,
            Err(error) => {
                refused += 1;
                println!("{}: {error}", path.display());
            }
        }
    }
    println!("{passed} passed, {refused} refused");
    assert!(passed >= 40, "{passed} passed, {refused} refused");
}

/// Every message of every corpus is read: parts cover the octets in order, and what mail-parser finds is found.
#[test]
fn every_message_is_read_as_mail_parser_reads_it() {
    let Some(corpora) = corpora() else { return };
    let (mut count, mut same_text) = (0, 0);
    for (path, octets) in messages(&corpora) {
        let read = read(&octets, &Limits::default()).unwrap();
        count += 1;
        for part in read.parts() {
            assert!(part.at() <= part.body_at(), "{}", path.display());
            assert!(part.body_at() + part.raw_body().len() <= octets.len(), "{}", path.display());
            if let Some(parent) = part.parent() {
                assert!(part.at() >= parent.body_at(), "{}", path.display());
            }
            let _ = (part.decoded(), part.filename(), part.body_text(), part.disposition(), part.content_id());
            for header in part.headers() {
                let _ = (header.text(), header.addresses(), header.message_ids(), header.date(), header.media_type());
            }
        }
        let Some(theirs) = mail_parser::MessageParser::new().parse(&octets) else { continue };
        // Where the field stands twice, mail-parser takes the last one.
        let ids: Vec<_> = read.headers().filter(|h| h.is("Message-ID")).flat_map(|h| h.message_ids()).collect();
        if let (Some(id), false) = (theirs.message_id(), ids.is_empty()) {
            assert!(ids.iter().any(|ours| ours.as_str() == id), "{}", path.display());
        }
        let ours = read.text().unwrap_or_default();
        let text = theirs
            .text_bodies()
            .find(|part| part.is_text() && !part.is_text_html())
            .and_then(|part| part.text_contents());
        same_text += usize::from(text.is_none_or(|text| text.trim() == ours.trim()));
    }
    println!("{count} messages read, the text of {same_text} equal to mail-parser's");
    assert!(count >= 100, "{count}");
    // They differ where structures are broken: which text is the first, and where a part ends.
    assert!(same_text * 100 >= count * 97, "{same_text} of {count}");
}

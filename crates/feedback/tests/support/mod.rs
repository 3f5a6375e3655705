//! Files of the corpora.

use std::path::{Path, PathBuf};

/// The files below a folder of the corpora whose names end so, in order; `None` where there are no corpora.
pub(crate) fn files(folder: &str, ending: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let Some(corpora) = std::env::var_os("POSTHASTE_CORPORA") else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA is not set");
        println!("skipped: POSTHASTE_CORPORA is not set");
        return None;
    };
    let mut found = Vec::new();
    collect(&PathBuf::from(corpora).join(folder), ending, &mut found);
    assert!(!found.is_empty(), "no {ending} in {folder}");
    found.sort();
    Some(found)
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder of a corpus") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => collect(&path, ending, found),
            false if path.extension().is_some_and(|it| it == ending) => {
                found.push((path.display().to_string(), std::fs::read(&path).expect("a file of a corpus")));
            }
            false => {}
        }
    }
}

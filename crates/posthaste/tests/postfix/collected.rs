//! Messages that others wrote, from the corpora.

use std::fs;
use std::path::{Path, PathBuf};

use posthaste::message::check_strict;
use posthaste::{Address, Content, Envelope, Raw, Submission};

/// Every message of the corpora that may be sent as it is; the others are told with the reason. `None`, with a line
/// that says so, where POSTHASTE_CORPORA names no folder; in CI it must.
pub(crate) fn messages() -> Option<Vec<(String, Submission)>> {
    let folder = std::env::var_os("POSTHASTE_CORPORA").map(PathBuf::from).filter(|folder| folder.is_dir());
    let Some(folder) = folder else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "POSTHASTE_CORPORA must name the corpora in CI");
        println!("skipped: POSTHASTE_CORPORA does not name a folder");
        return None;
    };
    let (mut passed, mut refused) = (Vec::new(), 0);
    for path in files(&folder.join("messages")) {
        let name = path.strip_prefix(&folder).unwrap().display();
        match take(fs::read(&path).unwrap(), passed.len()) {
            Ok(raw) => passed.push((format!("collected {name}"), raw.into())),
            Err(why) => {
                refused += 1;
                println!("refused: {name}: {why}");
            }
        }
    }
    println!("{} collected messages pass the strict check, {refused} are refused", passed.len());
    assert!(passed.len() >= 40, "{} passed", passed.len());
    Some(passed)
}

/// Files may have the line ends of a disk; nothing else about them is mended.
fn take(octets: Vec<u8>, number: usize) -> Result<Raw, String> {
    let (content, _) = Content::from_raw(octets).map_err(|error| error.to_string())?;
    let octets = content.to_vec();
    check_strict(&octets).map_err(|error| error.to_string())?;
    let from: Address = "ada@sender.test".parse().unwrap();
    let to: Address = format!("collected-{number}@one.test").parse().unwrap();
    Raw::new(Envelope::new(from, [to]).unwrap(), octets).map_err(|error| error.to_string())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

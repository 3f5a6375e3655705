//! The examples, as a stranger uses them: `--help`, an argument that there is not, and a reader who has gone.
//!
//! `cargo test` builds the examples before it runs tests. For this test alone, build them first:
//! `cargo build -p posthaste --examples`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ALL: [&str; 9] =
    ["custom_transport", "deliver", "layers", "newsletter", "receive", "relay", "report", "send", "web_shop"];

fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is missing: cargo build -p posthaste --examples", program.display());
    program
}

fn command(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program(name));
    command.args(arguments).stdin(Stdio::null());
    command
}

#[test]
fn each_tells_its_help_and_refuses_what_it_does_not_know() {
    for name in ALL {
        for help in ["--help", "-h"] {
            let told = command(name, &[help]).output().unwrap();
            let text = String::from_utf8(told.stdout).unwrap();
            assert_eq!(told.status.code(), Some(0), "{name} {help}");
            assert!(text.contains(name) && text.contains("Exit code"), "{name} {help}: {text}");
            assert!(told.stderr.is_empty(), "{name} {help}");
        }
        let refused = command(name, &["--no-such-thing"]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{name}");
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(text.starts_with(&format!("{name}: ")) && text.contains("--no-such-thing"), "{text}");
        assert!(refused.stdout.is_empty(), "{name}");
    }
}

/// As with `deliver 2>&1 | head -c 1`: no panic, and the work is done all the same.
#[cfg(unix)]
#[test]
fn a_reader_who_has_gone_stops_nothing() {
    let runs: [(&str, &[&str]); 6] = [
        ("custom_transport", &[]),
        ("layers", &["--mails", "60"]),
        ("layers", &["--mails", "60", "--hold"]),
        ("newsletter", &["600"]),
        ("relay", &["--demo", "--json"]),
        ("web_shop", &[]),
    ];
    for (name, arguments) in runs {
        let (mut read, write) = std::io::pipe().unwrap();
        let mut command = command(name, arguments);
        command.stdout(write.try_clone().unwrap()).stderr(write);
        let mut running = command.spawn().unwrap();
        drop(command); // it holds the writing end
        read.read_exact(&mut [0]).unwrap();
        drop(read);
        assert_eq!(running.wait().unwrap().code(), Some(0), "{name} {arguments:?}");
    }
}

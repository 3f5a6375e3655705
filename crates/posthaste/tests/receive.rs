//! The receiver through the umbrella, and `examples/receive.rs` as a stranger uses it.
//!
//! `cargo test` builds the examples before it runs tests. For this test alone, build the program first:
//! `cargo build -p posthaste --example receive`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = folder.join(format!("receive{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is missing: cargo build -p posthaste --example receive", program.display());
    program
}

/// The feature `receive` is the crate.
#[cfg(feature = "receive")]
#[tokio::test]
async fn the_umbrella_has_it() {
    use posthaste::receive::{Handler, Receiver, Session, Verdict};

    #[derive(Debug)]
    struct Postmaster;

    #[async_trait::async_trait]
    impl Handler for Postmaster {
        async fn recipient(&self, _: &Session, to: &posthaste::Address) -> Verdict {
            if to.local_part() == "postmaster" { Verdict::Accept } else { Verdict::refuse_relay() }
        }
    }

    let receiver = Receiver::builder(Postmaster).bind(([127, 0, 0, 1], 0)).await.unwrap();
    assert_eq!(receiver.connections(), 0);
    receiver.stop().await;
}

#[test]
fn bad_arguments_are_named() {
    let cases: [(&[&str], &str); 6] = [
        (&["--prt", "25"], "--prt: there is no such argument"),
        (&["25"], "arguments: unexpected argument \"25\""),
        (&["--port"], "--port: its value is missing"),
        (&["--port", "65536"], "--port: \"65536\" is not a number from 0 to 65535"),
        (&["--count", "-1"], "--count: \"-1\" is not a number of messages"),
        (&["--root", "root.pem"], "--root: it belongs to --tls"),
    ];
    for (arguments, expected) in cases {
        let output = Command::new(program()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.starts_with(&format!("receive: {expected}")), "{words}");
    }
}

#[test]
fn what_comes_is_printed() {
    let mut command = Command::new(program());
    command.args(["--json", "--count", "1", "--domain", "example.org"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("receive: listening on ").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let dialogue = "EHLO a.example\r\nMAIL FROM:<ada@example.com>\r\nRCPT TO:<eve@example.net>\r\n\
                    RCPT TO:<bob@example.org>\r\nDATA\r\nSubject: hi\r\n\r\n..dot\r\n.\r\nQUIT\r\n";
    stream.write_all(dialogue.as_bytes()).unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).unwrap();
    assert!(replies.contains("\r\n550 5.7.1 ") && replies.contains("\r\n354 "), "{replies}");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["from"], "<ada@example.com>");
    assert_eq!(said["to"], serde_json::json!(["bob@example.org"]));
    assert!(said["content"].as_str().unwrap().ends_with("\r\nSubject: hi\r\n\r\n.dot\r\n"));
}

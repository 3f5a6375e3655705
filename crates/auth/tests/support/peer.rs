//! pyspf, another implementation by other people, on the same zone in memory.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::IpAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use posthaste_dns::{MemoryZone, RecordData, RecordKind};
use posthaste_types::DnsName;

/// The program, under way.
pub(crate) struct Pyspf {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// What it says.
pub(crate) struct Said {
    pub(crate) result: String,
    pub(crate) text: String,
}

impl Pyspf {
    /// `None` where Debian's `python3-spf` is not installed, which is no error but where `CI=true`.
    pub(crate) fn start() -> Option<Self> {
        let found = Command::new(PYTHON).args(["-c", "import spf"]).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "python3-spf is required in CI");
            println!("skipped: python3-spf is not installed");
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/pyspf.py");
        let mut child =
            Command::new(PYTHON).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Some(Self { child, input, output })
    }

    /// Checks, and answers its questions from the zone.
    pub(crate) fn check(&mut self, zone: &MemoryZone, ip: IpAddr, helo: &str, sender: &str) -> Said {
        let hex = |text: &str| HEX.encode(text.as_bytes());
        self.say(&format!("check {} {} {}\n", hex(&ip.to_string()), hex(helo), hex(sender)));
        loop {
            let line = self.output.next().expect("it ended").expect("it is text");
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["ask", name, kind] => {
                    let answer = answer(zone, &unhex(name), kind);
                    self.say(&answer);
                }
                ["done", result, text] => return Said { result: (*result).to_owned(), text: unhex(text) },
                _ => panic!("{line}"),
            }
        }
    }

    fn say(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).expect("it reads");
        self.input.flush().expect("it reads");
    }
}

impl Drop for Pyspf {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(zone: &MemoryZone, name: &str, kind: &str) -> String {
    let kind = RecordKind::ALL.iter().find(|known| known.as_str() == kind);
    let name = DnsName::from_labels(name.split('.').map(str::as_bytes));
    let (Some(kind), Ok(name)) = (kind, name) else { return ".\n".to_owned() };
    let Ok(answer) = zone.lookup(&name, *kind) else { return "fail\n.\n".to_owned() };
    let mut text = String::new();
    for data in answer.records() {
        let _ = match data {
            RecordData::A(address) => writeln!(text, "A {address}"),
            RecordData::Aaaa(address) => writeln!(text, "AAAA {address}"),
            RecordData::Mx(mx) => writeln!(text, "MX {} {}", mx.preference, mx.exchange),
            RecordData::Ptr(name) => writeln!(text, "PTR {name}"),
            RecordData::Txt(octets) => writeln!(text, "TXT {}", HEX.encode(octets)),
            _ => Ok(()),
        };
    }
    text + ".\n"
}

fn unhex(text: &str) -> String {
    String::from_utf8_lossy(&HEX.decode(text.as_bytes()).expect("it is hex")).into_owned()
}

const PYTHON: &str = "/usr/bin/python3";

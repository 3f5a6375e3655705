//! `examples/send.rs`, as a stranger uses it: what it says and how it exits.
//!
//! `cargo test` builds the examples before it runs tests. For this test alone, build the program first:
//! `cargo build -p posthaste --example send`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use posthaste::dns::{DnsErrorKind, MemoryZone};
use posthaste::message::{Limits, read};
use posthaste::{Event, EventKind, Fate, Sqlite};
use posthaste_testkit::{DnsServer, Plan, TestCa, TestReceiver};

/// Runs the program in a folder of its own.
async fn send(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.current_dir(folder).args(arguments);
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = folder.join(format!("send{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is missing: cargo build -p posthaste --example send", program.display());
    program
}

fn words(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// From, to and a way: what a call needs at least.
const LEAST: [&str; 6] = ["--from", "ada@example.com", "--to", "bob@example.org", "--relay", "127.0.0.1:9"];

#[tokio::test]
async fn bad_arguments_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, octets: &[u8]| std::fs::write(folder.path().join(name), octets).unwrap();
    file("note.txt", b"a note, no database\n");
    file("random.pem", &[0xff; 100]);
    file("public.pem", b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n");
    file("bcc.eml", b"From: a@example.com\r\nTo: b@example.org\r\nBcc: c@example.org\r\n\r\nhi\r\n");
    file("nobody.eml", b"From: a@example.com\r\n\r\nhi\r\n");
    file("nul.eml", b"From: a@example.com\r\nTo: b@example.org\r\n\r\n\0\r\n");
    std::fs::File::create(folder.path().join("huge")).unwrap().set_len(1 << 30).unwrap();

    let _owner = Sqlite::open(folder.path().join("used.db")).unwrap();

    let plain: [(&[&str], &str); 15] = [
        (&[], "arguments: there are none"),
        (&["--frm", "x"], "--frm: there is no such argument"),
        (&["bob@example.org"], "arguments: unexpected argument \"bob@example.org\""),
        (&["--from"], "--from: its value is missing"),
        (&["--from", "a@example.com", "--from", "b@example.com"], "--from: it is given twice"),
        (&["--timeout", "soon"], "--timeout: \"soon\" is not a number of seconds"),
        (&["--relay", "h", "--mx"], "--mx: --relay is given too"),
        (&["--relay", "h", "--dns", "127.0.0.1:53"], "--dns: it belongs to --mx"),
        (&["--relay", "smtp://u:secret@h"], "a password does not belong in a URL"),
        (&["--relay", "http://h"], "--relay: \"http://h\": unknown scheme"),
        (&["--relay", "h", "--user", "u"], "--password-file: it is missing"),
        (&["--relay", "h", "--from", "a@example.com"], "--to: there is no recipient"),
        (&["--relay", "h", "--eml", "bcc.eml"], "--eml: bcc.eml: everybody would see its Bcc field"),
        (&["--relay", "h", "--eml", "nobody.eml"], "--eml: nobody.eml: it names no recipient"),
        (&["--relay", "h", "--eml", "nul.eml"], "--eml: nul.eml: content: a NUL octet at byte 42"),
    ];
    let beside_the_least: [(&[&str], &str); 13] = [
        (&["--subject", "a\r\nBcc: eve@example.com"], "--subject: character '\\r' (U+000D) is not allowed at byte 1"),
        (&["--to", "a@example.org, b@example.org"], "--to \"a@example.org, b@example.org\": character ','"),
        (&["--attach", "huge"], "--attach: huge: more than 26214400 octets"),
        (&["--attach", "nothing"], "--attach: nothing: "),
        (&["--attach", "."], "--attach: .: "),
        (&["--spool", "."], "--spool: "),
        (&["--spool", "note.txt"], "note.txt: file is not a database"),
        (&["--spool", "used.db"], "used.db: "),
        (&["--spool", "nowhere/mail.db"], "--spool: nowhere/mail.db: "),
        (&["--dkim-domain", "example.com"], "--dkim-selector: it is missing"),
        (&["--dkim-domain", "example.com", "--dkim-selector", "s 1", "--dkim-key", "k"], "--dkim-selector: selector: "),
        (
            &["--dkim-domain", "example.com", "--dkim-selector", "s", "--dkim-key", "random.pem"],
            "--dkim-key: random.pem: not a private key",
        ),
        (
            &["--dkim-domain", "example.com", "--dkim-selector", "s", "--dkim-key", "public.pem"],
            "--dkim-key: public.pem: this is a public key",
        ),
    ];
    let beside = |(extra, said): &(&[&'static str], &'static str)| ([&LEAST, *extra].concat(), *said);
    let plain = plain.iter().map(|(arguments, said)| (arguments.to_vec(), *said));
    for (arguments, said) in plain.chain(beside_the_least.iter().map(beside)) {
        let output = send(folder.path(), &arguments).await;
        let told = words(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.starts_with("send: ") && told.contains(said), "{arguments:?}: {told}");
        assert!(!told.contains("secret") && output.stdout.is_empty(), "{arguments:?}: {told}");
    }
}

#[tokio::test]
async fn help_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = send(folder.path(), &["--help"]).await;
    assert_eq!(output.status.code(), Some(0));
    assert!(words(&output.stdout).contains("--dkim-selector NAME"));
}

#[tokio::test]
async fn a_mail_is_delivered_and_every_event_told() {
    let folder = tempfile::tempdir().unwrap();
    let key = posthaste::dkim::DkimKey::generate(posthaste::dkim::KeyKind::Ed25519).unwrap();
    key.write_pem_file(folder.path().join("key.pem")).unwrap();
    std::fs::write(folder.path().join("prices.csv"), "a,b\n1,2\n").unwrap();
    let receiver = TestReceiver::start().await;
    receiver.plan("eve@example.org", Plan::reply("550 5.1.1 no such user"));
    let relay = receiver.local_addr().to_string();

    let mail = ["--from", "Ada <ada@example.com>", "--to", "Bob <bob@example.org>", "--relay", &relay, "--json"];
    let content = ["--subject", "Grüße", "--text", "Hello", "--html", "<p>Hello</p>", "--attach", "prices.csv"];
    let dkim = ["--dkim-domain", "example.com", "--dkim-selector", "s1", "--dkim-key", "key.pem"];
    let output = send(folder.path(), &[&mail[..], &content, &dkim].concat()).await;
    assert_eq!(output.status.code(), Some(0), "{}", words(&output.stderr));
    let events: Vec<Event> = words(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(matches!(events[0].kind, EventKind::Accepted { recipients: 1, .. }), "{events:?}");
    let EventKind::Ended { ending } = &events.last().unwrap().kind else { panic!("{events:?}") };
    assert_eq!(ending.fate, Fate::Relayed);

    let arrived = receiver.drain();
    let message = read(&arrived[0].octets, &Limits::default()).unwrap();
    assert_eq!(message.subject().as_deref(), Some("Grüße"));
    assert!(message.header("DKIM-Signature").is_some());
    assert_eq!(message.attachments().next().unwrap().filename().as_deref(), Some("prices.csv"));

    // One of two is refused: told, with what to do, and the exit code says it.
    let output = send(folder.path(), &[&mail[..6], &["--to", "eve@example.org", "--text", "Hello"]].concat()).await;
    assert_eq!(output.status.code(), Some(1));
    let (out, told) = (words(&output.stdout), words(&output.stderr));
    assert!(out.contains("bob@example.org: relayed after"), "{out}");
    assert!(out.contains("eve@example.org: bounced after"), "{out}");
    assert!(told.contains("send: eve@example.org (550 5.1.1 no such user): "), "{told}");

    // A message that is made already goes as it is, from and to whom it says.
    let eml = b"From: ada@example.com\r\nTo: bob@example.org\r\nCc: Carl <carl@example.org>\r\nDate: Tue, 24 Nov 2026 \
                09:41:44 +0000\r\nX-Odd:  kept\r\n\r\nhi\r\n";
    std::fs::write(folder.path().join("made.eml"), eml).unwrap();
    receiver.drain();
    let output = send(folder.path(), &["--eml", "made.eml", "--relay", &relay]).await;
    assert_eq!((output.status.code(), words(&output.stderr)), (Some(0), String::new()));
    let arrived = receiver.received();
    assert_eq!(arrived[0].octets, eml);
    assert_eq!(arrived[0].to().map(ToString::to_string).collect::<Vec<_>>(), ["bob@example.org", "carl@example.org"]);
    receiver.stop().await;
}

#[tokio::test]
async fn a_relay_that_does_not_take_us_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let (ca, other) = (TestCa::new(), TestCa::new());
    file("right", "correct horse\n");
    file("wrong", "battery staple\n");
    file("ca.pem", ca.root_pem());
    file("other.pem", other.root_pem());
    let receiver =
        TestReceiver::builder().tls(ca.server_tls(&["localhost"])).user("ada", "correct horse").start().await;
    let clear = TestReceiver::start().await;
    let (port, clear_port) = (receiver.local_addr().port(), clear.local_addr().port());
    let (relay, clear_relay) = (format!("localhost:{port}"), format!("smtp+starttls://localhost:{clear_port}"));

    let mail = ["--from", "ada@example.com", "--to", "bob@example.org", "--text", "Hello", "--timeout", "20"];
    let table: [(&[&str], i32, &str); 5] = [
        (&["--relay", &relay, "--user", "ada", "--password-file", "right", "--ca", "ca.pem"], 0, ": relayed after"),
        (&["--relay", &relay, "--user", "ada", "--password-file", "wrong", "--ca", "ca.pem"], 1, "535 5.7.8"),
        (&["--relay", &relay, "--user", "ada", "--password-file", "right", "--ca", "other.pem"], 1, "TLS: "),
        (&["--relay", &clear_relay], 1, "STARTTLS"),
        (&["--relay", "no.such.host.invalid"], 1, "no.such.host.invalid"),
    ];
    for (way, code, said) in table {
        let output = send(folder.path(), &[&mail[..], way].concat()).await;
        let told = words(&output.stdout) + &words(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{way:?}: {told}");
        assert!(told.contains(said), "{way:?}: {told}");
        assert!(!told.contains("horse") && !told.contains("staple"), "{told}");
    }
    receiver.stop().await;
    clear.stop().await;
}

#[tokio::test]
async fn straight_to_the_mx_by_a_dns_server_that_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let zone: MemoryZone = "
        example.org     MX 10 mx.example.org
        mx.example.org  A 127.0.0.1
        quiet.example   MX 0 ."
        .parse()
        .unwrap();
    zone.fail(&"broken.example".parse().unwrap(), DnsErrorKind::ServFail);
    let dns = DnsServer::start(zone).await.unwrap();
    let receiver = TestReceiver::start().await;
    let (server, port) = (dns.address().to_string(), receiver.local_addr().port().to_string());

    let way = ["--mx", "--hello", "mail.example.com", "--dns", &server, "--port", &port, "--timeout", "20"];
    let mail = ["--from", "ada@example.com", "--text", "Hello", "--to"];
    let table: [(&[&str], i32, &str); 5] = [
        (&["bob@example.org", "--inward"], 0, "bob@example.org: delivered after"),
        (&["bob@example.org"], 1, "127.0.0.1"), // of a domain of others, and not dialled
        (&["bob@quiet.example"], 1, "null MX"),
        (&["bob@gone.example"], 1, "no such domain"),
        (&["bob@broken.example"], 1, "no answer: broken.example"),
    ];
    for (to, code, said) in table {
        let output = send(folder.path(), &[&way[..], &mail, to].concat()).await;
        let told = words(&output.stdout) + &words(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{to:?}: {told}");
        assert!(told.contains(said), "{to:?}: {told}");
    }
    assert_eq!(receiver.received().len(), 1);
    receiver.stop().await;
}

#[tokio::test]
async fn what_is_not_taken_in_time_waits_in_the_spool_that_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let relay = "127.0.0.1:9"; // nobody listens on the port of discard (RFC 863)
    let mail = ["--from", "ada@example.com", "--to", "bob@example.org", "--text", "Hello", "--relay", relay];

    let output = send(folder.path(), &[&mail[..], &["--timeout", "1", "--spool", "mail.db"]].concat()).await;
    let told = words(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("not done within 1 s") && told.contains("1 recipient waits in mail.db"), "{told}");

    // Without a spool of its own it is given up, and that is told too.
    let output = send(folder.path(), &[&mail[..], &["--timeout", "1"]].concat()).await;
    let told = words(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("bob@example.org") && told.contains("--spool FILE keeps"), "{told}");
}

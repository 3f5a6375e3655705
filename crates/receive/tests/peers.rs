//! Clients that others wrote: Postfix's smtp-source and Python's smtplib. Where one is missing its test says so and
//! passes, but under `CI=true` it fails.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::PathBuf;
use std::process::{Command, Output};

use posthaste_receive::Receiver;
use posthaste_testkit::TestCa;
use support::Keeper;

/// Runs a program while the receiver works. `None` if it is not installed.
async fn run(program: &str, args: Vec<String>) -> Option<Output> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let known = std::env::split_paths(&folders).chain([PathBuf::from("/usr/sbin")]);
    let Some(path) = known.map(|folder| folder.join(program)).find(|path| path.is_file()) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{program} is required");
        eprintln!("skipped: {program} is not installed");
        return None;
    };
    Some(tokio::task::spawn_blocking(move || Command::new(path).args(args).output().unwrap()).await.unwrap())
}

fn assert_success(output: &Output) {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// 1,000 messages of 10 KiB over ten connections at a time, one message a session and many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smtp_source_sends_a_thousand() {
    for (options, lmtp) in [("", false), ("-d", false), ("-L", true)] {
        let keeper = Keeper::default();
        let builder = Receiver::builder(keeper.clone());
        let builder = if lmtp { builder.lmtp() } else { builder };
        let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
        let target = format!("inet:127.0.0.1:{}", receiver.local_addr().port());
        let fixed = ["-s", "10", "-m", "1000", "-l", "10240", "-f", "ada@example.com", "-t", "bob@example.org"];
        let args = fixed.iter().copied().chain(Some(options).filter(|o| !o.is_empty())).chain([target.as_str()]);
        let Some(output) = run("smtp-source", args.map(str::to_owned).collect()).await else { return };
        assert_success(&output);
        receiver.stop().await;
        let kept = keeper.kept();
        assert_eq!(kept.len(), 1000, "{options}");
        for one in kept {
            assert!(one.as_sent.len() >= 10_240, "{} octets", one.as_sent.len());
            assert_eq!(one.envelope.to()[0].address.as_str(), "bob@example.org");
            assert!(one.octets.ends_with(&one.as_sent) && one.octets.starts_with(b"Received: "));
        }
    }
}

const SMTPLIB: &str = r#"
import smtplib, ssl, sys
port, root = int(sys.argv[1]), sys.argv[2]
message = b"Subject: from smtplib\r\n\r\n.\r\n..two\r\n8 bit: \xc3\xa9\r\n" + b"x" * 900 + b"\r\n"
with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example") as smtp:
    context = ssl.create_default_context(cafile=root)
    smtp._host = "mx.example.org"
    smtp.starttls(context=context)
    smtp.login("ada", "secret")
    refused = smtp.sendmail("ada@example.com", ["bob@example.org", "eve@elsewhere.example"], message, ["BODY=8BITMIME"])
    assert list(refused) == ["eve@elsewhere.example"] and refused["eve@elsewhere.example"][0] == 550, refused
    assert not smtp.sendmail("", ["\u00e9ve@example.org"], message, ["SMTPUTF8", "BODY=8BITMIME"])
    try:
        smtp.sendmail("ada@example.com", ["nobody@elsewhere.example"], message)
        raise SystemExit("nobody was accepted")
    except smtplib.SMTPRecipientsRefused:
        pass
    assert smtp.noop()[0] == 250 and smtp.rset()[0] == 250
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smtplib_sends_through_starttls() {
    let (ca, dir) = (TestCa::new(), tempfile::tempdir().unwrap());
    let root = dir.path().join("root.pem");
    std::fs::write(&root, ca.root_pem()).unwrap();
    let keeper = Keeper { user: Some(("ada".to_owned(), "secret".to_owned())), ..Keeper::default() };
    let builder = Receiver::builder(keeper.clone()).tls(ca.server_tls(&["mx.example.org"]));
    let builder = builder.auth(posthaste_smtp::AuthOffer::InsideTls);
    let receiver = builder.bind(([127, 0, 0, 1], 0)).await.unwrap();
    let port = receiver.local_addr().port().to_string();
    let args = vec!["-c".to_owned(), SMTPLIB.to_owned(), port, root.display().to_string()];
    let Some(output) = run("python3", args).await else { return };
    assert_success(&output);
    let kept = keeper.kept();
    let mut expected = b"Subject: from smtplib\r\n\r\n.\r\n..two\r\n8 bit: \xc3\xa9\r\n".to_vec();
    expected.extend([b'x'; 900]);
    expected.extend(b"\r\n");
    assert_eq!(kept.len(), 2);
    for (one, to) in kept.iter().zip(["bob@example.org", "\u{e9}ve@example.org"]) {
        assert_eq!(one.as_sent, expected);
        assert_eq!(one.envelope.to()[0].address.as_str(), to);
        assert!(one.session.tls().is_some());
        assert_eq!(one.session.authenticated(), Some("ada"));
    }
    assert!(String::from_utf8_lossy(&kept[1].octets).contains(" with UTF8SMTPSA id "), "RFC 6531 §4.3");
}

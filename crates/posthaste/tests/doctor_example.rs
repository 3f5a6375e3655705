//! `examples/doctor.rs`, as a stranger uses it: what it says and how it exits.
//!
//! For this test alone, build the program first: `cargo build -p posthaste --example doctor`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use posthaste::dns::MemoryZone;
use posthaste_testkit::DnsServer;

async fn doctor(arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = folder.join(format!("doctor{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is missing: cargo build -p posthaste --example doctor", program.display());
    program
}

fn words(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

#[tokio::test]
async fn bad_arguments_are_named() {
    for (arguments, says) in [
        (&[][..], "no DOMAIN"),
        (&["a..b"], "DOMAIN a..b: domain: empty label"),
        (&["example.com", "--ip", "1.2.3"], "--ip 1.2.3: "),
        (&["example.com", "--frob"], "'--frob'"),
        (&["example.com", "--selector", "s1=soon"], "soon is no YYYY-MM-DD"),
        (&["example.com", "--policy-none-since", "long"], "--policy-none-since long: this is no YYYY-MM-DD"),
        (&["example.com", "--dnssec", "maybe"], "not none, server or here"),
        (&["example.com", "--skip-list", "nobody"], "--skip-list nobody: no such list"),
        (&["example.com", "--list-key", "spamcop=k"], "--list-key spamcop: "),
        (&["example.com", "--requirements", "missing.toml"], "missing.toml: "),
    ] {
        let arguments = [arguments, &["--dns", "127.0.0.1:9"][..]].concat();
        let output = doctor(&arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(words(&output.stderr).contains(says), "{arguments:?}: {}", words(&output.stderr));
    }
    let help = doctor(&["--help"]).await;
    assert_eq!(help.status.code(), Some(0));
    assert!(words(&help.stdout).contains("Exit code, by the worst that was found"));
}

#[tokio::test]
async fn the_exit_code_is_that_of_the_worst() {
    let zone: MemoryZone = r#"
        example.com.          IN MX  10 mail.example.com.
        example.com.          IN TXT "v=spf1 mx -all"
        mail.example.com.     IN A   198.51.100.25
        _dmarc.example.com.   IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
        s1._domainkey.example.com. IN TXT "v=DKIM1; k=rsa; p="
    "#
    .parse()
    .unwrap();
    let server = DnsServer::start(zone.clone()).await.unwrap();
    let address = server.address().to_string();
    let least = ["example.com", "--dns", &address, "--dnssec", "server", "--no-lists", "--selector", "s1"];

    let output = doctor(&least).await;
    let page = words(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{page}");
    assert!(page.contains("ERROR DKIM  [dkim-revoked]") && !page.contains('\x1b'), "{page}");

    zone.remove(&"s1._domainkey.example.com".parse().unwrap(), posthaste::dns::RecordKind::Txt);
    zone.add(&format!("s1._domainkey.example.com TXT \"v=DKIM1; k=rsa; p={RSA_2048}\"")).unwrap();
    let output = doctor(&[&least[..], &["--json"]].concat()).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json:#}");
    assert_eq!((json["domain"].as_str(), json["worst"].as_str()), (Some("example.com"), Some("note")));

    zone.fail(&"_dmarc.example.com".parse().unwrap(), posthaste::dns::DnsErrorKind::ServFail);
    let output = doctor(&least).await;
    assert_eq!(output.status.code(), Some(3), "{}", words(&output.stdout));
    zone.heal(&"_dmarc.example.com".parse().unwrap());
    zone.remove(&"_dmarc.example.com".parse().unwrap(), posthaste::dns::RecordKind::Txt);
    zone.add("_dmarc.example.com TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.com\"").unwrap();
    assert_eq!(doctor(&least).await.status.code(), Some(4));
}

/// A public key.
const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAn06WYk5FtIRSJ2SAcMhKIJEb4+izr7KaGXQWo1OHJ3lLrW6EWyO6dcdi5amqsqpW50ROdWtHFvLYQ+uOgPoMV6tl1ZM5Yc8qkxDtStmEpP4zpzx22pht2M7QHxYOkWl2FZIXfhLMwgSC6tGiYDFY/6VavmRcaJKYS/oaylD2wxftQwBo6QlnnOwI3WK8KXLg+2Q33ZPEghZkH2DnJTky8Lq1bydw58dJDOVoXutym2Tda1u59vC76sK/CcRfeTHyaqwH3RV17Vhl9laSL3+g3Ix8g+dlo0c4o89urAiQPcMrL9kkK8B6Fg6+aN3ZUt89MzIpIsJ6fxPtuFVL/5wIzwIDAQAB";

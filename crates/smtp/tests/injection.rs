//! CR and LF in every field that goes into a command or a reply: none becomes a line of its own.

mod common;

use common::*;
use posthaste_smtp::{
    AuthAllowed, BinaryContent, ClientConfig, Credentials, HelloName, Mechanism, ServerConfig, Transaction,
};
use posthaste_types::{
    Address, Content, Domain, Envelope, EnvelopeId, OriginalRecipient, Recipient, Reply, Ret, ReversePath, Text,
};

/// What would be a command, a reply or a field of its own behind each line end that somebody heeds.
const ENDS: [&str; 8] = ["\r\n", "\n", "\r", "\0", "\r\n.\r\n", "\n.\n", "\u{85}", "\u{2028}"];

fn injected(end: &str) -> String {
    format!("x{end}RCPT TO:<eve@example.org>")
}

/// What a client says to a server that offers everything: each line, and whether one was injected.
fn said(config: ClientConfig, mail: Transaction) -> String {
    let mut client = Client::new(config, [mail]);
    client.hear("220 a\r\n");
    let offers = "PIPELINING|CHUNKING|BINARYMIME|8BITMIME|SMTPUTF8|DSN|AUTH PLAIN LOGIN OAUTHBEARER XOAUTH2";
    let offer: String = offers.split('|').map(|offer| format!("250-{offer}\r\n")).collect();
    let mut said = client.hear(&format!("250-a\r\n{offer}250 SIZE\r\n"));
    for reply in ["334 \r\n", "334 \r\n", "235 ok\r\n"] {
        if !said.contains("MAIL FROM") {
            said += &client.hear(reply);
        }
    }
    said
}

#[track_caller]
fn assert_no_line(said: &str, what: &str) {
    assert!(said.is_ascii() || said.contains("SMTPUTF8"), "{what}: {said}");
    for line in said.split(['\r', '\n', '\0', '\u{85}', '\u{2028}']) {
        assert!(!line.starts_with("RCPT TO:<eve"), "{what}: {said:?}");
    }
}

/// Types refuse them: there is no value to send.
#[test]
fn values_that_cannot_be_made() {
    for end in ["\r\n", "\n", "\r", "\0"] {
        let text = injected(end);
        assert!(text.parse::<Domain>().is_err());
        assert!(text.parse::<Address>().is_err());
        assert!(format!("{text}@example.org").parse::<Address>().is_err());
        assert!(format!("\"{text}\"@example.org").parse::<Address>().is_err());
        assert!(Address::new(&text, domain("example.org")).is_err());
        assert!(EnvelopeId::parse(&text).is_err());
        assert!(OriginalRecipient::parse(&format!("rfc822;{text}")).is_err());
        assert!(OriginalRecipient::parse(&format!("{text};a@example.org")).is_err());
        assert!(Reply::new(250, &text).is_err());
        assert!(Reply::from_lines(250, ["a", &text]).is_err());
        assert!(Text::parse(&text).is_err());
        assert!(Credentials::with_token(&text, "token").is_err());
        assert!(Credentials::with_token("user", &text).is_err());
        if end != "\r\n" {
            assert!(BinaryContent::new(format!("Subject: {text}\r\n\r\n").into_bytes()).is_err());
        }
    }
}

/// What can be made is written so that it stays within its line.
#[test]
fn clients_say_no_line_of_another() {
    for end in ENDS {
        let text = injected(end);
        let plain = || client_config().with_tls(posthaste_smtp::TlsUse::Never);
        if let Ok(credentials) = Credentials::new(&text, &text) {
            for mechanism in [Mechanism::Plain, Mechanism::Login] {
                let config = plain().with_credentials(credentials.clone(), AuthAllowed::Anywhere);
                assert_no_line(&said(config.with_mechanisms([mechanism]), mail(&["bob"])), "credentials");
            }
        }
        let mut recipient = Recipient::new(address("bob@example.org"));
        recipient.original = OriginalRecipient::parse(&format!("rfc822;{text}")).ok();
        let from: ReversePath = address("ada@example.com").into();
        let envelope = Envelope::new(from, [recipient]).expect("fine").with_ret(Ret::Full);
        let envelope = match EnvelopeId::parse(&text) {
            Ok(id) => envelope.with_envid(id),
            Err(_) => envelope,
        };
        assert_no_line(&said(plain(), Transaction::new(envelope, content("Subject: hi\n\nx\n"))), "DSN");
        for quoted in [format!("\"{text}\"@example.org"), format!("{text}@example.org")] {
            if let Ok(address) = quoted.parse::<Address>() {
                let envelope = Envelope::new(address.clone(), [address]).expect("fine");
                assert_no_line(&said(plain(), Transaction::new(envelope, content("Subject: hi\n\nx\n"))), "address");
            }
        }
        if let Ok(name) = text.parse::<Domain>() {
            assert_no_line(&said(ClientConfig::new(HelloName::from(name)), mail(&["bob"])), "hello");
        }
        // Content: by a chunk its octets are counted, by DATA its dots are stuffed; either way a server takes one mail.
        if let Ok((content, _)) = Content::from_raw(format!("Subject: {text}\r\n.\r\nQUIT\r\n").into_bytes()) {
            for chunking in [posthaste_smtp::Chunking::Never, posthaste_smtp::Chunking::WhereOffered] {
                let mail = Transaction::new(envelope_of_bob(), content.clone());
                let mut client = Client::new(client_config().with_chunking(chunking), [mail]);
                let mut server = Server::new(server_config());
                converse(&mut client, &mut server, 7);
                assert_eq!(server.taken.len(), 1, "{end:?}");
                assert_eq!(server.taken[0].content, content.to_vec());
                assert_eq!(server.taken[0].to, ["bob@example.org"]);
            }
        }
    }
}

fn envelope_of_bob() -> Envelope {
    envelope(&["bob"])
}

/// A server says no octet that a client sent, whatever that was: each line is one of its own or of the host.
#[test]
fn servers_say_no_line_of_another() {
    for end in ENDS {
        for command in
            ["EHLO ", "MAIL FROM:<", "MAIL FROM:<> ENVID=", "RCPT TO:<", "VRFY ", "AUTH ", "BDAT ", "", "HELP "]
        {
            let mut config: ServerConfig = server_config();
            config.bare_line_ends = posthaste_smtp::BareLineEnds::Normalize;
            let mut server = Server::new(config);
            server.hear("");
            let said = server.hear(&format!("EHLO a\r\n{command}x{end}250 eve was here\r\n"));
            assert!(!said.contains("eve"), "{command:?} {end:?}: {said}");
            for line in said.split_terminator("\r\n") {
                assert!(!line.contains(['\r', '\n', '\0']) && line.as_bytes()[..3].iter().all(u8::is_ascii_digit));
            }
        }
    }
}

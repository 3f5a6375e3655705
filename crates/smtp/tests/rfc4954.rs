//! RFC 4954 (AUTH) with RFC 4616 (PLAIN), and LOGIN.

mod common;

use common::*;
use posthaste_smtp::{
    Answer, AuthAllowed, AuthOffer, ClientError, ClientErrorKind, ClientEvent, Credentials, Mechanism, ServerConfig,
    ServerEvent, TlsOffer, TlsUse,
};

fn credentials() -> Credentials {
    Credentials::new("tim", "tanstaaftanstaaf").expect("fine")
}

fn client(allowed: AuthAllowed) -> Client {
    Client::new(client_config().with_credentials(credentials(), allowed), [mail(&["bob"])])
}

fn error(client: &Client) -> ClientError {
    match client.events.last() {
        Some(ClientEvent::Closed { error: Some(error), .. }) => error.clone(),
        other => panic!("the last event is {other:?}"),
    }
}

const GREETING: (&str, &str) = ("220 a\r\n", "EHLO client.example.com\r\n");
const MAIL: &str = "MAIL FROM:<ada@example.com>\r\n";

/// §4.1's dialogue.
#[test]
fn plain() {
    let line = "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n";
    let mut client = client(AuthAllowed::Anywhere);
    client.follow(&[GREETING, ("250-a\r\n250 AUTH LOGIN plain\r\n", line), ("235 2.7.0 ok\r\n", MAIL)]);
    assert!(client.events.contains(&ClientEvent::Authenticated));
}

/// A server that does not read the initial response asks for it.
#[test]
fn plain_asked_again() {
    let mut client = client(AuthAllowed::Anywhere);
    client.hear("220 a\r\n");
    client.hear("250-a\r\n250 AUTH PLAIN\r\n");
    client.follow(&[("334 \r\n", "AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"), ("235 ok\r\n", MAIL)]);
}

#[test]
fn login() {
    let mut client = client(AuthAllowed::Anywhere);
    client.follow(&[
        GREETING,
        ("250-a\r\n250 AUTH=LOGIN\r\n", "AUTH LOGIN\r\n"),
        ("334 VXNlcm5hbWU6\r\n", "dGlt\r\n"),
        ("334 UGFzc3dvcmQ6\r\n", "dGFuc3RhYWZ0YW5zdGFhZg==\r\n"),
        ("235 ok\r\n", MAIL),
    ]);
}

/// Failures are about us: nobody's mail is bounced for them.
#[test]
fn failures() {
    let offer = "250-a\r\n250 AUTH PLAIN\r\n";
    let table = [
        (AuthAllowed::InsideTls, offer, "", ClientErrorKind::AuthNeedsTls, false),
        (AuthAllowed::Anywhere, "250 a\r\n", "", ClientErrorKind::AuthUnavailable, false),
        (AuthAllowed::Anywhere, "250-a\r\n250 AUTH GSSAPI\r\n", "", ClientErrorKind::AuthUnavailable, false),
        (AuthAllowed::Anywhere, offer, "535 5.7.8 wrong\r\n", ClientErrorKind::AuthRefused, false),
        (AuthAllowed::Anywhere, offer, "454 4.7.0 later\r\n", ClientErrorKind::AuthRefused, true),
    ];
    for (allowed, hello, answer, kind, transient) in table {
        let mut client = client(allowed);
        client.hear("220 a\r\n");
        let sent = client.hear(hello) + &client.hear(answer);
        let error = error(&client);
        assert_eq!((error.kind(), error.is_transient(), error.is_ours()), (kind, transient, true));
        assert!(sent.ends_with("QUIT\r\n"), "{sent}");
        assert!(client.outcomes().is_empty());
    }
}

/// What offers AUTH in clear alone is not used inside TLS before EHLO says so there.
#[test]
fn inside_tls_only() {
    let config = client_config().with_tls(TlsUse::Required).with_credentials(credentials(), AuthAllowed::InsideTls);
    let mut client = Client::new(config, [mail(&["bob"])]);
    client.follow(&[GREETING, ("250-a\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", "STARTTLS\r\n"), ("220 go\r\n", "")]);
    client.session.handle_tls(client.now);
    client.follow(&[("", "EHLO client.example.com\r\n"), ("250 a\r\n", "QUIT\r\n")]);
    assert_eq!(error(&client).kind(), ClientErrorKind::AuthUnavailable);
}

#[test]
fn secrets_do_not_print() {
    let mut client = client(AuthAllowed::Anywhere);
    client.hear("220 a\r\n");
    client.hear("250-a\r\n250 AUTH PLAIN\r\n");
    // Not written yet, and not read yet.
    let mut unwritten = self::client(AuthAllowed::Anywhere);
    unwritten.hear("220 a\r\n");
    unwritten.session.handle_bytes(unwritten.now, b"250-a\r\n250 AUTH PLAIN\r\n").expect("open");
    let mut unread = server(AuthOffer::Anywhere);
    unread.hear("EHLO a\r\nAUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    let shown = format!("{:?} {:?}", client.session, ServerEventOf::auth());
    let shown = format!("{shown} {:?} {:?}", unwritten.session, unread.session);
    for secret in ["tanstaaf", "AHRpbQB0"] {
        assert!(!shown.contains(secret), "{shown}");
        // As a list of octets.
        let octets = format!("{:?}", secret.as_bytes());
        assert!(!shown.contains(octets.trim_matches(['[', ']'])), "{shown}");
    }
    for (user, password) in [("", "x"), ("x", ""), ("a\0b", "x"), ("x", "a\0b"), ("x", &"x".repeat(256))] {
        assert!(Credentials::new(user, password).is_err());
    }
}

/// The event of an AUTH that a server heard.
struct ServerEventOf;

impl ServerEventOf {
    fn auth() -> ServerEvent {
        let mut server = server(AuthOffer::Anywhere);
        server.hear("EHLO a\r\n");
        server.hear("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n");
        server.events.last().cloned().expect("asked")
    }
}

fn config(auth: AuthOffer) -> ServerConfig {
    let mut config = server_config();
    (config.auth, config.tls) = (auth, TlsOffer::Optional);
    config
}

fn server(auth: AuthOffer) -> Server {
    let mut server = Server::with_rule(config(auth), rule);
    server.hear("");
    server
}

fn rule(event: &ServerEvent) -> Answer {
    match event {
        ServerEvent::Auth { credentials, .. } if credentials.password() != "tanstaaftanstaaf" => {
            Answer::Refuse(reply(535, "5.7.8 wrong"))
        }
        _ => Answer::Accept,
    }
}

#[test]
fn server_plain() {
    let mut server = server(AuthOffer::Anywhere);
    assert!(server.hear("EHLO a\r\n").contains("250-AUTH PLAIN LOGIN\r\n"));
    server.follow(&[
        ("AUTH PLAIN AHRpbQB3cm9uZw==\r\n", "535 5.7.8 wrong\r\n"),
        ("AUTH PLAIN\r\n", "334 \r\n"),
        ("*\r\n", "501 5.7.0 cancelled\r\n"),
        ("AUTH PLAIN =\r\n", "501 5.5.2 not a message of PLAIN\r\n"),
        ("AUTH PLAIN YQBiAGM=\r\n", "501 5.5.2 not a message of PLAIN\r\n"),
        ("AUTH CRAM-MD5\r\n", "504 5.5.4 no such mechanism\r\n"),
        ("AUTH PLAIN\r\n", "334 \r\n"),
        ("AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n", "235 2.7.0 authenticated\r\n"),
        ("AUTH PLAIN\r\n", "503 5.5.1 not now\r\n"),
    ]);
    assert!(!server.hear("EHLO a\r\n").contains("AUTH"));
}

/// §5: the parameter of MAIL is read where AUTH was offered, also behind a second EHLO, and nowhere else.
#[test]
fn s5_mail_parameter() {
    let mail = "MAIL FROM:<e+3Dmc2@example.com> AUTH=<>\r\n";
    let mut plain = server(AuthOffer::No);
    plain.hear("EHLO a\r\n");
    assert!(plain.hear(mail).starts_with("555 "));
    let mut known = server(AuthOffer::Anywhere);
    known.hear("EHLO a\r\n");
    known.follow(&[
        (mail, "250 2.1.0 ok\r\n"),
        ("RSET\r\n", "250 2.0.0 reset\r\n"),
        ("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n", "235 2.7.0 authenticated\r\n"),
        (mail, "250 2.1.0 ok\r\n"),
    ]);
    assert!(!known.hear("EHLO a\r\n").contains("AUTH"));
    assert_eq!(known.hear(mail), "250 2.1.0 ok\r\n");
}

#[test]
fn server_login() {
    let mut server = server(AuthOffer::Anywhere);
    server.hear("EHLO a\r\n");
    server.follow(&[
        ("AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n"),
        ("*\r\n", "501 5.7.0 cancelled\r\n"),
        ("AUTH LOGIN dGlt\r\n", "334 UGFzc3dvcmQ6\r\n"),
        ("*\r\n", "501 5.7.0 cancelled\r\n"),
        ("AUTH LOGIN !\r\n", "501 5.5.2 not a message of LOGIN\r\n"),
        ("AUTH LOGIN =\r\n", "501 5.5.2 not a message of LOGIN\r\n"),
        ("AUTH LOGIN dGlt\r\n", "334 UGFzc3dvcmQ6\r\n"),
        ("d3Jvbmc=\r\n", "535 5.7.8 wrong\r\n"),
        ("AUTH login\r\n", "334 VXNlcm5hbWU6\r\n"),
        ("dGlt\r\n", "334 UGFzc3dvcmQ6\r\n"),
        ("dGFuc3RhYWZ0YW5zdGFhZg==\r\n", "235 2.7.0 authenticated\r\n"),
    ]);
}

/// Whoever guesses passwords is let go of, also one that sends mail in between; a host that cannot tell now, and what is
/// no attempt, do not count.
#[test]
fn guesses_have_an_end() {
    let mail = "MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nBDAT 2 LAST\r\n\r\n";
    for (guess, count) in [("AUTH PLAIN AHRpbQB3cm9uZw==\r\n", 6), ("AUTH PLAIN =\r\n", 7), ("AUTH LOGIN\r\n*\r\n", 7)]
    {
        let mut server = server(AuthOffer::Anywhere);
        server.hear("EHLO a\r\n");
        let said = (0..7).take_while(|_| {
            server.hear(guess);
            !server.session.is_closed() && server.hear(mail).ends_with("250 2.0.0 taken\r\n")
        });
        assert_eq!(said.count() + usize::from(count == 6), count, "{guess}");
        assert_eq!(server.session.is_closed(), count == 6, "{guess}");
    }
    let mut server = server(AuthOffer::Anywhere);
    server.hear("EHLO a\r\n");
    let said = server.hear(&"AUTH PLAIN AHRpbQB3cm9uZw==\r\n".repeat(10));
    assert_eq!(said.matches("535").count(), 6);
    assert!(said.ends_with("421 4.7.0 too many failed attempts to authenticate\r\n"), "{said}");
}

/// A user name holds no controls (RFC 4013 §2.3), whatever the mechanism: a host writes it to its log.
#[test]
fn a_name_with_a_line_end() {
    let mut server = server(AuthOffer::Anywhere);
    server.hear("EHLO a\r\n");
    server.follow(&[
        // NUL, "t", CR, LF, "m", NUL, "x".
        ("AUTH PLAIN AHQNCm0AeA==\r\n", "501 5.5.2 not a message of PLAIN\r\n"),
        ("AUTH LOGIN dA0KbQ==\r\n", "501 5.5.2 not a message of LOGIN\r\n"),
    ]);
    assert!(!server.events.iter().any(|event| matches!(event, ServerEvent::Auth { .. })));
}

/// What stands between two steps of AUTH is an answer, never a command.
#[test]
fn server_login_takes_no_command() {
    let mut server = server(AuthOffer::Anywhere);
    server.hear("EHLO a\r\n");
    server.hear("AUTH LOGIN emFwaG9k\r\n");
    assert!(!format!("{:?}", server.session).contains("zaphod"));
    assert_eq!(server.hear("MAIL FROM:<>\r\n"), "501 5.5.2 not a message of LOGIN\r\n");
    assert!(!server.events.iter().any(|event| matches!(event, ServerEvent::Mail { .. })));
}

#[test]
fn server_inside_tls_only() {
    let mut server = server(AuthOffer::InsideTls);
    assert!(!server.hear("EHLO a\r\n").contains("AUTH"));
    server.follow(&[
        ("AUTH PLAIN AHRpbQB3cm9uZw==\r\n", "538 5.7.11 only inside TLS\r\n"),
        ("STARTTLS\r\n", "220 2.0.0 ready for TLS\r\n"),
    ]);
    server.session.handle_tls(server.now);
    assert!(server.hear("EHLO a\r\n").contains("250-AUTH PLAIN LOGIN\r\n"));
}

#[test]
fn both_sides() {
    for mechanism in [Mechanism::Plain, Mechanism::Login] {
        let config_client = client_config().with_credentials(credentials(), AuthAllowed::Anywhere);
        let mut client = Client::new(config_client.with_mechanisms([mechanism]), [mail(&["bob"])]);
        let mut server = Server::with_rule(config(AuthOffer::Anywhere), rule);
        converse(&mut client, &mut server, 5);
        assert_eq!(server.taken.len(), 1);
    }
}

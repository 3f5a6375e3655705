//! RFC 3461: DSN parameters, in xtext; besides the other parameters of MAIL.

mod common;

use common::*;
use posthaste_smtp::{Offer, ServerEvent, TlsUse, Transaction};
use posthaste_types::{
    EnvelopeId, Notify, OriginalRecipient, OutcomeKind, Recipient, RequireTls, Ret, ReversePath, Wanted,
};

fn dsn_mail() -> Transaction {
    let mut green = Recipient::new(address("green@example.org"));
    green.notify = Notify::On { success: Wanted::Yes, failure: Wanted::Yes, delay: Wanted::No };
    green.original = Some(OriginalRecipient::parse("rfc822;Green+a=b@example.org").expect("fine"));
    let mut never = Recipient::new(address("never@example.org"));
    never.notify = Notify::Never;
    let mut foreign = Recipient::new(address("foreign@example.org"));
    foreign.original = Some(OriginalRecipient::parse("utf-8;kä@example.org").expect("fine"));
    let envelope = posthaste_types::Envelope::new(address("ada@example.com"), [green, never, foreign]).expect("fine");
    let envelope = envelope.with_ret(Ret::Headers).with_envid(EnvelopeId::parse("QQ+31=59").expect("fine"));
    Transaction::new(envelope, content("Subject: hi\n\nx\n"))
}

/// §10.1's shape: parameters where DSN is offered, none where it is not.
#[test]
fn client_where_offered() {
    let mut client = Client::new(client_config(), [dsn_mail()]);
    client.follow(&[
        ("220 a\r\n", "EHLO client.example.com\r\n"),
        ("250-a\r\n250 DSN\r\n", "MAIL FROM:<ada@example.com> RET=HDRS ENVID=QQ+2B31+3D59\r\n"),
        ("250 ok\r\n", "RCPT TO:<green@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Green+2Ba+3Db@example.org\r\n"),
        ("250 ok\r\n", "RCPT TO:<never@example.org> NOTIFY=NEVER\r\n"),
        ("250 ok\r\n", "RCPT TO:<foreign@example.org> ORCPT=utf-8;k\\x{E4}@example.org\r\n"),
    ]);
    let mut client = Client::new(client_config(), [dsn_mail()]);
    client.follow(&[
        ("220 a\r\n", "EHLO client.example.com\r\n"),
        ("250 a\r\n", "MAIL FROM:<ada@example.com>\r\n"),
        ("250 ok\r\n", "RCPT TO:<green@example.org>\r\n"),
    ]);
}

/// What the client says, the server reads back equal.
#[test]
fn client_to_server() {
    let mut config = server_config();
    config.dsn = Offer::Yes;
    let mut server = Server::new(config);
    let mail = dsn_mail();
    let mut client = Client::new(client_config(), [mail.clone()]);
    converse(&mut client, &mut server, 7);
    assert_eq!(client.kinds(), [[OutcomeKind::Accepted; 3]]);
    let mut recipients = Vec::new();
    for event in &server.events {
        match event {
            ServerEvent::Mail { from, parameters, .. } => {
                assert_eq!(from, mail.envelope().from());
                assert_eq!(parameters.ret(), mail.envelope().ret());
                assert_eq!(parameters.envid(), mail.envelope().envid());
                assert_eq!(parameters.size(), Some(mail.content().unwrap().len() as u64));
            }
            ServerEvent::Rcpt { recipient, .. } => recipients.push(recipient.clone()),
            _ => {}
        }
    }
    assert_eq!(recipients, mail.envelope().to());
}

#[test]
fn server_refuses_bad_parameters() {
    for (line, code) in [
        ("MAIL FROM:<> RET=ALL", "501"),
        ("MAIL FROM:<> ENVID=a+", "501"),
        ("MAIL FROM:<> ENVID=a+00", "501"),
        ("MAIL FROM:<> ENVID=a+0D+0Ax", "501"),
        ("MAIL FROM:<> ENVID=", "501"),
        ("MAIL FROM:<> ret=full envid=x", "250"),
        ("RCPT TO:<a@example.org> NOTIFY=NEVER,FAILURE", "501"),
        ("RCPT TO:<a@example.org> NOTIFY=", "501"),
        ("RCPT TO:<a@example.org> ORCPT=rfc822", "501"),
        ("RCPT TO:<a@example.org> ORCPT=rfc822;a+0D+0Ab", "501"),
        ("RCPT TO:<a@example.org> SIZE=1", "555"),
        ("RCPT TO:<a@example.org> notify=delay orcpt=RFC822;a@example.org", "250"),
    ] {
        let mut config = server_config();
        config.dsn = Offer::Yes;
        let mut server = Server::new(config);
        server.hear("");
        server.hear("EHLO a\r\n");
        if line.starts_with("RCPT") {
            server.hear("MAIL FROM:<>\r\n");
        }
        let answer = server.hear(&format!("{line}\r\n"));
        assert!(answer.starts_with(code), "{line}: {answer}");
    }
}

/// RFC 1870, 6152, 6531 and 8689: used where offered, and the mail refused unsent where it needs them in vain.
#[test]
fn what_a_mail_needs() {
    let body = || Transaction::new(envelope(&["bob"]), content("Subject: hi\n\n\u{fc}\n"));
    let header = || Transaction::new(envelope(&["bob"]), content("Subject: \u{fc}\n\nx\n"));
    let latin1 = || {
        let (content, _) = posthaste_types::Content::from_raw(b"Subject: \xfc\n\nx\n".to_vec()).expect("fine");
        Transaction::new(envelope(&["bob"]), content)
    };
    let addressed = || Transaction::new(envelope(&["b\u{f6}b"]), content("Subject: hi\n\nx\n"));
    let secret =
        || Transaction::new(envelope(&["bob"]).with_require_tls(RequireTls::Yes), content("Subject: hi\n\nx\n"));
    let table: [(Transaction, &str, TlsUse, &str); 13] = [
        (body(), "250 8BITMIME", TlsUse::Never, "MAIL FROM:<ada@example.com> BODY=8BITMIME\r\n"),
        (body(), "250 X", TlsUse::Never, "5.6.3 "),
        (latin1(), "250 8BITMIME", TlsUse::Never, "MAIL FROM:<ada@example.com> BODY=8BITMIME\r\n"),
        (header(), "250 8BITMIME", TlsUse::Never, "5.6.7 "),
        (header(), "250 SMTPUTF8", TlsUse::Never, "MAIL FROM:<ada@example.com> SMTPUTF8\r\n"),
        (
            header(),
            "250-SMTPUTF8\r\n250 8BITMIME",
            TlsUse::Never,
            "MAIL FROM:<ada@example.com> BODY=8BITMIME SMTPUTF8\r\n",
        ),
        (addressed(), "250 8BITMIME", TlsUse::Never, "5.6.7 "),
        (addressed(), "250 SMTPUTF8", TlsUse::Never, "MAIL FROM:<ada@example.com> SMTPUTF8\r\n"),
        (secret(), "250 REQUIRETLS", TlsUse::Never, "5.7.30 "),
        (secret(), "250 REQUIRETLS", TlsUse::Implicit, "MAIL FROM:<ada@example.com> REQUIRETLS\r\n"),
        (secret(), "250 X", TlsUse::Implicit, "5.7.30 "),
        (mail(&["bob"]), "250 SIZE 24", TlsUse::Never, "MAIL FROM:<ada@example.com> SIZE=24\r\n"),
        (mail(&["bob"]), "250 SIZE 23", TlsUse::Never, "5.3.4 "),
    ];
    for (transaction, offer, tls, expected) in table {
        let mut client = Client::new(client_config().with_tls(tls), [transaction]);
        client.hear("220 a\r\n");
        let sent = client.hear(&format!("250-a\r\n{offer}\r\n"));
        if expected.starts_with("MAIL") {
            assert_eq!(sent, expected, "{offer}");
            continue;
        }
        assert_eq!(sent, "QUIT\r\n", "{offer}: nothing of the mail is sent");
        let outcome = &client.outcomes()[0][0];
        assert_eq!(outcome.kind(), OutcomeKind::Refused);
        assert!(outcome.cause().to_string().starts_with(expected), "{outcome}");
        let is_body = expected == "5.6.3 ";
        assert_eq!(outcome.cause().to_string().ends_with("encoding it anew would break its signatures"), is_body);
    }
}

#[test]
fn smtputf8_from_client_to_server() {
    let from = ReversePath::from(address("jürgen@bücher.example"));
    let envelope = posthaste_types::Envelope::new(from, [address("ö@example.org")]).expect("fine");
    let mut client = Client::new(client_config(), [Transaction::new(envelope, content("Subject: ü\n\nx\n"))]);
    let mut server = Server::new(server_config());
    converse(&mut client, &mut server, 3);
    assert_eq!(client.kinds(), [[OutcomeKind::Accepted]]);
    assert_eq!(server.taken[0].from, "<jürgen@xn--bcher-kva.example>");
    assert_eq!(server.taken[0].content, "Subject: ü\r\n\r\nx\r\n".as_bytes());
}

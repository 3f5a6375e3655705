//! RFC 6710 (MT-PRIORITY), RFC 2852 (DELIVERBY), RFC 4865 (FUTURERELEASE).

mod common;

use common::*;
use posthaste_smtp::{ByMode, ByTrace, DeliverBy, FutureRelease, Hold, MailParameters, Offer, Priority, ServerEvent};
use posthaste_types::{OutcomeKind, Timestamp};

fn by(seconds: i32, mode: ByMode) -> DeliverBy {
    DeliverBy::new(seconds, mode, ByTrace::Yes).expect("fine")
}

fn until() -> Timestamp {
    "2026-12-01T09:00:00Z".parse().expect("fine")
}

const OFFER: &str =
    "250-a\r\n250-MT-PRIORITY MIXER\r\n250-DELIVERBY 60\r\n250 FUTURERELEASE 86400 2026-12-24T00:00:00Z\r\n";

/// Each parameter where it is offered.
#[test]
fn client_where_offered() {
    let mails = [
        (mail(&["b"]).with_priority(Priority::new(-9).expect("fine")), " MT-PRIORITY=-9"),
        (mail(&["b"]).with_deliver_by(by(120, ByMode::Return)), " BY=120;RT"),
        (mail(&["b"]).with_deliver_by(by(-60, ByMode::Notify)), " BY=-60;NT"),
        (mail(&["b"]).with_hold(Hold::For(3600)), " HOLDFOR=3600"),
        (mail(&["b"]).with_hold(Hold::Until(until())), " HOLDUNTIL=2026-12-01T09:00:00Z"),
    ];
    for (mail, parameter) in mails {
        let mut client = Client::new(client_config(), [mail]);
        client.hear("220 a\r\n");
        assert_eq!(client.hear(OFFER), format!("MAIL FROM:<ada@example.com>{parameter}\r\n"));
    }
}

/// What a peer without the extension would break is not sent to it; what it would merely ignore is.
#[test]
fn client_where_not_offered() {
    let mails = [
        (mail(&["b"]).with_priority(Priority::default()), "MAIL FROM:<ada@example.com>\r\n"),
        (mail(&["b"]).with_deliver_by(by(120, ByMode::Notify)), "MAIL FROM:<ada@example.com>\r\n"),
        (mail(&["b"]).with_deliver_by(by(120, ByMode::Return)), "QUIT\r\n"),
        (mail(&["b"]).with_hold(Hold::For(3600)), "QUIT\r\n"),
    ];
    for (mail, expected) in mails {
        let mut client = Client::new(client_config(), [mail]);
        client.hear("220 a\r\n");
        assert_eq!(client.hear("250 a\r\n"), expected);
        if expected == "QUIT\r\n" {
            assert_eq!(client.kinds(), [[OutcomeKind::Refused]]);
            assert!(client.outcomes()[0][0].to_string().contains("5.3.3"));
        }
    }
    // RFC 2852 §3: less time than the server needs to return it.
    for (wish, said) in
        [(by(59, ByMode::Return), "QUIT\r\n"), (by(59, ByMode::Notify), "MAIL "), (by(60, ByMode::Return), "MAIL ")]
    {
        let mut client = Client::new(client_config(), [mail(&["b"]).with_deliver_by(wish)]);
        client.hear("220 a\r\n");
        assert!(client.hear(OFFER).starts_with(said), "{wish}");
    }
    for too_long in [Hold::For(86_401), Hold::Until("2026-12-25T00:00:00Z".parse().expect("fine"))] {
        let mut client = Client::new(client_config(), [mail(&["b"]).with_hold(too_long)]);
        client.hear("220 a\r\n");
        assert_eq!(client.hear(OFFER), "QUIT\r\n", "{too_long}");
    }
}

fn server() -> Server {
    let mut config = server_config();
    (config.priority, config.deliver_by) = (Offer::Yes, Offer::Yes);
    config.future_release = Some(FutureRelease::new(86_400, "2026-12-24T00:00:00Z".parse().expect("fine")));
    Server::new(config)
}

fn parameters(server: &Server) -> Vec<MailParameters> {
    let parameters = |event: &ServerEvent| match event {
        ServerEvent::Mail { parameters, .. } => Some(parameters.clone()),
        _ => None,
    };
    server.events.iter().filter_map(parameters).collect()
}

/// What the client says, the server reads back equal.
#[test]
fn client_to_server() {
    for hold in [Hold::For(86_400), Hold::Until(until())] {
        let (priority, by) = (Priority::new(4).expect("fine"), by(999_999_999, ByMode::Return));
        let mail = mail(&["b"]).with_priority(priority).with_deliver_by(by).with_hold(hold);
        let (mut client, mut server) = (Client::new(client_config(), [mail]), server());
        converse(&mut client, &mut server, 9);
        assert_eq!(client.kinds(), [[OutcomeKind::Accepted]]);
        let [heard] = &parameters(&server)[..] else { panic!("one mail") };
        assert_eq!((heard.priority(), heard.deliver_by(), heard.hold()), (Some(priority), Some(by), Some(hold)));
    }
}

#[test]
fn server_grammar() {
    let table = [
        ("MT-PRIORITY=3", "250"),
        ("MT-PRIORITY=-9", "250"),
        ("MT-PRIORITY=10", "501"),
        ("MT-PRIORITY=+3", "501"),
        ("MT-PRIORITY=x", "501"),
        ("MT-PRIORITY=03", "501"),
        ("MT-PRIORITY=-0", "501"),
        ("MT-PRIORITY", "501"),
        ("BY=+120;R", "250"),
        ("BY=0;N", "250"),
        ("BY=-5;nt", "250"),
        ("BY=0;R", "501"),
        ("BY=-5;R", "501"),
        ("BY=1000000000;N", "501"),
        ("BY=0000000120;N", "501"),
        ("BY=120", "501"),
        ("BY=120;X", "501"),
        ("BY=;R", "501"),
        ("HOLDFOR=1", "250"),
        ("HOLDFOR=0", "501"),
        ("HOLDFOR=-1", "501"),
        ("HOLDFOR=86401", "501"),
        ("HOLDUNTIL=2026-12-01T09:00:00+01:00", "250"),
        ("HOLDUNTIL=2026-12-24T00:00:01Z", "501"),
        ("HOLDUNTIL=tomorrow", "501"),
        ("HOLDFOR=1 HOLDUNTIL=2026-12-01T09:00:00Z", "501"),
    ];
    for (parameter, code) in table {
        let mut server = server();
        server.hear("");
        server.hear("EHLO a\r\n");
        let answer = server.hear(&format!("MAIL FROM:<> {parameter}\r\n"));
        assert!(answer.starts_with(code), "{parameter}: {answer}");
    }
    let mut plain = Server::new(server_config());
    plain.hear("");
    plain.hear("EHLO a\r\n");
    for parameter in ["MT-PRIORITY=3", "BY=120;R", "HOLDFOR=1", "HOLDUNTIL=2026-12-01T09:00:00Z"] {
        assert!(plain.hear(&format!("MAIL FROM:<> {parameter}\r\n")).starts_with("555"), "{parameter}");
    }
}

#[test]
fn values_that_are_none() {
    assert_eq!((Priority::new(-10), Priority::new(10)), (None, None));
    for (seconds, mode) in [(0, ByMode::Return), (1_000_000_000, ByMode::Notify), (i32::MIN, ByMode::Notify)] {
        assert_eq!(DeliverBy::new(seconds, mode, ByTrace::No), None);
    }
}

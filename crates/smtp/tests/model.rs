//! Random verbs against a model of the server: the code of every reply is the one that the model foretells.

mod common;

use common::*;
use posthaste_smtp::{Answer, AuthOffer, Mechanism, Offer, Protocol, ServerConfig, ServerEvent, TlsOffer};
use proptest::prelude::*;

/// What a client may say, right or wrong here.
#[derive(Clone, Copy, Debug)]
enum Verb {
    Hello,
    Helo,
    Mail,
    MailBinary,
    MailTooLarge,
    Rcpt,
    RcptUnknown,
    Data,
    Bdat,
    BdatLast,
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    AuthRight,
    AuthWrong,
    AuthGarbage,
    AuthCancelled,
    AuthUnknown,
    StartTls,
    Junk,
    BadArgument,
}

const VERBS: [Verb; 23] = [
    Verb::Hello,
    Verb::Helo,
    Verb::Mail,
    Verb::MailBinary,
    Verb::MailTooLarge,
    Verb::Rcpt,
    Verb::RcptUnknown,
    Verb::Data,
    Verb::Bdat,
    Verb::BdatLast,
    Verb::Rset,
    Verb::Noop,
    Verb::Vrfy,
    Verb::Expn,
    Verb::Help,
    Verb::AuthRight,
    Verb::AuthWrong,
    Verb::AuthGarbage,
    Verb::AuthCancelled,
    Verb::AuthUnknown,
    Verb::StartTls,
    Verb::Junk,
    Verb::BadArgument,
];

/// What RFC 5321 §4.1.4, RFC 3030 §2, RFC 4954 §4 and RFC 3207 §4 make of them.
#[derive(Debug, Default)]
struct Model {
    lmtp: bool,
    hello: Option<Hello>,
    authenticated: bool,
    encrypted: bool,
    open: Option<Open>,
    taken: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hello {
    Extended,
    Plain,
}

#[derive(Debug, Default)]
struct Open {
    recipients: usize,
    binary: bool,
    begun: bool,
}

const MAX_RECIPIENTS: usize = 3;

impl Model {
    fn says(&mut self, verb: Verb) -> Vec<u16> {
        vec![match verb {
            Verb::Hello => {
                (self.hello, self.open) = (Some(Hello::Extended), None);
                250
            }
            Verb::Helo if self.lmtp => 500,
            Verb::Helo => {
                (self.hello, self.open) = (Some(Hello::Plain), None);
                250
            }
            Verb::Mail | Verb::MailBinary | Verb::MailTooLarge => self.mail(verb),
            Verb::Rcpt | Verb::RcptUnknown => self.rcpt(verb),
            Verb::Data => match self.open.take() {
                Some(open) if open.recipients > 0 && !open.begun && !open.binary => return self.take(354, &open),
                open => {
                    self.open = open;
                    503
                }
            },
            Verb::Bdat | Verb::BdatLast => return self.chunk(verb),
            Verb::Rset => {
                self.open = None;
                250
            }
            Verb::Noop => 250,
            Verb::Vrfy => 252,
            Verb::Expn => 502,
            Verb::Help => 214,
            Verb::StartTls if self.encrypted => 503,
            Verb::StartTls => {
                *self = Self { encrypted: true, lmtp: self.lmtp, taken: self.taken, ..Self::default() };
                220
            }
            Verb::Junk => 500,
            Verb::BadArgument => 501,
            _ if self.hello.is_none() || self.open.is_some() || self.authenticated => 503,
            Verb::AuthRight => {
                self.authenticated = true;
                235
            }
            Verb::AuthWrong => 535,
            Verb::AuthGarbage => 501,
            Verb::AuthCancelled => return vec![334, 501],
            Verb::AuthUnknown => 504,
        }]
    }

    fn mail(&mut self, verb: Verb) -> u16 {
        match (verb, self.hello) {
            (_, None) => 503,
            _ if self.open.is_some() => 503,
            // Parameters are for those who said EHLO.
            (Verb::MailBinary | Verb::MailTooLarge, Some(Hello::Plain)) => 555,
            (Verb::MailTooLarge, _) => 552,
            _ => {
                self.open = Some(Open { binary: matches!(verb, Verb::MailBinary), ..Open::default() });
                250
            }
        }
    }

    fn rcpt(&mut self, verb: Verb) -> u16 {
        match &mut self.open {
            None => 503,
            Some(open) if open.begun => 503,
            Some(open) if open.recipients == MAX_RECIPIENTS => 452,
            Some(_) if matches!(verb, Verb::RcptUnknown) => 550,
            Some(open) => {
                open.recipients += 1;
                250
            }
        }
    }

    fn chunk(&mut self, verb: Verb) -> Vec<u16> {
        if self.hello != Some(Hello::Extended) {
            return vec![503];
        }
        match self.open.take() {
            Some(open) if open.recipients > 0 && matches!(verb, Verb::BdatLast) => {
                let mut codes = self.take(0, &open);
                codes.remove(0);
                codes
            }
            Some(open) if open.recipients > 0 => {
                self.open = Some(Open { begun: true, ..open });
                vec![250]
            }
            open => {
                self.open = open;
                vec![503]
            }
        }
    }

    fn take(&mut self, first: u16, open: &Open) -> Vec<u16> {
        self.taken += 1;
        let times = if self.lmtp { open.recipients } else { 1 };
        std::iter::once(first).chain(std::iter::repeat_n(250, times)).collect()
    }

    /// What goes over the wire; content only where it is asked for.
    fn wire(&self, verb: Verb) -> &'static str {
        match verb {
            Verb::Hello if self.lmtp => "LHLO a\r\n",
            Verb::Hello => "EHLO a\r\n",
            Verb::Helo => "HELO a\r\n",
            Verb::Mail => "MAIL FROM:<ada@example.com>\r\n",
            Verb::MailBinary => "MAIL FROM:<ada@example.com> BODY=BINARYMIME\r\n",
            Verb::MailTooLarge => "MAIL FROM:<ada@example.com> SIZE=99999999999\r\n",
            Verb::Rcpt => "RCPT TO:<bob@example.org>\r\n",
            Verb::RcptUnknown => "RCPT TO:<unknown@example.org>\r\n",
            Verb::Data => match &self.open {
                Some(open) if open.recipients > 0 && !open.begun && !open.binary => "DATA\r\nA: b\r\n\r\nx\r\n.\r\n",
                _ => "DATA\r\n",
            },
            Verb::Bdat => "BDAT 6\r\nRSET\r\n",
            Verb::BdatLast => "BDAT 6 LAST\r\nQUIT\r\n",
            Verb::Rset => "RSET\r\n",
            Verb::Noop => "NOOP x\r\n",
            Verb::Vrfy => "VRFY a\r\n",
            Verb::Expn => "EXPN a\r\n",
            Verb::Help => "HELP\r\n",
            Verb::AuthRight => "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n",
            Verb::AuthWrong => "AUTH PLAIN AHRpbQB3cm9uZw==\r\n",
            Verb::AuthGarbage => "AUTH XOAUTH2 AHRpbQB3cm9uZw==\r\n",
            Verb::AuthCancelled if self.hello.is_none() || self.open.is_some() || self.authenticated => {
                "AUTH LOGIN\r\n"
            }
            Verb::AuthCancelled => "AUTH LOGIN\r\n*\r\n",
            Verb::AuthUnknown => "AUTH GSSAPI\r\n",
            Verb::StartTls => "STARTTLS\r\n",
            Verb::Junk => "XYZZY\r\n",
            Verb::BadArgument => "VRFY\r\n",
        }
    }
}

fn config(protocol: Protocol) -> ServerConfig {
    let mut config = server_config();
    (config.protocol, config.auth, config.tls) = (protocol, AuthOffer::Anywhere, TlsOffer::Optional);
    config.mechanisms = vec![Mechanism::Plain, Mechanism::Login, Mechanism::XOAuth2];
    (config.binary, config.max_recipients) = (Offer::Yes, MAX_RECIPIENTS);
    (config.max_errors, config.max_junk, config.max_overshoot) = (u32::MAX, u32::MAX, u32::MAX);
    config
}

fn rule(event: &ServerEvent) -> Answer {
    match event {
        ServerEvent::Auth { credentials, .. } if credentials.password() != "tanstaaftanstaaf" => {
            Answer::Refuse(reply(535, "5.7.8 wrong"))
        }
        other => usual_rule(other),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_reply_is_foretold(
        verbs in proptest::collection::vec(proptest::sample::select(&VERBS[..]), 0..60),
        protocol in prop_oneof![Just(Protocol::Smtp), Just(Protocol::Lmtp)],
        piece in prop_oneof![1usize..7, Just(100_000)],
    ) {
        let mut server = Server::with_rule(config(protocol), rule);
        server.hear("");
        let mut model = Model { lmtp: protocol == Protocol::Lmtp, ..Model::default() };
        for (at, verb) in verbs.iter().enumerate() {
            let wire = model.wire(*verb);
            let expected = model.says(*verb);
            let said: String = wire.as_bytes().chunks(piece).map(|piece| {
                String::from_utf8(server.hear_bytes(piece)).expect("ASCII")
            }).collect();
            let is_last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
            let codes: Vec<u16> =
                said.lines().filter(is_last).map(|line| line[..3].parse().expect("a code")).collect();
            prop_assert_eq!(codes, expected, "{:?} at {}: {}", verb, at, said);
            if matches!(server.events.last(), Some(ServerEvent::StartTls)) {
                server.session.handle_tls(server.now);
            }
            prop_assert!(!server.session.is_closed());
        }
        prop_assert_eq!(server.taken.len(), model.taken);
    }
}

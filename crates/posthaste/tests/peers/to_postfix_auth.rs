//! Our client to Postfix's smtpd with AUTH (RFC 4954), whose passwords Dovecot knows.

use posthaste::mx::{RelayConfig, TlsRoots};
use posthaste::smtp::AuthAllowed;
use posthaste::transport::TransportErrorKind;
use posthaste::{Attempt, Relay, Transport};
use posthaste_testkit::TestCa;

use crate::real::{Dovecot, Setup};
use crate::{Dialogue, all_accepted, in_front, mail, sample};

const MECHANISMS: &[&str] = &["plain", "login", "scram-sha-256"];

#[tokio::test]
async fn postfix_knows_us_by_each_mechanism() {
    let Some(dovecot) = Dovecot::start(&["ada"]) else { return };
    let settings = format!(
        "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {}\nsmtpd_sasl_security_options =\n\
         smtpd_sasl_authenticated_header = yes\nsmtpd_client_restrictions = permit_sasl_authenticated, reject",
        dovecot.sasl_socket().display()
    );
    let setup = Setup::new("mx.example.org").store("example.org").set(&settings);
    let setup = MECHANISMS
        .iter()
        .fold(setup, |setup, mechanism| setup.smtpd(&[&format!("smtpd_sasl_mechanism_filter={mechanism}")]));
    let ca = TestCa::new();
    let (certificate, key) = ca.server_pem(&["127.0.0.1"]);
    let tls = ["smtpd_tls_security_level=encrypt", "smtpd_tls_chain_files=$config_directory/server.pem"];
    let Some(postfix) = setup.file("server.pem", key + &certificate).smtpd(&tls).start() else { return };
    for (address, mechanism) in postfix.addresses().iter().zip(MECHANISMS) {
        let relay = |password: &str| {
            let config = RelayConfig::from_url(&format!("smtp://ada@{address}")).unwrap();
            let mut config = config.with_password(password).unwrap();
            config.auth = AuthAllowed::Anywhere;
            Relay::with_config(config).unwrap()
        };
        let dialogue = Dialogue::default();
        let known = relay("secret");
        let outcomes = known.deliver(&dialogue.of(&mail(&["bob@example.org"], sample()))).await;
        let outcomes = outcomes.unwrap_or_else(|error| panic!("{mechanism}: {error}\n{}", dialogue.text()));
        assert!(all_accepted(&outcomes), "{mechanism}: {outcomes:?}\n{}", dialogue.text());
        assert!(dialogue.has(&format!("C: AUTH {}", mechanism.to_uppercase())), "{}", dialogue.text());
        assert!(!dialogue.text().contains("c2VjcmV0"), "the password is not shown: {}", dialogue.text());
        known.close().await;

        // Nobody is bounced for a password of ours.
        let error = relay("wrong").deliver(&Attempt::of(&mail(&["bob@example.org"], sample()))).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Misconfigured, "{mechanism}: {error}");
    }
    // Inside TLS, of all mechanisms, the strongest one.
    let address = postfix.addresses()[MECHANISMS.len()];
    let config = RelayConfig::from_url(&format!("smtp+starttls://ada@{address}")).unwrap();
    let mut config = config.with_password("secret").unwrap();
    config.roots = TlsRoots::from_pem(ca.root_pem().as_bytes()).unwrap();
    let (relay, dialogue) = (Relay::with_config(config).unwrap(), Dialogue::default());
    let outcomes = relay.deliver(&dialogue.of(&mail(&["bob@example.org"], sample()))).await.unwrap();
    assert!(all_accepted(&outcomes), "{outcomes:?}\n{}", dialogue.text());
    assert!(dialogue.has("C: AUTH SCRAM-SHA-256"), "{}", dialogue.text());
    relay.close().await;

    for copy in postfix.stored(MECHANISMS.len() + 1) {
        let front = in_front(&copy, &sample());
        assert!(
            front.contains("(Authenticated sender: ada)") && front.contains("with ESMTP") && front.contains("A id "),
            "{front}"
        );
    }
}

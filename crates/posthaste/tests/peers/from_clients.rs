//! Clients that others wrote, to our receiver.

use std::net::SocketAddr;
use std::path::Path;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use posthaste_testkit::{Arrived, Plan, TestCa, TestReceiver};

use crate::real::{find, run, run_any};
use crate::{large, sample};

const USER: (&str, &str) = ("ada", "secret");

/// Offers STARTTLS and AUTH.
async fn receiver(ca: &TestCa) -> TestReceiver {
    let tls = ca.server_tls(&["mx.example.org", "127.0.0.1", "localhost"]);
    let receiver = TestReceiver::builder().tls(tls).user(USER.0, USER.1).start().await;
    receiver.plan("gone@example.org", Plan::reply("550 5.1.1 no such user"));
    receiver
}

fn to(copy: &Arrived) -> Vec<String> {
    copy.to().map(ToString::to_string).collect()
}

fn root(ca: &TestCa) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), ca.root_pem()).unwrap();
    file
}

/// For the clients that write one in front of the final dot, whatever the content ends with.
fn without_last_line_end(octets: &[u8]) -> &[u8] {
    octets.strip_suffix(b"\r\n").unwrap()
}

async fn swaks(receiver: SocketAddr, swaks: &Path, content: &Path, options: &[&str]) -> std::process::Output {
    let (server, content) = (receiver.to_string(), format!("@{}", content.display()));
    let fixed = ["--server", &server, "--ehlo", "swaks.example", "--from", "ada@example.com", "--data", &content];
    run_any(swaks, &[&fixed[..], &["--to", "bob@example.org,eve@example.org"], options].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn swaks_sends() {
    let Some(program) = find("swaks") else { return };
    let (ca, content) = (TestCa::new(), tempfile::NamedTempFile::new().unwrap());
    let receiver = receiver(&ca).await;
    std::fs::write(content.path(), without_last_line_end(&sample())).unwrap();
    let root = root(&ca);
    let verified = ["--tls", "--tls-verify", "--tls-ca-path", root.path().to_str().unwrap()];
    let known = ["--auth-user", USER.0, "--auth-password", USER.1];
    // The options, whether inside TLS, whether authenticated.
    let ways: [(Vec<&str>, bool, bool); 7] = [
        (vec![], false, false),
        (vec!["--pipeline"], false, false),
        (vec!["--protocol", "SMTP"], false, false),
        (verified.to_vec(), true, false),
        ([&["--auth", "PLAIN"][..], &known].concat(), false, true),
        ([&["--auth", "LOGIN"][..], &known].concat(), false, true),
        ([&["--pipeline", "--auth", "PLAIN"][..], &verified, &known].concat(), true, true),
    ];
    for (options, inside_tls, authenticated) in &ways {
        let output = swaks(receiver.local_addr(), &program, content.path(), options).await;
        assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stdout));
        let arrived = receiver.drain();
        let [copy] = &*arrived else { panic!("{options:?}: {} came", arrived.len()) };
        assert_eq!(copy.octets.escape_ascii().to_string(), sample().escape_ascii().to_string(), "{options:?}");
        assert_eq!(to(copy), ["bob@example.org", "eve@example.org"]);
        assert_eq!((copy.tls.is_some(), copy.authenticated.is_some()), (*inside_tls, *authenticated), "{options:?}");
        assert_eq!(copy.hello, "swaks.example");
    }
    for mechanism in ["PLAIN", "LOGIN"] {
        let wrong = ["--auth", mechanism, "--auth-user", USER.0, "--auth-password", "wrong"];
        let output = swaks(receiver.local_addr(), &program, content.path(), &wrong).await;
        assert_eq!(output.status.code(), Some(28), "the status of swaks for a failed AUTH");
    }
    // The last --to counts.
    let output = swaks(receiver.local_addr(), &program, content.path(), &["--to", "gone@example.org"]).await;
    assert_eq!(output.status.code(), Some(24), "the status of swaks where nobody was accepted");
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn swaks_sends_by_implicit_tls_and_by_lmtp() {
    let Some(program) = find("swaks") else { return };
    let (ca, content) = (TestCa::new(), tempfile::NamedTempFile::new().unwrap());
    std::fs::write(content.path(), without_last_line_end(&sample())).unwrap();
    let tls = ca.server_tls(&["127.0.0.1"]);
    let wrapped = TestReceiver::builder().implicit_tls(tls).start().await;
    let lmtp = TestReceiver::builder().lmtp().start().await;
    for (receiver, options) in [(&wrapped, &["--tls-on-connect"][..]), (&lmtp, &["--protocol", "LMTP"])] {
        let output = swaks(receiver.local_addr(), &program, content.path(), options).await;
        assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stdout));
        let arrived = receiver.received();
        assert_eq!((arrived.len(), &arrived[0].octets), (1, &sample()), "{options:?}");
    }
}

/// Many messages over ten connections at a time, one message a session and many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smtp_source_sends_a_thousand() {
    let Some(program) = find("smtp-source") else { return };
    for (options, lmtp) in [(&[][..], false), (&["-d"], false), (&["-L"], true)] {
        let builder = TestReceiver::builder();
        let receiver = if lmtp { builder.lmtp() } else { builder }.start().await;
        let target = receiver.local_addr().to_string();
        let fixed = ["-s", "10", "-m", "1000", "-l", "10240", "-f", "ada@example.com", "-t", "bob@example.org"];
        run(&program, &[&fixed[..], options, &[&target]].concat()).await;
        let arrived = receiver.received();
        assert_eq!(arrived.len(), 1000, "{options:?}");
        for copy in arrived {
            assert!(copy.octets.len() >= 10_240, "{} octets", copy.octets.len());
            assert_eq!(to(&copy), ["bob@example.org"]);
        }
        let expected = if options.contains(&"-d") { 10 } else { 1000 };
        assert_eq!(receiver.connections(), expected, "{options:?}");
    }
}

const SMTPLIB: &str = r#"
import smtplib, ssl, sys
port, root, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
message = open(sys.argv[5], "rb").read()
for mechanism in ("PLAIN", "LOGIN"):
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example") as smtp:
        smtp._host = "mx.example.org"
        smtp.starttls(context=ssl.create_default_context(cafile=root))
        smtp.ehlo()
        smtp.user, smtp.password = user, "wrong"
        method = smtp.auth_plain if mechanism == "PLAIN" else smtp.auth_login
        try:
            smtp.auth(mechanism, method)
            raise SystemExit("a wrong password was taken")
        except smtplib.SMTPAuthenticationError as error:
            assert error.smtp_code == 535, error
        smtp.password = password
        smtp.auth(mechanism, method)
        to = ["bob@example.org", "gone@example.org"]
        refused = smtp.sendmail("ada@example.com", to, message, ["BODY=8BITMIME"])
        assert list(refused) == ["gone@example.org"] and refused["gone@example.org"][0] == 550, refused
        assert not smtp.sendmail("", ["\u00e9ve@example.org"], message, ["SMTPUTF8", "BODY=8BITMIME"])
        try:
            smtp.sendmail("ada@example.com", ["gone@example.org"], message)
            raise SystemExit("nobody was accepted")
        except smtplib.SMTPRecipientsRefused:
            pass
        assert smtp.noop()[0] == 250 and smtp.rset()[0] == 250
"#;

#[tokio::test(flavor = "multi_thread")]
async fn smtplib_sends() {
    let Some(program) = find("python3") else { return };
    let (ca, content) = (TestCa::new(), tempfile::NamedTempFile::new().unwrap());
    let receiver = receiver(&ca).await;
    std::fs::write(content.path(), sample()).unwrap();
    let (port, root) = (receiver.local_addr().port().to_string(), root(&ca));
    let files = [root.path().to_str().unwrap(), content.path().to_str().unwrap()];
    run(&program, &["-c", SMTPLIB, &port, files[0], USER.0, USER.1, files[1]]).await;
    let arrived = receiver.received();
    let expected = ["bob@example.org", "\u{e9}ve@example.org", "bob@example.org", "\u{e9}ve@example.org"];
    assert_eq!(arrived.iter().flat_map(to).collect::<Vec<_>>(), expected);
    for copy in &arrived {
        assert_eq!(copy.octets, sample());
        assert!(copy.tls.is_some());
        assert_eq!(copy.authenticated.as_deref(), Some(USER.0));
    }
}

const SMTPLIB_CHUNKS: &str = r#"
import smtplib, sys
message = open(sys.argv[2], "rb").read()
def chunks(size):
    for at in range(0, len(message), size):
        piece, last = message[at:at + size], b" LAST" if at + size >= len(message) else b""
        yield b"BDAT %d%s\r\n%s" % (len(piece), last, piece)
with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), local_hostname="client.example") as smtp:
    smtp.ehlo()
    assert smtp.has_extn("chunking")
    for size in (1, 7, 1000, len(message)):
        for pipelined in (False, True):
            assert smtp.mail("ada@example.com")[0] == 250 and smtp.rcpt("bob@example.org")[0] == 250
            if pipelined:
                smtp.send(b"".join(chunks(size)))
            for chunk in chunks(size):
                pipelined or smtp.send(chunk)
                code, text = smtp.getreply()
                assert code == 250, (code, text)
    # The last chunk may be empty.
    assert smtp.mail("ada@example.com")[0] == 250 and smtp.rcpt("bob@example.org")[0] == 250
    smtp.send(b"BDAT %d\r\n%s" % (len(message), message))
    assert smtp.getreply()[0] == 250 and smtp.docmd("BDAT 0 LAST")[0] == 250
    # Nobody is there: the octets of the chunk are no commands, and the session goes on.
    assert smtp.mail("ada@example.com")[0] == 250 and smtp.rcpt("gone@example.org")[0] == 550
    smtp.send(b"BDAT 12 LAST\r\nQUIT\r\nQUIT\r\n")
    assert smtp.getreply()[0] == 503 and smtp.rset()[0] == 250
    assert smtp.mail("ada@example.com")[0] == 250 and smtp.rcpt("bob@example.org")[0] == 250
    smtp.send(b"BDAT 4\r\nhalf")
    assert smtp.getreply()[0] == 250 and smtp.docmd("DATA")[0] == 503 and smtp.rset()[0] == 250
"#;

/// RFC 3030, by a client of few lines on a library that others wrote.
#[tokio::test(flavor = "multi_thread")]
async fn smtplib_sends_chunks() {
    let Some(program) = find("python3") else { return };
    let content = tempfile::NamedTempFile::new().unwrap();
    let receiver = receiver(&TestCa::new()).await;
    std::fs::write(content.path(), sample()).unwrap();
    let port = receiver.local_addr().port().to_string();
    run(&program, &["-c", SMTPLIB_CHUNKS, &port, content.path().to_str().unwrap()]).await;
    let arrived = receiver.received();
    assert_eq!(arrived.len(), 9);
    arrived
        .iter()
        .for_each(|copy| assert_eq!(copy.octets.escape_ascii().to_string(), sample().escape_ascii().to_string()));
}

const NODEMAILER: &str = r#"
const [port, ca, user, pass, content] = process.argv.slice(1);
const fs = require("fs"), nodemailer = require("nodemailer");
const raw = fs.readFileSync(content);
async function send(authMethod, pool) {
    const transport = nodemailer.createTransport({
        host: "127.0.0.1", port: +port, name: "node.example", requireTLS: true, pool, maxConnections: 2, authMethod,
        auth: { user, pass }, tls: { ca: fs.readFileSync(ca), servername: "mx.example.org" },
    });
    const envelope = { from: "ada@example.com", to: ["bob@example.org", "gone@example.org", "j\u00f6rg@example.org"] };
    for (const info of await Promise.all([1, 2, 3].map(() => transport.sendMail({ envelope, raw })))) {
        if (info.accepted.length !== 2 || info.rejected.join() !== "gone@example.org" || !info.response.startsWith("250"))
            throw new Error(JSON.stringify(info));
    }
    transport.close();
}
send("PLAIN", false).then(() => send("LOGIN", true));
"#;

#[tokio::test(flavor = "multi_thread")]
async fn nodemailer_sends() {
    let Some(program) = find("node") else { return };
    if !Path::new("/usr/share/nodejs/nodemailer").is_dir() {
        return crate::real::skip("nodemailer is not installed");
    }
    let (ca, content) = (TestCa::new(), tempfile::NamedTempFile::new().unwrap());
    let receiver = receiver(&ca).await;
    std::fs::write(content.path(), sample()).unwrap();
    let (port, root) = (receiver.local_addr().port().to_string(), root(&ca));
    let files = [root.path().to_str().unwrap(), content.path().to_str().unwrap()];
    run(&program, &["-e", NODEMAILER, &port, files[0], USER.0, USER.1, files[1]]).await;
    let arrived = receiver.received();
    assert_eq!(arrived.len(), 6);
    for copy in &arrived {
        assert_eq!(copy.octets, sample());
        assert_eq!(to(copy), ["bob@example.org", "j\u{f6}rg@example.org"]);
        assert_eq!((copy.tls.is_some(), copy.authenticated.as_deref()), (true, Some(USER.0)));
        assert_eq!(copy.hello, "node.example");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lettre_sends() {
    type Client = AsyncSmtpTransport<Tokio1Executor>;
    let ca = TestCa::new();
    let receiver = receiver(&ca).await;
    let port = receiver.local_addr().port();
    let root = Certificate::from_pem(ca.root_pem().as_bytes()).unwrap();
    let tls = TlsParameters::builder("mx.example.org".to_owned()).add_root_certificate(root).build_rustls().unwrap();
    let client = |password: &str, mechanism: Mechanism| {
        let credentials = Credentials::new(USER.0.to_owned(), password.to_owned());
        Client::builder_dangerous("127.0.0.1")
            .port(port)
            .tls(Tls::Required(tls.clone()))
            .credentials(credentials)
            .authentication(vec![mechanism])
            .build()
    };
    let envelope = |to: &[&str]| {
        let to = to.iter().map(|to| to.parse().unwrap()).collect();
        lettre::address::Envelope::new(Some("ada@example.com".parse().unwrap()), to).unwrap()
    };
    for mechanism in [Mechanism::Plain, Mechanism::Login] {
        let known = client(USER.1, mechanism);
        for octets in [sample(), large()] {
            let response = known
                .send_raw(&envelope(&["bob@example.org", "eve@example.org"]), without_last_line_end(&octets))
                .await
                .unwrap();
            assert!(response.is_positive());
        }
        let refused = known.send_raw(&envelope(&["gone@example.org"]), &sample()).await.unwrap_err();
        assert!(refused.is_permanent(), "{refused}");
        let wrong = client("wrong", mechanism).send_raw(&envelope(&["bob@example.org"]), &sample()).await.unwrap_err();
        assert!(wrong.is_permanent(), "{wrong}");
    }
    let arrived = receiver.received();
    assert_eq!(arrived.len(), 4);
    for (copy, octets) in arrived.iter().zip([sample(), large(), sample(), large()]) {
        assert_eq!(copy.octets, octets);
        assert_eq!(to(copy), ["bob@example.org", "eve@example.org"]);
        assert_eq!((copy.tls.is_some(), copy.authenticated.as_deref()), (true, Some(USER.0)));
    }
}

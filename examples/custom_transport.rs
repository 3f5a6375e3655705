//! A plug-in: delivery through a company's own HTTP gateway.
//!
//! The transport is one small type, [`Gateway`]. Below it stands the gateway itself, a server of thirty lines on
//! loopback, so that everything here runs: it takes mail, refuses an unknown user, asks to wait, and dies once in the
//! middle of an answer.
//!
//! Run it: `cargo run --example custom_transport`

#[macro_use]
#[path = "support/out.rs"]
mod out;
#[path = "support/no_arguments.rs"]
mod no_arguments;

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use async_trait::async_trait;
use posthaste::transport::AttemptKey;
use posthaste::{
    Attempt, Capabilities, Cause, Content, Event, EventKind, Mailer, Message, NetworkFault, Outcome, Outcomes,
    Settings, Transport, TransportError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HELP: &str = "\
Delivers a mail through an HTTP gateway, which runs here too: it asks to wait, loses an answer, and refuses somebody. It
takes some seconds, and no arguments.

  custom_transport

Exit code: 0 all as told, 1 something was not, 2 there are arguments.
";

/// Posts each mail to `http://ADDRESS/send` with an idempotency key, and reads a line for each recipient.
#[derive(Debug)]
struct Gateway {
    address: SocketAddr,
}

#[async_trait]
impl Transport for Gateway {
    fn capabilities(&self) -> Capabilities {
        Capabilities::relay().idempotent().max_recipients(50)
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let to: Vec<String> = attempt.recipients().iter().map(|to| to.address.to_string()).collect();
        let Ok(stream) = TcpStream::connect(self.address).await else {
            return Err(TransportError::unreachable("the gateway does not answer")); // it took nothing
        };
        let answer = match post(stream, attempt.key(), &to.join(","), attempt.mail().content()).await {
            Ok(answer) => answer,
            // Perhaps taken: repeated under the same key, so that the gateway takes it once.
            Err(error) => return Ok(Outcomes::in_doubt(attempt, Cause::network(NetworkFault::Closed, error))),
        };
        Ok(match answer.status {
            401 => return Err(TransportError::misconfigured("token refused")), // holds the route, bounces nobody
            429 | 503 => {
                let later = Outcome::deferred(Cause::http(answer.status, &answer.body));
                Outcomes::all(attempt, later.retry_after(Some(Duration::from_secs(1))))
            }
            _ => Outcomes::each(attempt, |to| {
                let refused = answer.body.lines().any(|line| line == format!("unknown {}", to.address));
                let cause = Cause::http(answer.status, if refused { "unknown user" } else { "queued" });
                if refused { Outcome::refused(cause) } else { Outcome::accepted(cause) }
            }),
        })
    }
}

/// A response, as far as this gateway's go.
struct Answer {
    status: u16,
    body: String,
}

/// One request of HTTP/1.1; a program of your own has a client that does this.
async fn post(mut stream: TcpStream, key: &AttemptKey, to: &str, content: &Content) -> std::io::Result<Answer> {
    let head = format!(
        "POST /send HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nIdempotency-Key: {key}\r\nX-To: {to}\r\n\
         Content-Length: {}\r\n\r\n",
        content.len()
    );
    stream.write_all(head.as_bytes()).await?;
    for chunk in content.chunks() {
        stream.write_all(chunk).await?;
    }
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let status = response.split(' ').nth(1).and_then(|code| code.parse().ok());
    let (_, body) = response.split_once("\r\n\r\n").unwrap_or_default();
    match status {
        Some(status) => Ok(Answer { status, body: body.to_owned() }),
        None => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(end) = no_arguments::end("custom_transport", HELP) {
        return end;
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("custom_transport: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let gateway = Gateway { address: listener.local_addr()? };
    tokio::spawn(serve(listener));

    let folder = tempfile::tempdir()?;
    let mut settings = Settings::default();
    settings.schedule.delays = vec![Duration::from_secs(1)]; // so that you need not wait five minutes
    let mailer = Mailer::builder()
        .spool(posthaste::Sqlite::open(folder.path().join("mail.db"))?)
        .transport(gateway)
        .settings(settings)
        .start()
        .await?;
    let mut events = mailer.watch().open();

    let message = Message::builder()
        .from("Ada <ada@example.com>")
        .to("bob@example.org")
        .to("nobody@example.org")
        .subject("Through our own gateway")
        .text("Hello.")
        .build()?;
    let receipt = mailer.send(message).once("hello/1").await?;
    let standings = receipt.settled().await?;

    while let Ok(Some(Ok(event))) = tokio::time::timeout(Duration::from_millis(100), events.next()).await {
        tell(&event);
    }
    println!("\n{standings}");
    mailer.stop().await;

    let fates: Vec<_> = standings.iter().map(|one| one.standing.fate()).collect();
    let as_told = fates == [Some(posthaste::Fate::Relayed), Some(posthaste::Fate::Bounced)];
    if as_told { Ok(()) } else { Err(format!("not as told: {fates:?}").into()) }
}

fn tell(event: &Event) {
    let to = event.recipient.as_ref().map(ToString::to_string).unwrap_or_default();
    match &event.kind {
        EventKind::Attempted { number, repeat } => println!("{to:20} attempt {number} ({repeat:?})"),
        EventKind::Deferred { outcome, .. } | EventKind::InDoubt { outcome, .. } => println!("{to:20} {outcome}"),
        other => println!("{to:20} {other}"),
    }
}

/// The gateway: the first request is asked to wait, the second is taken and its answer lost, the third is answered.
async fn serve(listener: TcpListener) {
    for turn in 0.. {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !is_complete(&request) {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(n) => request.extend_from_slice(&buffer[..n]),
            }
        }
        let answer = match turn {
            0 => "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\n\r\nslow down",
            1 => continue,
            _ => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nunknown nobody@example.org\n",
        };
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

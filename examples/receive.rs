//! A receiver on loopback that prints what comes: to see what a program sends.
//!
//! Run it: `cargo run --example receive -- --help`
//!
//! ```text
//! receive --port 2525 --json
//! ```

#[macro_use]
#[path = "support/out.rs"]
mod out;

#[path = "receive/arguments.rs"]
mod arguments;
#[path = "support/interrupt.rs"]
mod interrupt;

use std::error::Error;
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Mutex;

use async_trait::async_trait;
use posthaste::Domain;
use posthaste_receive::{Handler, HandlerError, Incoming, Receiver, ServerTls, Session, Verdict, Verdicts};
use posthaste_testkit::TestCa;
use serde_json::json;
use tokio::sync::mpsc;

use arguments::{Arguments, Command, Wrong};
use interrupt::Interrupts;

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::from_env() {
        Ok(Command::Help) => {
            print!("{}", arguments::HELP);
            Ok(())
        }
        Ok(Command::Receive(arguments)) => receive(arguments).await,
        Err(wrong) => Err(wrong.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("receive: {error}");
            ExitCode::from(if error.is::<Wrong>() { 2 } else { 1 })
        }
    }
}

async fn receive(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let mut interrupts = Interrupts::listen()?;
    let (printed, mut count) = mpsc::unbounded_channel();
    let printer = Printer { json: arguments.json, domain: arguments.domain.clone(), out: Mutex::default(), printed };
    let mut builder = Receiver::builder(printer).configure(|config| {
        let session = &mut config.session;
        session.max_message = arguments.max_message.unwrap_or(session.max_message);
        session.max_recipients = arguments.max_recipients.unwrap_or(session.max_recipients);
        config.max_connections = arguments.max_connections.unwrap_or(config.max_connections);
        config.max_connections_per_peer = config.max_connections; // loopback is one address
    });
    if arguments.lmtp {
        builder = builder.lmtp();
    }
    if arguments.tls {
        builder = builder.tls(certificate(arguments.root.as_deref())?);
    }
    let receiver =
        builder.bind((Ipv4Addr::LOCALHOST, arguments.port)).await.map_err(|error| format!("--port: {error}"))?;
    eprintln!("receive: listening on {}", receiver.local_addr());
    let enough = async {
        let mut left = arguments.count;
        while left != Some(0) && count.recv().await.is_some() {
            left = left.map(|left| left - 1);
        }
    };
    tokio::select! {
        () = enough => {}
        result = interrupts.next() => result?,
    }
    receiver.stop().await;
    Ok(())
}

/// A certificate for `localhost`, of an authority that is made for this run.
fn certificate(root: Option<&std::path::Path>) -> Result<ServerTls, Wrong> {
    let ca = TestCa::new();
    if let Some(path) = root {
        let wrong = |error| Wrong::new("--root", format!("{}: {error}", path.display()));
        std::fs::write(path, ca.root_pem()).map_err(wrong)?;
    }
    Ok(ca.server_tls(&["localhost"]))
}

/// Prints each message, and says 250 when it is printed.
#[derive(Debug)]
struct Printer {
    json: bool,
    domain: Option<Domain>,
    out: Mutex<()>,
    printed: mpsc::UnboundedSender<()>,
}

#[async_trait]
impl Handler for Printer {
    async fn recipient(&self, _: &Session, to: &posthaste::Address) -> Verdict {
        match &self.domain {
            Some(domain) if to.domain() != domain => Verdict::refuse_relay(),
            _ => Verdict::Accept,
        }
    }

    async fn message(&self, session: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        let envelope = mail.envelope();
        let to: Vec<&str> = envelope.to().iter().map(|to| to.address.as_str()).collect();
        let content = String::from_utf8_lossy(mail.octets());
        let text = if self.json {
            let line = json!({
                "client": session.peer().address.to_string(),
                "hello": session.hello(),
                "tls": session.tls().map(|tls| tls.version.as_str()),
                "from": envelope.from().to_string(),
                "to": to,
                "octets": mail.octets().len(),
                "fingerprint": mail.fingerprint().to_string(),
                "content": content,
            });
            format!("{line}\n")
        } else {
            let tls = if session.tls().is_some() { ", TLS" } else { "" };
            let lines = content.replace("\r\n", "\n");
            format!("-- from {} to {}, by {}{tls}\n{lines}\n", envelope.from(), to.join(", "), session.peer().address)
        };
        let out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::io::stdout().write_all(text.as_bytes())?;
        std::io::stdout().flush()?;
        drop(out);
        let _ = self.printed.send(()); // nobody counts any more
        Ok(Verdict::Accept.into())
    }
}

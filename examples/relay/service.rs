//! The running relay: a receiver in front of a Mailer.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use posthaste::mx::{MxConfig, RelayConfig};
use posthaste::queue::Spool;
use posthaste::smtp::{AuthOffer, HelloName};
use posthaste::transport::{Direction, TraceSink};
use posthaste::{Domain, Event, Mailer, Relay, Sqlite, Transport, mx_system_with};
use posthaste_receive::{Receiver, ServerTls};
use tokio::task::JoinHandle;

use crate::arguments::{Arguments, Next, Wrong};
use crate::gate::Gate;
use crate::notice;
use crate::out::try_print;

/// A relay that runs.
pub(crate) struct Service {
    mailer: Mailer,
    receiver: Receiver,
    notices: JoinHandle<()>,
    json: bool,
    backlog: u64,
}

impl Service {
    /// Opens the spool, begins to deliver what waits there, and listens.
    pub(crate) async fn start(arguments: Arguments) -> Result<Self, Box<dyn Error>> {
        let Arguments { listen, hostname, rules, tls, spool, next, trace, json } = arguments;
        let auth = match &tls {
            _ if rules.users.is_empty() => AuthOffer::No,
            // A password in clear goes nowhere else than through this machine.
            None if listen.ip().is_loopback() => AuthOffer::Anywhere,
            _ => AuthOffer::InsideTls,
        };
        let transport = transport(next, &hostname)?;
        let sqlite = Sqlite::open(&spool)
            .map_err(|error| format!("--spool: {}", error.to_string().trim_start_matches("spool: ")))?;
        let backlog = sqlite.backlog().await?;
        let mut builder = Mailer::builder().spool(sqlite).transport(transport);
        if let Some(user) = trace {
            let sink: Arc<dyn TraceSink> = Arc::new(StandardError);
            builder = builder.trace(move |mail| (mail.tags().get("user") == Some(&user)).then(|| sink.clone()));
        }
        let mailer = builder.start().await?;
        let notices = tokio::spawn(notice::send_all(mailer.clone(), hostname.clone()));
        let mut door =
            Receiver::builder(Gate::new(mailer.clone(), hostname.clone(), rules)).hostname(hostname).auth(auth);
        if let Some((certificate, key)) = tls {
            door = door.tls(ServerTls::from_pem(&certificate, &key).map_err(|error| Wrong::new("--tls", error))?);
        }
        let receiver = door.bind(listen).await.map_err(|error| format!("--listen: {error}"))?;
        Ok(Self { mailer, receiver, notices, json, backlog })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.receiver.local_addr()
    }

    /// How many recipients waited in the spool when it was opened.
    pub(crate) fn backlog(&self) -> u64 {
        self.backlog
    }

    /// Prints what happens, until it stops.
    pub(crate) async fn print_events(&self) -> Result<(), Box<dyn Error>> {
        let mut events = self.mailer.watch().open();
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => print(&event, self.json)?,
                Err(lagged) => eprintln!("relay: {lagged}"),
            }
        }
        Ok(())
    }

    /// Takes no more mail, lets what is under way end, and says how many recipients wait for the next start.
    pub(crate) async fn stop(self) -> u64 {
        self.receiver.stop().await;
        self.notices.abort(); // what is not told yet is told behind the next start
        self.mailer.stop().await.waiting
    }
}

fn transport(next: Next, hostname: &Domain) -> Result<Arc<dyn Transport>, Box<dyn Error>> {
    match next {
        Next::Mx => {
            let mx = mx_system_with(MxConfig::new(hostname.clone()))?;
            Ok(Arc::new(mx))
        }
        Next::Relay { url, password } => {
            let wrong = |error: posthaste::mx::ConfigError| Wrong::new("--next", error);
            let mut config = RelayConfig::from_url(&url).map_err(wrong)?;
            config.hello = Some(HelloName::Domain(hostname.clone()));
            if let Some(password) = password {
                config = config.with_password(&password).map_err(wrong)?;
            }
            Ok(Arc::new(Relay::with_config(config).map_err(wrong)?))
        }
    }
}

fn print(event: &Event, json: bool) -> Result<(), Box<dyn Error>> {
    if json {
        return Ok(try_print(format_args!("{}\n", serde_json::to_string(event)?))?);
    }
    let mail = event.mail.map(|mail| mail.to_string()).unwrap_or_default();
    match &event.recipient {
        Some(to) => try_print(format_args!("{mail}  {to}: {}\n", event.kind))?,
        None => try_print(format_args!("{mail}  {}\n", event.kind))?,
    }
    Ok(())
}

/// Writes dialogues to standard error.
#[derive(Debug)]
struct StandardError;

impl TraceSink for StandardError {
    fn line(&self, direction: Direction, line: &str) {
        eprintln!("{} {line}", direction.sign());
    }
}

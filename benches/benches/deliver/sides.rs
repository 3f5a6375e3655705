//! The clients, each in a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use posthaste_benches::{CpuTime, FROM, TO, message};
use posthaste_mx::{Relay, RelayConfig, TlsRoots};
use posthaste_transport::{Attempt, Transport};
use posthaste_types::{Address, Content, Envelope, Mail, MailId, OutcomeKind};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Barrier;

use crate::{Result, bare};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Lettre,
    MailSend,
    Posthaste,
    /// With twice as many senders as connections: somebody always waits, and his envelope goes ahead.
    PosthasteAhead,
    Raw,
    SmtpSource,
}

/// What one process does.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) client: Client,
    pub(crate) sink: SocketAddr,
    pub(crate) size: usize,
    pub(crate) connections: usize,
    /// How long it begins messages.
    pub(crate) time: Duration,
    /// Whom to believe, where the connections are encrypted.
    pub(crate) ca: Option<PathBuf>,
}

impl Load {
    pub(crate) fn words(&self) -> Vec<String> {
        let Self { client, sink, size, connections, time, ca } = self;
        let numbers = [size.to_string(), connections.to_string(), time.as_millis().to_string()];
        let ca = ca.iter().map(|ca| ca.display().to_string());
        [format!("{client:?}"), sink.to_string()].into_iter().chain(numbers).chain(ca).collect()
    }

    fn parse(words: &[String]) -> Result<Self> {
        let [client, sink, size, connections, time, ca @ ..] = words else { return Err("five words, please".into()) };
        let client = CLIENTS.into_iter().find(|known| format!("{known:?}") == *client).ok_or("no such client")?;
        Ok(Self {
            client,
            sink: sink.parse()?,
            size: size.parse()?,
            connections: connections.parse()?,
            time: Duration::from_millis(time.parse()?),
            ca: ca.first().map(PathBuf::from),
        })
    }
}

/// Runs one client, and prints count, nanoseconds and CPU seconds.
pub(crate) fn run(words: &[String]) -> Result<()> {
    let load = Load::parse(words)?;
    let Taken { count, nanos, cpu } = match load.client {
        Client::Raw => bare::raw(&load)?,
        Client::SmtpSource => bare::smtp_source(&load)?,
        client => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                match client {
                    Client::Lettre => lettre(&load).await,
                    Client::MailSend => mail_send(&load).await,
                    Client::PosthasteAhead => posthaste(&load, 2 * load.connections).await,
                    _ => posthaste(&load, load.connections).await,
                }
            })?
        }
    };
    println!("{count} {nanos} {cpu}");
    Ok(())
}

/// What was done, and what it took.
pub(crate) struct Taken {
    pub(crate) count: usize,
    pub(crate) nanos: u128,
    pub(crate) cpu: f64,
}

/// The clock and the count of one run. The first connection that has work starts the clock.
pub(crate) struct Work {
    time: Duration,
    begun: OnceLock<(Instant, CpuTime)>,
    count: AtomicUsize,
}

impl Work {
    pub(crate) fn new(time: Duration) -> Arc<Self> {
        Arc::new(Self { time, begun: OnceLock::new(), count: AtomicUsize::new(0) })
    }

    /// Whether there is time for another message.
    pub(crate) fn goes_on(&self) -> bool {
        let (begun, _) = self.begun.get_or_init(|| (Instant::now(), CpuTime::here()));
        let goes_on = begun.elapsed() < self.time;
        self.count.fetch_add(usize::from(goes_on), Ordering::Relaxed);
        goes_on
    }

    pub(crate) fn taken(&self) -> Result<Taken> {
        let (begun, cpu) = self.begun.get().ok_or("no work was done")?;
        let (nanos, cpu) = (begun.elapsed().as_nanos(), CpuTime::here().since(*cpu));
        Ok(Taken { count: self.count.load(Ordering::Relaxed), nanos, cpu })
    }
}

/// Has one task for each sender: `send` once to open the connections, then for as long as there is time.
async fn by_senders<F, S>(load: &Load, senders: usize, mut sender: impl FnMut(usize) -> F) -> Result<Taken>
where
    F: Future<Output = Result<S>>,
    S: SendOne + Send + 'static,
{
    let (work, ready) = (Work::new(load.time), Arc::new(Barrier::new(senders)));
    let mut tasks = Vec::new();
    for number in 0..senders {
        let (mut sender, work, ready) = (sender(number).await?, work.clone(), ready.clone());
        tasks.push(tokio::spawn(async move {
            sender.send().await?;
            ready.wait().await;
            while work.goes_on() {
                sender.send().await?;
            }
            Result::Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    work.taken()
}

trait SendOne {
    fn send(&mut self) -> impl Future<Output = Result<()>> + Send;
}

struct ByPosthaste(Arc<Relay>, Mail);

impl SendOne for ByPosthaste {
    async fn send(&mut self) -> Result<()> {
        let outcomes = self.0.deliver(&Attempt::of(&self.1)).await?;
        match outcomes.iter().find(|outcome| outcome.kind() != OutcomeKind::Accepted) {
            Some(outcome) => Err(outcome.to_string().into()),
            None => Ok(()),
        }
    }
}

async fn posthaste(load: &Load, senders: usize) -> Result<Taken> {
    let scheme = if load.ca.is_some() { "smtps" } else { "smtp" };
    let mut config = RelayConfig::from_url(&format!("{scheme}://{}", load.sink))?;
    if let Some(ca) = &load.ca {
        config.roots = TlsRoots::from_pem(&std::fs::read(ca)?)?;
    }
    config.pool.connections = load.connections;
    let relay = Arc::new(Relay::with_config(config)?);
    let (from, to): (Address, Address) = (FROM.parse()?, TO.parse()?);
    let envelope = Envelope::new(from, [to])?;
    let content = Content::from_canonical(message(load.size))?;
    by_senders(load, senders, |sender| {
        let id = MailId::from_bytes([u8::try_from(sender).unwrap_or(0); 16]);
        let sender = ByPosthaste(relay.clone(), Mail::new(id, envelope.clone(), content.clone()));
        async { Ok(sender) }
    })
    .await
}

struct ByLettre(AsyncSmtpTransport<Tokio1Executor>, lettre::address::Envelope, Arc<[u8]>);

impl SendOne for ByLettre {
    async fn send(&mut self) -> Result<()> {
        self.0.send_raw(&self.1, &self.2).await?;
        Ok(())
    }
}

async fn lettre(load: &Load) -> Result<Taken> {
    let pool = PoolConfig::new().max_size(u32::try_from(load.connections)?);
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(load.sink.ip().to_string());
    if let Some(ca) = &load.ca {
        let parameters = TlsParameters::builder(load.sink.ip().to_string());
        let parameters = parameters.add_root_certificate(Certificate::from_pem(&std::fs::read(ca)?)?);
        transport = transport.tls(Tls::Wrapper(parameters.build_rustls()?));
    }
    let transport = transport.port(load.sink.port()).pool_config(pool).build();
    let envelope = lettre::address::Envelope::new(Some(FROM.parse()?), vec![TO.parse()?])?;
    let content: Arc<[u8]> = message(load.size).into();
    by_senders(load, load.connections, |_| {
        let sender = ByLettre(transport.clone(), envelope.clone(), content.clone());
        async { Ok(sender) }
    })
    .await
}

struct ByMailSend<T: AsyncRead + AsyncWrite>(mail_send::SmtpClient<T>, Arc<[u8]>);

impl<T: AsyncRead + AsyncWrite + Unpin + Send> SendOne for ByMailSend<T> {
    async fn send(&mut self) -> Result<()> {
        let message = mail_send::smtp::message::Message::new(FROM, [TO], &*self.1);
        self.0.send(message).await?;
        Ok(())
    }
}

async fn mail_send(load: &Load) -> Result<Taken> {
    let builder = mail_send::SmtpClientBuilder::new(load.sink.ip().to_string(), load.sink.port())?;
    let content: Arc<[u8]> = message(load.size).into();
    if load.ca.is_some() {
        // It takes no authority of ours; what it checks, it checks once a connection.
        let builder = Arc::new(builder.allow_invalid_certs().implicit_tls(true));
        return by_senders(load, load.connections, |_| {
            let (builder, content) = (builder.clone(), content.clone());
            async move { Ok(ByMailSend(builder.connect().await?, content)) }
        })
        .await;
    }
    let builder = Arc::new(builder.implicit_tls(false));
    by_senders(load, load.connections, |_| {
        let (builder, content) = (builder.clone(), content.clone());
        async move { Ok(ByMailSend(builder.connect_plain().await?, content)) }
    })
    .await
}

const CLIENTS: [Client; 6] =
    [Client::Lettre, Client::MailSend, Client::Posthaste, Client::PosthasteAhead, Client::Raw, Client::SmtpSource];

//! The clients, each in a process of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use posthaste_benches::CpuTime;
use posthaste_mx::{Relay, RelayConfig};
use posthaste_transport::{Attempt, Transport};
use posthaste_types::{Address, Content, Envelope, Mail, MailId, OutcomeKind};
use tokio::sync::Barrier;

use crate::Result;

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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) client: Client,
    pub(crate) sink: SocketAddr,
    pub(crate) size: usize,
    pub(crate) connections: usize,
    pub(crate) count: usize,
}

impl Load {
    pub(crate) fn words(&self) -> [String; 5] {
        let Self { client, sink, size, connections, count } = self;
        [format!("{client:?}"), sink.to_string(), size.to_string(), connections.to_string(), count.to_string()]
    }

    fn parse(words: &[String]) -> Result<Self> {
        let [client, sink, size, connections, count] = words else { return Err("five words, please".into()) };
        let client = CLIENTS.into_iter().find(|known| format!("{known:?}") == *client).ok_or("no such client")?;
        Ok(Self {
            client,
            sink: sink.parse()?,
            size: size.parse()?,
            connections: connections.parse()?,
            count: count.parse()?,
        })
    }
}

/// Runs one client, and prints count, nanoseconds and CPU seconds.
pub(crate) fn run(words: &[String]) -> Result<()> {
    let load = Load::parse(words)?;
    let taken = match load.client {
        Client::Raw => raw(load)?,
        Client::SmtpSource => smtp_source(load)?,
        client => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                match client {
                    Client::Lettre => lettre(load).await,
                    Client::MailSend => mail_send(load).await,
                    Client::PosthasteAhead => posthaste(load, 2 * load.connections).await,
                    _ => posthaste(load, load.connections).await,
                }
            })?
        }
    };
    println!("{} {} {}", load.count, taken.0, taken.1);
    Ok(())
}

/// Nanoseconds and CPU seconds.
type Taken = (u128, f64);

/// Has one task for each connection: `send` once to open it, then as often as there is work left.
async fn on_connections<F, S>(load: Load, mut sender: impl FnMut(usize) -> F) -> Result<Taken>
where
    F: Future<Output = Result<S>>,
    S: SendOne + Send + 'static,
{
    let (left, ready) = (Arc::new(AtomicUsize::new(load.count)), Arc::new(Barrier::new(load.connections)));
    let begun = Arc::new(OnceLock::new());
    let mut tasks = Vec::new();
    for connection in 0..load.connections {
        let (mut sender, left, ready) = (sender(connection).await?, left.clone(), ready.clone());
        let begun = begun.clone();
        tasks.push(tokio::spawn(async move {
            sender.send().await?;
            ready.wait().await;
            begun.get_or_init(now);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                sender.send().await?;
            }
            Result::Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    taken(&begun)
}

type Begun = OnceLock<(Instant, CpuTime)>;

/// The first connection that has work starts the clock.
fn now() -> (Instant, CpuTime) {
    (Instant::now(), CpuTime::here())
}

fn taken(begun: &Begun) -> Result<Taken> {
    let (start, cpu) = begun.get().ok_or("no work was done")?;
    Ok((start.elapsed().as_nanos(), CpuTime::here().since(*cpu)))
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

async fn posthaste(load: Load, senders: usize) -> Result<Taken> {
    let mut config = RelayConfig::from_url(&format!("smtp://{}", load.sink))?;
    config.pool.connections = load.connections;
    let relay = Arc::new(Relay::with_config(config)?);
    let (from, to): (Address, Address) = (FROM.parse()?, TO.parse()?);
    let envelope = Envelope::new(from, [to])?;
    let content = Content::from_canonical(message(load.size))?;
    on_connections(Load { connections: senders, ..load }, |sender| {
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

async fn lettre(load: Load) -> Result<Taken> {
    let pool = PoolConfig::new().max_size(u32::try_from(load.connections)?);
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(load.sink.ip().to_string())
        .port(load.sink.port())
        .pool_config(pool)
        .build();
    let envelope = lettre::address::Envelope::new(Some(FROM.parse()?), vec![TO.parse()?])?;
    let content: Arc<[u8]> = message(load.size).into();
    on_connections(load, |_| {
        let sender = ByLettre(transport.clone(), envelope.clone(), content.clone());
        async { Ok(sender) }
    })
    .await
}

struct ByMailSend(mail_send::SmtpClient<tokio::net::TcpStream>, Arc<[u8]>);

impl SendOne for ByMailSend {
    async fn send(&mut self) -> Result<()> {
        let message = mail_send::smtp::message::Message::new(FROM, [TO], &*self.1);
        self.0.send(message).await?;
        Ok(())
    }
}

async fn mail_send(load: Load) -> Result<Taken> {
    let builder = mail_send::SmtpClientBuilder::new(load.sink.ip().to_string(), load.sink.port())?;
    let builder = Arc::new(builder.implicit_tls(false));
    let content: Arc<[u8]> = message(load.size).into();
    on_connections(load, |_| {
        let (builder, content) = (builder.clone(), content.clone());
        async move { Ok(ByMailSend(builder.connect_plain().await?, content)) }
    })
    .await
}

/// Postfix's own client. It opens its connections while the clock runs.
fn smtp_source(load: Load) -> Result<Taken> {
    let (start, cpu) = (Instant::now(), CpuTime::of_children());
    let mut command = std::process::Command::new("smtp-source");
    command.env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin").arg("-d");
    for (option, value) in [("-l", load.size), ("-m", load.count), ("-s", load.connections)] {
        command.arg(option).arg(value.to_string());
    }
    let status = command.args(["-f", FROM, "-t", TO]).arg(load.sink.to_string()).status()?;
    if !status.success() {
        return Err(format!("smtp-source: {status}").into());
    }
    Ok((start.elapsed().as_nanos(), CpuTime::of_children().since(cpu)))
}

/// The dialogue without a client: envelope in one piece, body in one piece, replies counted by lines.
fn raw(load: Load) -> Result<Taken> {
    let left = Arc::new(AtomicUsize::new(load.count));
    let ready = Arc::new(std::sync::Barrier::new(load.connections));
    let begun = Arc::new(OnceLock::new());
    let mut threads = Vec::new();
    for _ in 0..load.connections {
        let (left, ready, begun) = (left.clone(), ready.clone(), begun.clone());
        let mut dialogue = Dialogue::open(load)?;
        threads.push(thread::spawn(move || {
            dialogue.send()?;
            ready.wait();
            begun.get_or_init(now);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                dialogue.send()?;
            }
            Result::Ok(())
        }));
    }
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")??;
    }
    taken(&begun)
}

struct Dialogue {
    stream: TcpStream,
    envelope: Vec<u8>,
    body: Vec<u8>,
}

impl Dialogue {
    fn open(load: Load) -> Result<Self> {
        let stream = TcpStream::connect(load.sink)?;
        stream.set_nodelay(true)?;
        let envelope = format!("MAIL FROM:<{FROM}>\r\nRCPT TO:<{TO}>\r\nDATA\r\n").into_bytes();
        let body = [message(load.size), b".\r\n".to_vec()].concat();
        let mut dialogue = Self { stream, envelope, body };
        dialogue.hear(1, b"220")?;
        dialogue.stream.write_all(b"EHLO bench.example\r\n")?;
        dialogue.hear_ehlo()?;
        Ok(dialogue)
    }

    fn send(&mut self) -> Result<()> {
        self.stream.write_all(&self.envelope)?;
        self.hear(3, b"354")?;
        self.stream.write_all(&self.body)?;
        self.hear(1, b"250")
    }

    /// Reads so many lines; the last one begins as told.
    fn hear(&mut self, lines: usize, last: &[u8]) -> Result<()> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while heard.iter().filter(|octet| **octet == b'\n').count() < lines {
            let len = self.stream.read(&mut buffer)?;
            heard.extend_from_slice(buffer.get(..len).filter(|octets| !octets.is_empty()).ok_or("closed")?);
        }
        let line = heard.split_inclusive(|octet| *octet == b'\n').next_back().unwrap_or_default();
        if line.starts_with(last) { Ok(()) } else { Err(String::from_utf8_lossy(&heard).into()) }
    }

    fn hear_ehlo(&mut self) -> Result<()> {
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while !heard.split_inclusive(|octet| *octet == b'\n').any(|line: &[u8]| line.starts_with(b"250 ")) {
            let len = self.stream.read(&mut buffer)?;
            heard.extend_from_slice(buffer.get(..len).filter(|octets| !octets.is_empty()).ok_or("closed")?);
        }
        Ok(())
    }
}

/// A message of about this size.
fn message(size: usize) -> Vec<u8> {
    let head = format!("From: <{FROM}>\r\nTo: <{TO}>\r\nSubject: Your order is on its way\r\n\r\n");
    let line = "A line of a mail, as long as such lines are, with nothing in it to note.\r\n";
    let lines = size.saturating_sub(head.len()) / line.len();
    (head + &line.repeat(lines)).into_bytes()
}

const CLIENTS: [Client; 6] =
    [Client::Lettre, Client::MailSend, Client::Posthaste, Client::PosthasteAhead, Client::Raw, Client::SmtpSource];
const FROM: &str = "ada@news.example.com";
const TO: &str = "bob@example.org";

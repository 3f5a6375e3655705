//! A receiver that does as it is told.

use std::net::SocketAddr;
use std::sync::Arc;

use posthaste_receive::{Receiver, ReceiverConfig, ServerTls, TraceField};
use posthaste_smtp::{AuthOffer, Protocol};
use posthaste_types::{Address, Clock, Domain, Timestamp};

mod front;
mod plan;
mod scripted;

use front::Front;
use scripted::Scripted;

pub use plan::{Arrived, Plan, Report};

/// A real SMTP or LMTP receiver on loopback that does as it is told for each recipient, and keeps all that it takes.
///
/// Recipients of whom nothing was said are accepted. The dialogue is that of `posthaste-receive`, so what a client sees
/// is what a server says: also where a plan cuts the connection, which happens on the wire.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use posthaste_testkit::{Plan, TestReceiver};
///
/// let receiver = TestReceiver::start().await;
/// receiver.plan("bob@example.org", Plan::Greylist { attempts: 1 });
/// receiver.plan("eve@example.org", Plan::reply("550 5.1.1 no such user"));
/// println!("deliver to {}", receiver.local_addr());
/// // ... the program under test delivers ...
/// assert!(receiver.received().is_empty());
/// receiver.stop().await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// Its methods panic where an assertion of a test would: on an address that is none, on a port that is taken.
#[derive(Debug)]
pub struct TestReceiver {
    scripted: Arc<Scripted>,
    front: Front,
    receiver: Receiver,
}

impl TestReceiver {
    /// SMTP in clear, on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Begins to set one up.
    pub fn builder() -> TestReceiverBuilder {
        TestReceiverBuilder {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            hostname: "mx.example.org".to_owned(),
            protocol: Protocol::Smtp,
            tls: None,
            users: Vec::new(),
            clock: None,
            on_report: None,
            changes: Vec::new(),
        }
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.front.address
    }

    /// What it does with mail for this address from now on. Replaces what was planned.
    pub fn plan(&self, to: &str, plan: Plan) {
        self.scripted.plan(address(to), plan);
    }

    /// What it does at the next attempts (RCPT commands) for this address, one by one; then what was planned.
    pub fn plan_next(&self, to: &str, plans: impl IntoIterator<Item = Plan>) {
        self.scripted.plan_next(address(to), plans);
    }

    /// What it does with mail for addresses of which nothing was said.
    pub fn plan_others(&self, plan: Plan) {
        self.scripted.plan_others(plan);
    }

    /// All that was taken, oldest first.
    pub fn received(&self) -> Vec<Arrived> {
        self.scripted.arrived()
    }

    /// Takes out all that was taken so far.
    pub fn drain(&self) -> Vec<Arrived> {
        self.scripted.drain()
    }

    /// Waits until so many messages were taken (since the last [`drain`](Self::drain)), and returns them.
    ///
    /// # Cancel safety
    /// Dropped, only the waiting ends.
    pub async fn wait_for(&self, messages: usize) -> Vec<Arrived> {
        let mut count = self.scripted.count.subscribe();
        // The sender is in `self`.
        let _ = count.wait_for(|count| *count >= messages).await;
        self.received()
    }

    /// When each attempt (RCPT command) for this address was made.
    pub fn attempts(&self, to: &str) -> Vec<Timestamp> {
        self.scripted.attempts(&address(to))
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.scripted.wires.made()
    }

    /// Cuts every connection, and returns when the port is free.
    pub async fn stop(&self) {
        self.front.close();
        self.receiver.stop().await;
    }
}

/// Sets a [`TestReceiver`] up.
#[must_use]
pub struct TestReceiverBuilder {
    address: SocketAddr,
    hostname: String,
    protocol: Protocol,
    tls: Option<(ServerTls, Tls)>,
    users: Vec<(String, String)>,
    clock: Option<Arc<dyn Clock>>,
    on_report: Option<Arc<dyn Fn(Report) + Send + Sync>>,
    changes: Vec<Change>,
}

type Change = Box<dyn FnOnce(&mut ReceiverConfig) + Send>;

#[derive(Clone, Copy)]
enum Tls {
    Implicit,
    Optional,
    Required,
}

impl TestReceiverBuilder {
    /// Where to listen; 127.0.0.1 and a free port by default.
    pub fn address(mut self, address: impl Into<SocketAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Its name in the greeting; `mx.example.org` by default.
    pub fn hostname(mut self, hostname: &str) -> Self {
        hostname.clone_into(&mut self.hostname);
        self
    }

    /// LMTP instead of SMTP.
    pub fn lmtp(mut self) -> Self {
        self.protocol = Protocol::Lmtp;
        self
    }

    /// Offers STARTTLS: with a certificate of [`TestCa`](crate::TestCa).
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some((tls, Tls::Optional));
        self
    }

    /// Offers STARTTLS, and takes no mail without it.
    pub fn require_tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some((tls, Tls::Required));
        self
    }

    /// TLS from the first octet.
    pub fn implicit_tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some((tls, Tls::Implicit));
        self
    }

    /// Offers AUTH PLAIN, in clear too, and knows this user.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// The clock that dates what comes and times reports and waits; by default the machine's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Gets the reports of [`Plan::Bounce`]: to send them back by SMTP, or hand them to a Mailer.
    pub fn on_report(mut self, on_report: impl Fn(Report) + Send + Sync + 'static) -> Self {
        self.on_report = Some(Arc::new(on_report));
        self
    }

    /// Changes any setting or limit of the receiver.
    pub fn configure(mut self, change: impl FnOnce(&mut ReceiverConfig) + Send + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// If the address is taken or the hostname is none.
    pub async fn start(self) -> TestReceiver {
        let clock = self.clock.clone().unwrap_or_else(|| Arc::new(posthaste_engine::SystemClock::new()));
        let mut scripted = Scripted::new(Arc::clone(&clock));
        scripted.users = self.users.clone();
        scripted.on_report = self.on_report.clone();
        let scripted = Arc::new(scripted);
        let address = self.address;
        let receiver = self.receiver(Arc::clone(&scripted), clock).await;
        let front = Front::open(address, receiver.local_addr(), Arc::clone(&scripted.wires)).await;
        let front = front.unwrap_or_else(|error| panic!("{address}: {error}"));
        TestReceiver { scripted, front, receiver }
    }

    async fn receiver(self, scripted: Arc<Scripted>, clock: Arc<dyn Clock>) -> Receiver {
        let hostname: Domain = self.hostname.parse().unwrap_or_else(|error| panic!("{}: {error}", self.hostname));
        let mut builder = Receiver::builder(scripted).hostname(hostname).trace_field(TraceField::None).clock(clock);
        if self.protocol == Protocol::Lmtp {
            builder = builder.lmtp();
        }
        if !self.users.is_empty() {
            builder = builder.auth(AuthOffer::Anywhere);
        }
        builder = match self.tls {
            None => builder,
            Some((tls, Tls::Implicit)) => builder.implicit_tls(tls),
            Some((tls, Tls::Optional)) => builder.tls(tls),
            Some((tls, Tls::Required)) => builder.require_tls(tls),
        };
        builder = builder.configure(|config| {
            // Every client of the wire in front has one address.
            (config.max_connections, config.max_connections_per_peer) = (10_000, 10_000);
        });
        for change in self.changes {
            builder = builder.configure(change);
        }
        let bound = builder.bind(([127, 0, 0, 1], 0)).await;
        bound.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl std::fmt::Debug for TestReceiverBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestReceiverBuilder").field("address", &self.address).finish_non_exhaustive()
    }
}

fn address(text: &str) -> Address {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

//! The rest of the world, on loopback: a DNS server, two mailbox providers, and their post office for reports.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use posthaste::dns::{Cached, MemoryZone};
use posthaste::dns_hickory::Hickory;
use posthaste::mx::{InwardAddresses, MxConfig, TlsRoots};
use posthaste::{
    Address, Attempt, Clock, Content, Envelope, Mail, MailId, Mx, Reply, ReversePath, SystemClock, SystemRandom,
    Transport,
};
use posthaste_receive::ServerTls;
use posthaste_testkit::{Arrived, DnsServer, TestCa, TestReceiver, report};
use tokio::sync::mpsc;

/// Everybody but the sender.
pub(crate) struct Town {
    pub(crate) dns: DnsServer,
    /// Asks `dns` over the wire, and keeps what it said.
    pub(crate) resolver: Arc<Cached<Hickory>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) garden: TestReceiver,
    pub(crate) harbour: TestReceiver,
    home: Option<TcpListener>,
    authority: TestCa,
    outbox: mpsc::UnboundedSender<Letter>,
}

/// A report on its way: where it goes, and the whole message.
type Letter = (ReversePath, Vec<u8>);

impl Town {
    /// Opens all of it. Certificates come from an authority that only this program trusts.
    pub(crate) async fn open() -> Result<Self, Box<dyn Error>> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let [at_garden, at_harbour] = two_hosts()?;
        let home = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let home_port = home.local_addr()?.port();

        let dns = DnsServer::start(zone(at_garden.ip(), at_harbour.ip())?).await?;
        let hickory = Hickory::with_servers([dns.address()], clock.clone())?;
        let resolver = Arc::new(Cached::new(hickory, clock.clone()));

        let authority = TestCa::new();
        let (outbox, letters) = mpsc::unbounded_channel();
        let garden = provider(at_garden, "mx.garden.example", &authority, &outbox).await;
        let harbour = provider(at_harbour, "mx.harbour.example", &authority, &outbox).await;
        let town = Self { dns, resolver, clock, garden, harbour, home: Some(home), authority, outbox };

        // Providers send as everybody does: to the MX of the domain that the mail came from.
        let mut config = town.mx_config("out.harbour.example")?;
        config.port = home_port;
        let mx = Mx::new(town.resolver.clone(), town.clock.clone(), config);
        tokio::spawn(send_letters(mx, letters));
        Ok(town)
    }

    /// How mail is delivered in this town: on its one port, to its loopback addresses, under its authority.
    pub(crate) fn mx_config(&self, hello: &str) -> Result<MxConfig, Box<dyn Error>> {
        let mut config = MxConfig::new(hello.parse()?);
        config.port = self.garden.local_addr().port();
        config.inward = InwardAddresses::Allow;
        config.connect_timeout = Duration::from_secs(1); // here, who does not answer at once is not there
        config.roots = TlsRoots::from_pem(self.authority.root_pem().as_bytes())?;
        Ok(config)
    }

    /// The listener and the certificate of the sender's own mail host.
    pub(crate) fn home(&mut self) -> Result<(TcpListener, ServerTls), Box<dyn Error>> {
        let listener = self.home.take().ok_or("the sender's own mail host is open already")?;
        Ok((listener, self.authority.server_tls(&["mail.news.example.com"])))
    }

    /// All messages that the two providers took, by whom they are for.
    pub(crate) fn arrived(&self) -> Vec<(Address, Arrived)> {
        let all = self.garden.received().into_iter().chain(self.harbour.received());
        let mut all: Vec<_> =
            all.flat_map(|mail| mail.clone().to().cloned().map(|to| (to, mail.clone())).collect::<Vec<_>>()).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    /// Somebody presses "this is spam", and the provider tells the sender (RFC 5965).
    pub(crate) fn complain(&self, reader: &Address, about: &Arrived) -> Result<(), Box<dyn Error>> {
        let (content, _) = Content::from_raw(about.octets.clone())?;
        let path = about.envelope.from().clone();
        Ok(self.outbox.send((path.clone(), report::complaint(&path, reader, &content)))?)
    }

    /// Somebody makes up a report about mail that he never got.
    pub(crate) fn forge_report(
        &self,
        path: ReversePath,
        reader: &Address,
        about: &Arrived,
    ) -> Result<(), Box<dyn Error>> {
        let (content, _) = Content::from_raw(about.octets.clone())?;
        let reply = Reply::new(550, "5.1.1 no such user")?;
        Ok(self.outbox.send((path.clone(), report::delivery_report(&path, reader, &reply, &content)))?)
    }
}

/// A provider that takes no mail without TLS, and sends reports through the town's post office.
async fn provider(
    at: SocketAddr,
    host: &str,
    authority: &TestCa,
    outbox: &mpsc::UnboundedSender<Letter>,
) -> TestReceiver {
    let outbox = outbox.clone();
    TestReceiver::builder()
        .address(at)
        .hostname(host)
        .require_tls(authority.server_tls(&[host]))
        .on_report(move |report| drop(outbox.send((report.to, report.octets))))
        .start()
        .await
}

async fn send_letters(mx: Mx, mut letters: mpsc::UnboundedReceiver<Letter>) {
    while let Some((path, octets)) = letters.recv().await {
        let Some(to) = path.address() else { continue };
        // From the null path: nobody is told of a report's own failure (RFC 5321 §4.5.5).
        let (Ok(envelope), Ok((content, _))) = (Envelope::new(ReversePath::Null, [to]), Content::from_raw(octets))
        else {
            continue;
        };
        let id = MailId::new(SystemClock::new().wall(), &SystemRandom::new());
        if let Err(error) = mx.deliver(&Attempt::of(&Mail::new(id, envelope, content))).await {
            eprintln!("a report was not sent: {error}");
        }
    }
}

/// What the DNS of this town says.
fn zone(garden: IpAddr, harbour: IpAddr) -> Result<MemoryZone, Box<dyn Error>> {
    let kind = |ip: IpAddr| if ip.is_ipv4() { "A" } else { "AAAA" };
    let zone = format!(
        "
        bounces.news.example.com  MX 10 mail.news.example.com
        mail.news.example.com     A 127.0.0.1

        garden.example            MX 10 mx.garden.example
        mx.garden.example         {} {garden}

        ; the better host of the two is down
        harbour.example           MX 10 down.harbour.example
        harbour.example           MX 20 mx.harbour.example
        down.harbour.example      A 127.0.0.9
        mx.harbour.example        {} {harbour}

        ; takes no mail (RFC 7505); gone.example does not exist at all
        quiet.example             MX 0 .
        ",
        kind(garden),
        kind(harbour),
    );
    Ok(zone.parse()?)
}

/// One port that is free on two addresses: all of 127/8 is loopback on most systems, ::1 on the others.
fn two_hosts() -> Result<[SocketAddr; 2], Box<dyn Error>> {
    let pairs: [[IpAddr; 2]; 2] = [
        [Ipv4Addr::new(127, 0, 0, 2).into(), Ipv4Addr::new(127, 0, 0, 3).into()],
        [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
    ];
    for [one, other] in pairs {
        for _ in 0..20 {
            let Ok(first) = TcpListener::bind((one, 0)) else { break };
            let port = first.local_addr()?.port();
            if TcpListener::bind((other, port)).is_ok() {
                return Ok([(one, port).into(), (other, port).into()]);
            }
        }
    }
    Err("no port is free on two loopback addresses".into())
}

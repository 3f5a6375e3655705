//! Signed zones on loopback, and such whose signatures do not hold.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::dnssec::crypto::Ed25519SigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS};
use hickory_proto::dnssec::{DigestType, DnssecSigner, PublicKeyBuf, SigningKey};
use hickory_proto::rr::rdata::{NS, SOA};
use hickory_proto::rr::{LowerName, Name, RData, Record, RecordType};
use hickory_proto::serialize::txt::Parser;
use hickory_server::Server;
use hickory_server::dnssec::NxProofKind;
use hickory_server::net::runtime::{Time, TokioRuntimeProvider};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneHandler, ZoneType};
use tokio::net::{TcpListener, UdpSocket};

/// A DNS server on loopback with a signed root and zones below it: secure ones, insecure ones, and bogus ones
/// (RFC 4033 §5).
///
/// It answers with authority for all of them on one port, signatures and proofs included (RFC 4035 §3), so that a
/// resolver which validates can be pointed at it with [`root_key`](Self::root_key) as its trust anchor. Signatures hold
/// for a week from now, by the system's clock.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use posthaste_testkit::SignedDns;
///
/// let dns = SignedDns::builder()
///     .secure("example.org", "example.org MX 10 mx.example.org\nmx.example.org A 127.0.0.1")
///     .insecure("example.net", "example.net A 127.0.0.1")
///     .bogus("example.com", "example.com A 127.0.0.1")
///     .start()
///     .await?;
/// println!("ask {}, and trust the Ed25519 key {:?}", dns.address(), dns.root_key());
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Needs the feature `signed-dns`.
pub struct SignedDns {
    address: SocketAddr,
    root_key: Vec<u8>,
    zones: Vec<(Name, Arc<Zone>)>,
    _server: Server<Authorities>,
}

/// Says which zones a [`SignedDns`] has.
///
/// Records are those of a master file (RFC 1035 §5), one a line: `name [ttl] kind data`. Names are absolute, with or
/// without a final dot, and must lie within the zone. Without a TTL it is 300 seconds.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SignedDnsBuilder(Vec<(String, Kind, String)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Secure,
    Insecure,
    Bogus,
}

type Zone = InMemoryZoneHandler<TokioRuntimeProvider>;

impl SignedDnsBuilder {
    /// A zone that is signed, and whose key the root vouches for.
    pub fn secure(mut self, apex: &str, records: &str) -> Self {
        self.0.push((apex.to_owned(), Kind::Secure, records.to_owned()));
        self
    }

    /// A zone that is not signed, and of which the root proves that.
    pub fn insecure(mut self, apex: &str, records: &str) -> Self {
        self.0.push((apex.to_owned(), Kind::Insecure, records.to_owned()));
        self
    }

    /// A zone that is signed by another key than the one that the root vouches for.
    pub fn bogus(mut self, apex: &str, records: &str) -> Self {
        self.0.push((apex.to_owned(), Kind::Bogus, records.to_owned()));
        self
    }

    /// Starts the server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port is free for both UDP and TCP; [`io::ErrorKind::InvalidInput`] for records that are none.
    pub async fn start(self) -> io::Result<SignedDns> {
        let mut root = zone(&Name::root(), Some(NxProofKind::Nsec));
        let mut zones = Vec::new();
        for (apex, kind, records) in &self.0 {
            let apex = absolute(apex)?;
            add(&mut root, Record::from_rdata(apex.clone(), 300, RData::NS(NS(name_server()))))?;
            let mut zone = zone(&apex, (*kind != Kind::Insecure).then_some(NxProofKind::Nsec));
            parse(records)?.into_iter().try_for_each(|record| add(&mut zone, record))?;
            if *kind != Kind::Insecure {
                let public = sign(&mut zone, &apex)?;
                let vouched = if *kind == Kind::Bogus { public_of(&new_key()?)? } else { public };
                let ds = DS::from_key(&vouched, &apex, DigestType::SHA256).map_err(invalid)?;
                add(&mut root, Record::from_rdata(apex.clone(), 300, RData::DNSSEC(DNSSECRData::DS(ds))))?;
            }
            zones.push((apex, Arc::new(zone)));
        }
        let root_key = sign(&mut root, &Name::root())?;
        let (server, address) = serve(Arc::new(root), &zones).await?;
        Ok(SignedDns { address, root_key: root_key.into_inner(), zones, _server: server })
    }
}

impl SignedDns {
    /// Begins to set one up.
    pub fn builder() -> SignedDnsBuilder {
        SignedDnsBuilder::default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The Ed25519 key of the root (RFC 8080): 32 octets.
    pub fn root_key(&self) -> &[u8] {
        &self.root_key
    }

    /// Puts a record in the place of that name's and kind's, behind the signature, as an attacker would: it does not
    /// hold then.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if it is no record, or of no zone here.
    pub async fn forge(&self, record: &str) -> io::Result<()> {
        for record in parse(record)? {
            let of = self.zones.iter().filter(|(apex, _)| apex.zone_of(&record.name));
            let (_, zone) = of.max_by_key(|(apex, _)| apex.num_labels()).ok_or_else(|| invalid("of no zone here"))?;
            // A set that has a newer serial loses its older records, and keeps their signatures.
            if !zone.upsert(record, FORGED).await {
                return Err(invalid("the record is there already"));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SignedDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zones: Vec<String> = self.zones.iter().map(|(apex, _)| apex.to_string()).collect();
        f.debug_struct("SignedDns").field("address", &self.address).field("zones", &zones).finish_non_exhaustive()
    }
}

/// The DS of a zone is its parent's to tell (RFC 4035 §3.1.4.1).
struct Authorities {
    parents: Catalog,
    all: Catalog,
}

#[async_trait::async_trait]
impl RequestHandler for Authorities {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, to: R) -> ResponseInfo {
        let of_parent = request.queries.queries().iter().any(|query| query.query_type() == RecordType::DS);
        let catalog = if of_parent { &self.parents } else { &self.all };
        catalog.handle_request::<R, T>(request, to).await
    }
}

async fn serve(root: Arc<Zone>, zones: &[(Name, Arc<Zone>)]) -> io::Result<(Server<Authorities>, SocketAddr)> {
    let handler = |zone: &Arc<Zone>| vec![Arc::clone(zone) as Arc<dyn ZoneHandler>];
    let (mut parents, mut all) = (Catalog::new(), Catalog::new());
    parents.upsert(LowerName::new(&Name::root()), handler(&root));
    all.upsert(LowerName::new(&Name::root()), handler(&root));
    for (apex, zone) in zones {
        all.upsert(LowerName::new(apex), handler(zone));
    }
    let mut server = Server::new(Authorities { parents, all });
    let mut tries = 0;
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => break (udp, tcp),
            Err(_) if tries < MAX_TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    };
    let address = udp.local_addr()?;
    server.register_listener(tcp, Duration::from_secs(60), 16);
    server.register_socket(udp);
    Ok((server, address))
}

fn zone(apex: &Name, proof: Option<NxProofKind>) -> Zone {
    let mut zone = Zone::empty(apex.clone(), ZoneType::Primary, AxfrPolicy::Deny, proof);
    let soa = SOA::new(name_server(), name_server(), SERIAL, 7200, 1800, 1_209_600, 60);
    zone.upsert_mut(Record::from_rdata(apex.clone(), 300, RData::SOA(soa)), SERIAL);
    zone.upsert_mut(Record::from_rdata(apex.clone(), 300, RData::NS(NS(name_server()))), SERIAL);
    zone
}

fn add(zone: &mut Zone, record: Record) -> io::Result<()> {
    let text = record.to_string();
    let within = Name::from(zone.origin()).zone_of(&record.name);
    if within && zone.upsert_mut(record, SERIAL) { Ok(()) } else { Err(invalid(format!("of another zone: {text}"))) }
}

fn sign(zone: &mut Zone, apex: &Name) -> io::Result<PublicKeyBuf> {
    let key = new_key()?;
    let public = public_of(&key)?;
    let week = Duration::from_secs(7 * 86_400);
    let signer = DnssecSigner::new(DNSKEY::from_key(&public), Box::new(key), apex.clone(), week);
    zone.add_zone_signing_key_mut(signer).map_err(invalid)?;
    zone.secure_zone_mut().map_err(invalid)?;
    Ok(public)
}

fn new_key() -> io::Result<Ed25519SigningKey> {
    let pkcs8 = Ed25519SigningKey::generate_pkcs8().map_err(invalid)?;
    Ed25519SigningKey::from_pkcs8(&pkcs8).map_err(invalid)
}

fn public_of(key: &Ed25519SigningKey) -> io::Result<PublicKeyBuf> {
    key.to_public_key().map_err(invalid)
}

fn parse(records: &str) -> io::Result<Vec<Record>> {
    let lines: Vec<&str> = records.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = format!("$TTL 300\n{}\n", lines.join("\n"));
    let (_, sets) = Parser::new(text, None, Some(Name::root())).parse().map_err(invalid)?;
    let records: Vec<Record> = sets.values().flat_map(|set| set.records_without_rrsigs().cloned()).collect();
    // The parser passes over a line that is only begun.
    if records.len() == lines.len() { Ok(records) } else { Err(invalid("a line is no record, or stands twice")) }
}

fn absolute(name: &str) -> io::Result<Name> {
    let mut name = Name::from_ascii(name).map_err(invalid)?;
    name.set_fqdn(true);
    Ok(name)
}

/// Nobody asks for its address: all is answered here.
fn name_server() -> Name {
    Name::from_labels([b"ns".as_slice()]).unwrap_or_else(|_| Name::root())
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

const SERIAL: u32 = 1;
const FORGED: u32 = 2;
const MAX_TRIES: usize = 10;

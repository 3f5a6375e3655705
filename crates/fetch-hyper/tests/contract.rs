//! The contract, against servers on loopback.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_dns::MemoryZone;
use posthaste_fetch::contract::{self, FetchFixture, Page};
use posthaste_fetch::{Fetch, FetchErrorKind, Request, Url};
use posthaste_fetch_hyper::{FetchConfig, FetchRoots, HyperFetch, InwardAddresses, PlainHttp};
use posthaste_testkit::{TestCa, VirtualClock};
use posthaste_types::Clock;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const HOST: &str = "web.example";

/// Serves the pages of the suite; returns the port.
async fn serve(tls: Option<&TestCa>) -> u16 {
    let acceptor = tls.map(|ca| {
        let (certificate, key) = ca.server_pem(&[HOST, "127.0.0.1"]);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                match acceptor {
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            answer(stream).await;
                        }
                    }
                    None => answer(stream).await,
                }
            });
        }
    });
    port
}

/// Reads one request and answers it; clients that go are no failure here.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let mut octets = Vec::new();
    let (head, body) = loop {
        let mut block = [0; 4096];
        match stream.read(&mut block).await {
            Ok(len) if len > 0 => octets.extend_from_slice(&block[..len]),
            _ => return,
        }
        let Some(end) = octets.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(octets[..end].to_vec()).unwrap().to_ascii_lowercase();
        let len = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        if octets.len() >= end + 4 + len {
            break (head, octets[end + 4..].to_vec());
        }
    };
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let plain = |status: &str, more: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{more}\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let reply = match path.as_str() {
        "/hello" => plain("200 OK", "Content-Type: text/plain; charset=utf-8\r\n", b"hello"),
        "/echo" => plain("200 OK", "", &body),
        "/moved" => plain("302 Found", "location: /hello\r\n", b""),
        "/head" => plain("200 OK", "", head.as_bytes()),
        "/garbage" => b"no HTTP\r\n\r\n".to_vec(),
        "/cut" => b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec(),
        "/wide" => [b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &[b'y'; 200_000], b"\r\n\r\n"].concat(),
        "/silent" => return std::future::pending().await,
        "/endless" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            while stream.write_all(b"5\r\nhello\r\n").await.is_ok() {}
            return;
        }
        _ => plain("404 Not Found", "", b""),
    };
    let _ = stream.write_all(&reply).await;
    let _ = stream.shutdown().await;
}

fn fetch(ca: &TestCa, clock: &VirtualClock, change: impl FnOnce(&mut FetchConfig)) -> HyperFetch {
    let zone: MemoryZone = format!("{HOST} A 127.0.0.1").parse().unwrap();
    let mut config = FetchConfig::default();
    config.inward = InwardAddresses::Allow;
    config.roots = FetchRoots::from_pem(ca.root_pem().as_bytes()).unwrap();
    change(&mut config);
    HyperFetch::new(Arc::new(zone), Arc::new(clock.clone()), config)
}

struct Fixture {
    web: Arc<HyperFetch>,
    clock: VirtualClock,
    port: u16,
    strange: u16,
    closed: u16,
}

#[async_trait]
impl FetchFixture for Fixture {
    fn fetch(&self) -> Arc<dyn Fetch> {
        self.web.clone()
    }
    fn url(&self, page: Page) -> Option<Url> {
        let port = match page {
            Page::Closed => self.closed,
            Page::Untrusted => self.strange,
            _ => self.port,
        };
        let scheme = if page == Page::Forbidden { "http" } else { "https" };
        let path = format!("{page:?}").to_ascii_lowercase();
        Some(Url::parse(&format!("{scheme}://{HOST}:{port}/{path}")).unwrap())
    }
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }
    async fn advance(&self, by: Duration) {
        self.clock.advance(by).await;
    }
}

#[tokio::test]
async fn holds_the_contract() {
    let (ca, clock) = (TestCa::new(), VirtualClock::new());
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let (port, strange) = (serve(Some(&ca)).await, serve(Some(&TestCa::new())).await);
    let web = Arc::new(fetch(&ca, &clock, |_| {}));
    contract::check(&Fixture { web, clock, port, strange, closed }).await;
}

async fn get(web: &HyperFetch, clock: &VirtualClock, url: &str) -> Result<Vec<u8>, FetchErrorKind> {
    let by = clock.tick().saturating_add(Duration::from_secs(30));
    let response = web.fetch(&Request::get(Url::parse(url).unwrap()), by).await;
    response.map(|response| response.body().to_vec()).map_err(|error| error.kind())
}

/// The address that a name leads to is checked, and an address in the URL too.
#[tokio::test]
async fn inward_addresses_are_not_dialled() {
    let (ca, clock) = (TestCa::new(), VirtualClock::new());
    let port = serve(Some(&ca)).await;
    let allowed = fetch(&ca, &clock, |_| {});
    let refused = fetch(&ca, &clock, |config| config.inward = InwardAddresses::Refuse);
    for host in [HOST, "127.0.0.1"] {
        let url = format!("https://{host}:{port}/hello");
        assert_eq!(get(&allowed, &clock, &url).await, Ok(b"hello".to_vec()), "{host}");
        assert_eq!(get(&refused, &clock, &url).await, Err(FetchErrorKind::Forbidden), "{host}");
    }
    for url in ["https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest", "https://[fd00::1]/"] {
        assert_eq!(get(&refused, &clock, url).await, Err(FetchErrorKind::Forbidden), "{url}");
    }
    assert_eq!(get(&allowed, &clock, "https://nowhere.example/").await, Err(FetchErrorKind::Dns));
}

#[tokio::test]
async fn in_clear_where_it_is_allowed() {
    let (ca, clock) = (TestCa::new(), VirtualClock::new());
    let port = serve(None).await;
    let web = fetch(&ca, &clock, |config| config.plain_http = PlainHttp::Allow);
    let head = String::from_utf8(get(&web, &clock, &format!("http://{HOST}:{port}/head")).await.unwrap()).unwrap();
    for field in [format!("host: {HOST}:{port}"), "connection: close".into()] {
        assert!(head.lines().any(|line| line == field), "{head}");
    }
    assert!(head.starts_with("get /head http/1.1"), "{head}");
}

#[tokio::test]
async fn responses_that_are_none() {
    let (ca, clock) = (TestCa::new(), VirtualClock::new());
    let port = serve(Some(&ca)).await;
    let web = fetch(&ca, &clock, |_| {});
    let table =
        [("garbage", FetchErrorKind::Protocol), ("cut", FetchErrorKind::Closed), ("wide", FetchErrorKind::Protocol)];
    for (path, expected) in table {
        assert_eq!(get(&web, &clock, &format!("https://{HOST}:{port}/{path}")).await, Err(expected), "{path}");
    }
}

#[test]
fn roots_that_are_none() {
    for pem in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(FetchRoots::from_pem(pem.as_bytes()).is_err(), "{pem:?}");
    }
}

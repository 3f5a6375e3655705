//! A small SOCKS5 server (RFC 1928, RFC 1929).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does with clients.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    /// Connects.
    Open,
    /// Connects those who log in with these.
    Login(&'static str, &'static str),
    /// Refuses each request with this code.
    Refuse(u8),
    /// Says this, whatever comes.
    Say(&'static [u8]),
}

#[derive(Debug)]
pub(crate) struct SocksServer {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<SocketAddr>>>,
    task: JoinHandle<()>,
}

impl SocksServer {
    pub(crate) async fn start(rule: Rule) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
        let list = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (rule, list) = (rule.clone(), Arc::clone(&list));
                tokio::spawn(async move { serve(stream, rule, &list).await });
            }
        });
        Self { address, asked, task }
    }

    /// The addresses that connections were asked to.
    pub(crate) fn asked(&self) -> Vec<SocketAddr> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for SocksServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, rule: Rule, asked: &Mutex<Vec<SocketAddr>>) -> io::Result<()> {
    if let Rule::Say(octets) = rule {
        stream.write_all(octets).await?;
        return stream.shutdown().await;
    }
    let (_version, count) = (stream.read_u8().await?, stream.read_u8().await?);
    let mut methods = vec![0; usize::from(count)];
    stream.read_exact(&mut methods).await?;
    let wanted = if matches!(rule, Rule::Login(..)) { 2 } else { 0 };
    if !methods.contains(&wanted) {
        return stream.write_all(&[5, 0xff]).await;
    }
    stream.write_all(&[5, wanted]).await?;
    if let Rule::Login(name, password) = rule {
        assert_eq!(stream.read_u8().await?, 1);
        let (given, secret) = (string(&mut stream).await?, string(&mut stream).await?);
        let fine = given == name.as_bytes() && secret == password.as_bytes();
        stream.write_all(&[1, u8::from(!fine)]).await?;
        if !fine {
            return Ok(());
        }
    }
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    assert_eq!(head[..3], [5, 1, 0], "CONNECT");
    let ip = match head[3] {
        1 => IpAddr::from(Ipv4Addr::from(stream.read_u32().await?)),
        4 => IpAddr::from(Ipv6Addr::from(stream.read_u128().await?)),
        other => panic!("address type {other}: a name must not come here"),
    };
    let to = SocketAddr::new(ip, stream.read_u16().await?);
    asked.lock().unwrap().push(to);
    if let Rule::Refuse(code) = rule {
        return stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    }
    let mut onward = TcpStream::connect(to).await?;
    // Its own end as a name, which clients must get past too.
    stream.write_all(&[5, 0, 0, 3, 5, b'p', b'r', b'o', b'x', b'y', 4, 56]).await?;
    tokio::io::copy_bidirectional(&mut stream, &mut onward).await?;
    Ok(())
}

async fn string(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut octets = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut octets).await?;
    Ok(octets)
}

//! A look at mail hosts over TCP: the greeting, EHLO, QUIT.

use std::net::IpAddr;
use std::sync::Arc;

use posthaste::{Clock, DnsName, Tick};
use posthaste_doctor::Probe;
use posthaste_doctor::probe::{Look, ProbeError, StartTls};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Looks at mail hosts over TCP.
#[derive(Debug)]
pub(crate) struct SmtpLook {
    clock: Arc<dyn Clock>,
    port: u16,
}

impl SmtpLook {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, port: 25 }
    }
}

#[async_trait::async_trait]
impl Probe for SmtpLook {
    async fn look(&self, _host: &DnsName, ip: IpAddr, by: Tick) -> Result<Look, ProbeError> {
        tokio::select! {
            biased;
            () = self.clock.sleep_until(by) => Err(ProbeError::Timeout),
            look = dialogue(ip, self.port) => look,
        }
    }
}

async fn dialogue(ip: IpAddr, port: u16) -> Result<Look, ProbeError> {
    let stream = TcpStream::connect((ip, port)).await.map_err(|_| ProbeError::Unreachable)?;
    // RFC 5321 §4.5.3.1.5: 512 octets a line; a greeting and an EHLO have few.
    let mut host = BufReader::new(stream).take(64 * 1024);
    let greeting = reply(&mut host).await?;
    let name = match greeting.first() {
        Some((220, text)) => text.split(' ').next().unwrap_or_default().to_owned(),
        _ => return Err(ProbeError::Refused),
    };
    say(&mut host, "EHLO doctor.invalid\r\n").await?;
    let lines = reply(&mut host).await?;
    say(&mut host, "QUIT\r\n").await?;
    let offers = lines.iter().any(|(code, text)| *code == 250 && text.trim().eq_ignore_ascii_case("STARTTLS"));
    Ok(Look::new(name, if offers { StartTls::Offered } else { StartTls::Missing }))
}

type Host = tokio::io::Take<BufReader<TcpStream>>;

async fn say(host: &mut Host, line: &str) -> Result<(), ProbeError> {
    host.get_mut().get_mut().write_all(line.as_bytes()).await.map_err(|_| ProbeError::Closed)
}

/// The lines of one reply, each with its code.
async fn reply(host: &mut Host) -> Result<Vec<(u16, String)>, ProbeError> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        let read = host.read_until(b'\n', &mut line).await.map_err(|_| ProbeError::Closed)?;
        if read == 0 {
            return Err(if host.limit() == 0 { ProbeError::Protocol } else { ProbeError::Closed });
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let code = line.get(..3).and_then(|code| code.parse().ok()).ok_or(ProbeError::Protocol)?;
        let last = line.as_bytes().get(3) != Some(&b'-');
        lines.push((code, line.get(4..).unwrap_or_default().to_owned()));
        if last {
            return Ok(lines);
        }
    }
}

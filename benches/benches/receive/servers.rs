//! The receivers, each in a process of its own.

use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use async_trait::async_trait;
use posthaste_benches::{CpuTime, SmtpSink};
use posthaste_receive::{Handler, HandlerError, Incoming, Receiver, ServerTls, Session, Verdict, Verdicts};
use posthaste_testkit::TestCa;
use posthaste_types::Address;

use crate::Result;

/// Which receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    OneThread,
    AllCores,
    SmtpSink,
    Null,
    Python,
    OneThreadTls,
    AllCoresTls,
    PythonTls,
}

impl Kind {
    pub(crate) const ALL: [(Self, &str); 8] = [
        (Self::OneThread, "posthaste Receiver, one thread"),
        (Self::AllCores, "posthaste Receiver, all cores"),
        (Self::SmtpSink, "smtp-sink"),
        (Self::Null, "null sink"),
        (Self::Python, "Python, asyncio"),
        (Self::OneThreadTls, "posthaste Receiver, one thread, TLS"),
        (Self::AllCoresTls, "posthaste Receiver, all cores, TLS"),
        (Self::PythonTls, "Python, asyncio, TLS"),
    ];

    pub(crate) fn is_tls(self) -> bool {
        matches!(self, Self::OneThreadTls | Self::AllCoresTls | Self::PythonTls)
    }
}

/// A running receiver; dropping it ends it.
pub(crate) enum Server {
    Own(Child, SocketAddr),
    SmtpSink(SmtpSink),
}

impl Server {
    /// `None` if its program is not installed.
    pub(crate) fn start(kind: Kind, folder: &Path) -> Result<Option<Self>> {
        let own = |words: &[&str]| -> Result<Command> {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(words).arg(folder);
            Ok(command)
        };
        let mut command = match kind {
            Kind::SmtpSink => return Ok(SmtpSink::start()?.map(Self::SmtpSink)),
            Kind::Null => own(&["as-null"])?,
            Kind::OneThread => own(&["as-receiver", "one", "clear"])?,
            Kind::AllCores => own(&["as-receiver", "all", "clear"])?,
            Kind::OneThreadTls => own(&["as-receiver", "one", "tls"])?,
            Kind::AllCoresTls => own(&["as-receiver", "all", "tls"])?,
            Kind::Python => python(None),
            Kind::PythonTls => python(Some(folder)),
        };
        let mut child = match command.stdout(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut line = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().parse().map_err(|_| format!("{kind:?} gave no address: {line:?}"))?;
        Ok(Some(Self::Own(child, address)))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Own(_, address) => *address,
            Self::SmtpSink(sink) => sink.address(),
        }
    }

    /// The CPU time that it used so far.
    pub(crate) fn cpu(&self) -> CpuTime {
        match self {
            Self::Own(child, _) => CpuTime::of_process(child.id()),
            Self::SmtpSink(sink) => sink.cpu(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Self::Own(child, _) = self {
            // It may have ended already.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Takes everything, into memory.
#[derive(Debug)]
struct Dropping;

#[async_trait]
impl Handler for Dropping {
    async fn recipient(&self, _: &Session, _: &Address) -> Verdict {
        Verdict::Accept
    }

    async fn message(&self, _: &Session, mail: Incoming<'_>) -> std::result::Result<Verdicts, HandlerError> {
        drop(mail.into_octets());
        Ok(Verdict::Accept.into())
    }
}

/// Runs our receiver until the process is ended; prints the address first.
pub(crate) fn receive(words: &[String]) -> Result<()> {
    let [threads, security, folder] = words else { return Err("three words, please".into()) };
    let mut builder = match threads.as_str() {
        "one" => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let folder = Path::new(folder);
    builder.enable_all().build()?.block_on(async {
        let receiver = Receiver::builder(Dropping).configure(|config| config.max_connections_per_peer = 100);
        let receiver = if security == "tls" {
            let (chain, key) = (std::fs::read(folder.join(CHAIN))?, std::fs::read(folder.join(KEY))?);
            receiver.implicit_tls(ServerTls::from_pem(&chain, &key)?)
        } else {
            receiver
        };
        let receiver = receiver.bind(([127, 0, 0, 1], 0)).await?;
        println!("{}", receiver.local_addr());
        std::future::pending::<()>().await;
        Ok(())
    })
}

pub(crate) fn make_certificate(folder: &Path) -> Result<()> {
    let ca = TestCa::new();
    let (chain, key) = ca.server_pem(&[NAME]);
    std::fs::write(folder.join(CHAIN), chain)?;
    std::fs::write(folder.join(KEY), key)?;
    std::fs::write(root(folder), ca.root_pem())?;
    Ok(())
}

/// The certificate that vouches for the others.
pub(crate) fn root(folder: &Path) -> PathBuf {
    folder.join("root.pem")
}

fn python(tls: Option<&Path>) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", PYTHON]);
    if let Some(folder) = tls {
        command.args([folder.join(CHAIN), folder.join(KEY)]);
    }
    command
}

/// What the certificate is for.
pub(crate) const NAME: &str = "mx.example.org";
const CHAIN: &str = "chain.pem";
const KEY: &str = "key.pem";

/// A receiver as small as can be: it knows the commands of the dialogue, and takes each message into memory.
const PYTHON: &str = r#"
import asyncio, ssl, sys

class Session(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.held, self.content = transport, b"", False
        transport.write(b"220 python.example ESMTP\r\n")

    def data_received(self, octets):
        self.held += octets
        answers = []
        while True:
            if self.content:
                if self.held.startswith(b".\r\n"):
                    end, message = 0, b""
                else:
                    end = self.held.find(b"\r\n.\r\n")
                    if end < 0:
                        break
                    message = self.held[:end].replace(b"\r\n..", b"\r\n.")
                    end += 2
                self.held, self.content = self.held[end + 3:], False
                answers.append(b"250 ok\r\n")
                continue
            line, end, rest = self.held.partition(b"\r\n")
            if not end:
                break
            self.held = rest
            verb = line[:4].upper()
            if verb == b"EHLO":
                answers.append(b"250-python.example\r\n250 PIPELINING\r\n")
            elif verb == b"DATA":
                self.content = True
                answers.append(b"354 go on\r\n")
            elif verb == b"QUIT":
                answers.append(b"221 bye\r\n")
            else:
                answers.append(b"250 ok\r\n")
        if answers:
            self.transport.write(b"".join(answers))

async def main():
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", 0, ssl=context)
    print("%s:%d" % server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

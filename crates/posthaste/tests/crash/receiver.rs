//! The receiver's process: takes mail, and writes a log of its own, by which the test judges.
//!
//! Each line of the log is in the file before the client can know of what it tells: a message before its 250 is sent.
//! In front of the receiver stands a wire that sees each connection open and close; a connection that was used and
//! closed without QUIT was cut by a kill.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use posthaste::{Address, Reply};
use posthaste_receive::{Handler, HandlerError, Incoming, Receiver, Session, Verdict, Verdicts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::mail;
use crate::other::{say, variable};

/// The variable that names the file of the log.
pub(crate) const LOG: &str = "POSTHASTE_TEST_LOG";

/// The log. Every line goes to the test too, as it is written.
#[derive(Debug)]
struct Log(Mutex<File>);

impl Log {
    fn write(&self, line: &str) {
        let mut file = self.0.lock().unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
        say(line);
    }
}

#[derive(Debug)]
struct Taker {
    log: Arc<Log>,
    wires: Arc<Wires>,
    deferred: Mutex<HashSet<Address>>,
}

#[async_trait]
impl Handler for Taker {
    /// Some are deferred once, so that waiting mail goes through the kills too.
    async fn recipient(&self, _: &Session, to: &Address) -> Verdict {
        if mail::is_greylisted(to) && self.deferred.lock().unwrap().insert(to.clone()) {
            return Verdict::Defer(Reply::new(451, "4.7.1 greylisted").unwrap());
        }
        Verdict::Accept
    }

    async fn message(&self, session: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        let to: Vec<&str> = mail.envelope().to().iter().map(|to| to.address.as_str()).collect();
        let wire = self.wires.number(session.peer().address.port());
        self.log.write(&format!("received {} {} on {wire}", to.join(","), mail.fingerprint()));
        Ok(Verdict::Accept.into())
    }
}

/// The connections that are open.
#[derive(Debug)]
struct Wires {
    numbers: Mutex<HashMap<u16, u32>>,
    open: watch::Sender<u32>,
}

impl Wires {
    fn number(&self, port: u16) -> u32 {
        self.numbers.lock().unwrap().get(&port).copied().unwrap_or_default()
    }
}

/// Plays the receiver until its input ends.
pub(crate) async fn run() {
    let log = Arc::new(Log(Mutex::new(File::create(variable(LOG)).unwrap())));
    let wires = Arc::new(Wires { numbers: Mutex::default(), open: watch::Sender::new(0) });
    let taker = Taker { log: log.clone(), wires: wires.clone(), deferred: Mutex::default() };
    let receiver = Receiver::builder(taker).bind(([127, 0, 0, 1], 0)).await.unwrap();
    let door = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    say(format!("listening {}", door.local_addr().unwrap().port()));
    let mut orders = orders();
    let mut made = 0;
    loop {
        tokio::select! {
            accepted = door.accept() => {
                made += 1;
                let (client, _) = accepted.unwrap();
                wires.open.send_modify(|open| *open += 1);
                tokio::spawn(wire(made, client, receiver.local_addr(), log.clone(), wires.clone()));
            }
            order = orders.recv() => match order {
                // What came before the end of the sender is in the log when the end is.
                Some(end) => {
                    wires.open.subscribe().wait_for(|open| *open == 0).await.unwrap();
                    log.write(&end);
                }
                None => break,
            },
        }
    }
    receiver.stop().await;
}

fn orders() -> mpsc::UnboundedReceiver<String> {
    let (give, take) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if give.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    take
}

async fn wire(number: u32, client: TcpStream, server: SocketAddr, log: Arc<Log>, wires: Arc<Wires>) {
    let server = TcpStream::connect(server).await.unwrap();
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    wires.numbers.lock().unwrap().insert(server.local_addr().unwrap().port(), number);
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let there = async {
        let mut how = "unused";
        let mut buffer = vec![0; 65_536];
        while let Ok(len @ 1..) = from_client.read(&mut buffer).await {
            let octets = &buffer[..len];
            how = if octets.ends_with(b"QUIT\r\n") { "quit" } else { "cut" };
            if to_server.write_all(octets).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
        how
    };
    let back = async {
        let mut buffer = vec![0; 65_536];
        // Read to the end even if the client is gone: then the server has done with what it was sent.
        while let Ok(len @ 1..) = from_server.read(&mut buffer).await {
            let _ = to_client.write_all(&buffer[..len]).await;
        }
        let _ = to_client.shutdown().await;
    };
    let (how, ()) = tokio::join!(there, back);
    log.write(&format!("closed {number} {how}"));
    wires.open.send_modify(|open| *open -= 1);
}

//! A Postfix of the bench's own, with the defaults of its queue.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::smtp_sink::{is_root, wait_for};

/// A running Postfix that takes mail on loopback and hands all of it to one next hop; dropping it ends it.
#[derive(Debug)]
pub struct Postfix {
    master: Child,
    address: SocketAddr,
    /// One for each recipient that its log says was sent.
    sent: Receiver<()>,
}

impl Postfix {
    /// Starts it in `folder`; `None` if it is not installed, or this is not root.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(folder: &Path, next_hop: SocketAddr) -> io::Result<Option<Self>> {
        if !Path::new(POSTFIX).exists() || !is_root() {
            return Ok(None);
        }
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let config = configure(folder, address, next_hop)?;
        let check = Command::new(POSTFIX).arg("-c").arg(&config).arg("check").output()?;
        if !check.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&check.stderr).into_owned()));
        }
        let daemons = Command::new("/usr/sbin/postconf").args(["-d", "-h", "daemon_directory"]).output()?;
        let master = Path::new(String::from_utf8_lossy(&daemons.stdout).trim()).join("master");
        let mut master = Command::new(master)
            .args(["-s", "-e", LIFE_SECS, "-c"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (tell, sent) = mpsc::channel();
        if let Some(log) = master.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(log).split(b'\n').map_while(io::Result::ok) {
                    if line.windows(SENT.len()).any(|words| words == SENT) && tell.send(()).is_err() {
                        return;
                    }
                }
            });
        }
        let postfix = Self { master, address, sent };
        wait_for(address)?;
        Ok(Some(postfix))
    }

    /// Has `smtp-source` hand it so many messages of `size` octets on `connections`; how long it takes until the last
    /// one has been sent on.
    ///
    /// # Errors
    /// If `smtp-source` fails, or nothing is sent for a minute.
    pub fn deliver(&self, count: usize, size: usize, connections: usize) -> io::Result<Duration> {
        let (count_text, size, connections) = (count.to_string(), size.to_string(), connections.to_string());
        let start = Instant::now();
        let status = Command::new("/usr/sbin/smtp-source")
            .args(["-d", "-l", &size, "-m", &count_text, "-s", &connections])
            .args(["-f", "ada@news.example.com", "-t", "bob@site.example"])
            .arg(self.address.to_string())
            .status()?;
        if !status.success() {
            return Err(io::Error::other(format!("smtp-source: {status}")));
        }
        for _ in 0..count {
            self.sent.recv_timeout(Duration::from_secs(60)).map_err(io::Error::other)?;
        }
        Ok(start.elapsed())
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // The master hands the signal to its daemons.
        drop(Command::new("kill").args(["-TERM", &self.master.id().to_string()]).status());
        drop(self.master.wait());
    }
}

fn configure(folder: &Path, address: SocketAddr, next_hop: SocketAddr) -> io::Result<PathBuf> {
    // Its daemons run as another user.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let config = folder.join("etc");
    fs::create_dir_all(&config)?;
    fs::create_dir_all(folder.join("queue"))?;
    let (folder, ip, port) = (folder.display(), next_hop.ip(), next_hop.port());
    let main = format!(
        "compatibility_level = 3.6
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
myhostname = relay.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [{ip}]:{port}
mydestination =
"
    );
    fs::write(config.join("main.cf"), main)?;
    fs::write(config.join("master.cf"), format!("{address} inet n - n - - smtpd\n{SERVICES}"))?;
    Ok(config)
}

const POSTFIX: &str = "/usr/sbin/postfix";
const SENT: &[u8] = b"status=sent";
/// Longer than any run.
const LIFE_SECS: &str = "1800";
const SERVICES: &str = "anvil unix - - n - 1 anvil
bounce unix - - n - 0 bounce
cleanup unix n - n - 0 cleanup
defer unix - - n - 0 bounce
error unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
proxymap unix - - n - - proxymap
qmgr unix n - n 300 1 qmgr
relay unix - - n - - smtp
retry unix - - n - - error
rewrite unix - - n - - trivial-rewrite
scache unix - - n - 1 scache
smtp unix - - n - - smtp
trace unix - - n - 0 bounce
";

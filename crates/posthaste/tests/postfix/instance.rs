//! A Postfix of the test's own: own folders, one port of loopback, and a log that is read as it is written.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

/// A running Postfix that takes mail for anybody, hands it to the next hop, and delivers to local users itself.
#[derive(Debug)]
pub(crate) struct Postfix {
    master: Child,
    address: SocketAddr,
    log: Log,
    // Dropped last: the daemons live in it.
    _folder: TempDir,
}

impl Postfix {
    /// Its name, which stands in its trace fields and reports.
    pub(crate) const NAME: &'static str = "relay.postfix.test";
    /// The domain whose mail it delivers itself. It takes mail for any user there, and finds none.
    pub(crate) const LOCAL_DOMAIN: &'static str = "users.test";

    /// Starts one that hands everything else to `next_hop`. `None`, with a line that says so, where Postfix is not
    /// installed or this is not root; in CI it must be there.
    pub(crate) fn start(next_hop: SocketAddr) -> Option<Self> {
        if let Some(why) = why_not() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}; it is required in CI");
            println!("skipped: {why}");
            return None;
        }
        let mut said = String::new();
        for _ in 0..PORTS_TO_TRY {
            match Self::start_on(free_port(), next_hop) {
                Ok(postfix) => return Some(postfix),
                Err(log) => said = log,
            }
        }
        panic!("Postfix does not start:\n{said}");
    }

    fn start_on(address: SocketAddr, next_hop: SocketAddr) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("posthaste-postfix-").tempdir().unwrap();
        // Its daemons run as another user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let config = folder.path().join("etc");
        fs::create_dir(&config).unwrap();
        fs::create_dir(folder.path().join("queue")).unwrap();
        fs::write(config.join("main.cf"), main_cf(folder.path(), next_hop)).unwrap();
        fs::write(config.join("master.cf"), master_cf(address)).unwrap();

        // Makes the folders of the queue.
        let check = Command::new(POSTFIX).arg("-c").arg(&config).arg("check").output().unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        let mut master = Command::new(Path::new(&setting("daemon_directory")).join("master"));
        // Foreground, the log on the standard output; it ends by itself where a killed test could not stop it.
        master.args(["-s", "-e", LIFE_SECS, "-c"]).arg(&config);
        let mut master = master.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::of(master.stdout.take().unwrap(), master.stderr.take().unwrap());
        let postfix = Self { master, address, log, _folder: folder };
        let started = |lines: &Lines| lines.any("daemon started");
        if postfix.log.wait(START, |lines| started(lines) || lines.open == 0) && postfix.log.look(started) {
            return Ok(postfix);
        }
        Err(postfix.log.tail(usize::MAX))
    }

    /// Where it takes mail.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The last lines of its log.
    pub(crate) fn log(&self) -> String {
        self.log.tail(60)
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // The master hands the signal to all its daemons, and every one of them holds the pipes of the log.
        let _ = Command::new("kill").args(["-TERM", &self.master.id().to_string()]).status();
        if !self.log.wait(STOP, |lines| lines.open == 0) {
            let _ = self.master.kill();
        }
        let _ = self.master.wait();
    }
}

/// Why no Postfix can be started here.
fn why_not() -> Option<&'static str> {
    if !Path::new(POSTFIX).exists() {
        return Some("Postfix is not installed");
    }
    // The files of a process belong to its effective user.
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    (!is_root).then_some("Postfix can be started by root alone")
}

fn setting(name: &str) -> String {
    let output = Command::new("/usr/sbin/postconf").args(["-d", "-h", name]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A port that was free a moment ago.
fn free_port() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

fn main_cf(folder: &Path, next_hop: SocketAddr) -> String {
    let folder = folder.display();
    let (name, local, ip, port) = (Postfix::NAME, Postfix::LOCAL_DOMAIN, next_hop.ip(), next_hop.port());
    format!(
        "compatibility_level = 3.6
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
myhostname = {name}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
# Nobody is asked what is not known here: no DNS, no user database but the system's.
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
alias_maps =
alias_database =
# Whoever connects from here may send to anybody, and everything goes on to one host.
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [{ip}]:{port}
# Mail for local users is taken without a look, so that it bounces later. What users of this system there are get
# nothing of it into their mailboxes.
mydestination = {local}
local_recipient_maps =
mail_spool_directory = {folder}/spool
# Nothing is rewritten or added.
local_header_rewrite_clients =
smtputf8_enable = yes
message_size_limit = 52428800
mailbox_size_limit = 0
# No mail to the postmaster, and no service that is not in master.cf.
notify_classes =
fast_flush_domains =
"
    )
}

fn master_cf(address: SocketAddr) -> String {
    format!(
        "{address} inet n - n - - smtpd
anvil unix - - n - 1 anvil
bounce unix - - n - 0 bounce
cleanup unix n - n - 0 cleanup
defer unix - - n - 0 bounce
error unix - - n - - error
local unix - n n - - local
postlog unix-dgram n - n - 1 postlogd
proxymap unix - - n - - proxymap
qmgr unix n - n 300 1 qmgr
relay unix - - n - - smtp
retry unix - - n - - error
rewrite unix - - n - - trivial-rewrite
scache unix - - n - 1 scache
smtp unix - - n - - smtp
trace unix - - n - 0 bounce
"
    )
}

/// What the daemons say.
#[derive(Debug)]
struct Log(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Debug)]
struct Lines {
    lines: Vec<String>,
    /// Pipes that somebody may still write to.
    open: usize,
}

impl Lines {
    fn any(&self, words: &str) -> bool {
        self.lines.iter().any(|line| line.contains(words))
    }
}

impl Log {
    fn of(stdout: impl Read + Send + 'static, stderr: impl Read + Send + 'static) -> Self {
        let log = Self(Arc::new((Mutex::new(Lines { lines: Vec::new(), open: 2 }), Condvar::new())));
        log.follow(stdout);
        log.follow(stderr);
        log
    }

    fn follow(&self, pipe: impl Read + Send + 'static) {
        let shared = Arc::clone(&self.0);
        std::thread::spawn(move || {
            let (lines, changed) = &*shared;
            let lock = || lines.lock().unwrap_or_else(PoisonError::into_inner);
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                lock().lines.push(String::from_utf8_lossy(&line).into_owned());
                changed.notify_all();
            }
            lock().open -= 1;
            changed.notify_all();
        });
    }

    /// Whether `enough` became true within this time.
    fn wait(&self, time: Duration, enough: impl Fn(&Lines) -> bool) -> bool {
        let (lines, changed) = &*self.0;
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(lines, time, |lines| !enough(lines));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn look<T>(&self, look: impl FnOnce(&Lines) -> T) -> T {
        look(&self.0.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tail(&self, lines: usize) -> String {
        self.look(|log| log.lines[log.lines.len().saturating_sub(lines)..].join("\n"))
    }
}

const POSTFIX: &str = "/usr/sbin/postfix";
const PORTS_TO_TRY: usize = 5;
/// How long it may take to start, and to stop.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(20);
/// Longer than any run of these tests.
const LIFE_SECS: &str = "900";

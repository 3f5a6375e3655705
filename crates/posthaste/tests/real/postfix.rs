//! A Postfix of the test's own: own folders, ports of loopback, mailboxes in its folder, and a log that is followed.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::daemon::Daemon;
use super::{find_for_root, free_port, mail_folder, maildir, on_free_ports, open_folder};

/// What a Postfix is to be. It takes mail on loopback and asks nobody: no DNS, no user database.
#[derive(Debug)]
pub(crate) struct Setup {
    main: String,
    smtpd: Vec<String>,
    files: Vec<(String, String)>,
}

impl Setup {
    /// Under this name, with no port yet.
    pub(crate) fn new(hostname: &str) -> Self {
        Self { main: format!("myhostname = {hostname}\n{MAIN}"), smtpd: Vec::new(), files: Vec::new() }
    }

    /// Lines of main.cf; the last one of a name counts. `$config_directory` holds the [files](Self::file).
    pub(crate) fn set(mut self, lines: &str) -> Self {
        self.main.push_str(lines);
        self.main.push('\n');
        self
    }

    /// A port for SMTP, with settings that count there alone: `name=value`, without spaces.
    pub(crate) fn smtpd(mut self, settings: &[&str]) -> Self {
        self.smtpd.push(settings.iter().map(|setting| format!(" -o {setting}")).collect());
        self
    }

    /// A file beside main.cf.
    pub(crate) fn file(mut self, name: &str, content: impl Into<String>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// Everything goes on to one host.
    pub(crate) fn relay_to(self, next_hop: SocketAddr) -> Self {
        self.set(&format!("relayhost = [{}]:{}", next_hop.ip(), next_hop.port()))
    }

    /// Mail for anybody in these domains is stored in one mailbox.
    pub(crate) fn store(self, domains: &str) -> Self {
        self.set(&format!("virtual_mailbox_domains = {domains}\nvirtual_mailbox_maps = static:all/"))
    }

    /// Starts it. `None`, with a line that says so, where Postfix is not installed or this is not root; in CI it must
    /// be there.
    pub(crate) fn start(self) -> Option<Postfix> {
        find_for_root("postfix")?;
        Some(on_free_ports("Postfix", || self.start_on()))
    }

    fn start_on(&self) -> Result<Postfix, String> {
        let folder = open_folder("posthaste-postfix-");
        let config = folder.path().join("etc");
        fs::create_dir(&config).unwrap();
        queue(&folder.path().join("queue"), &folder.path().join("data"));
        mail_folder(folder.path(), "mail");
        for (name, content) in &self.files {
            fs::write(config.join(name), content).unwrap();
        }
        let base = folder.path().display();
        let folders = format!(
            "config_directory = {base}/etc\nqueue_directory = {base}/queue\ndata_directory = {base}/data\n\
             mail_spool_directory = {base}/spool\nvirtual_mailbox_base = {base}/mail\n"
        );
        let main = config.join("main.cf");
        fs::write(&main, format!("{folders}{}", self.main)).unwrap();
        // A younger one is read again and again for two seconds: it might still be changing.
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        fs::File::options().write(true).open(&main).unwrap().set_modified(long_ago).unwrap();
        let addresses: Vec<SocketAddr> = self.smtpd.iter().map(|_| free_port()).collect();
        let smtpd = addresses.iter().zip(&self.smtpd);
        let smtpd: String =
            smtpd.map(|(address, options)| format!("{address} inet n - n - - smtpd{options}\n")).collect();
        fs::write(config.join("master.cf"), format!("{smtpd}{SERVICES}")).unwrap();

        let master = Path::new(&setting("daemon_directory")).join("master");
        let args = ["-s".as_ref(), "-c".as_ref(), config.as_os_str()];
        let daemon = Daemon::start(&master, args).started(|log| log.count(&["daemon started"]) > 0)?;
        Ok(Postfix { daemon, addresses, folder })
    }
}

/// A running Postfix.
#[derive(Debug)]
pub(crate) struct Postfix {
    daemon: Daemon,
    addresses: Vec<SocketAddr>,
    // Dropped last: the daemons live in it.
    folder: TempDir,
}

impl Postfix {
    /// Where it takes mail, at the first of its ports.
    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Where it takes mail, at each of its ports, in the order that they were set up in.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The last lines of its log.
    pub(crate) fn log(&self) -> String {
        self.daemon.tail()
    }

    /// Waits until so many lines of its log hold all of these words.
    pub(crate) fn wait_for(&self, count: usize, words: &[&str]) {
        self.daemon.wait_for(count, words);
    }

    /// How many lines of its log hold all of these words by now.
    pub(crate) fn count(&self, words: &[&str]) -> usize {
        self.daemon.count(words)
    }

    /// Waits until it has stored so many messages, and reads them, with the line ends of the wire: one for each
    /// recipient, `Return-Path`, `X-Original-To` and `Delivered-To` in front.
    pub(crate) fn stored(&self, count: usize) -> Vec<Vec<u8>> {
        self.wait_for(count, &["status=sent (delivered to maildir)"]);
        maildir(&self.folder.path().join("mail/all"))
    }
}

/// The folders of a queue, as `postfix check` makes them, which takes seconds.
fn queue(queue: &Path, data: &Path) {
    const OWN: &[&str] =
        &["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"];
    install(&["-m", "755"], &[queue.to_owned(), queue.join("pid")]);
    let own: Vec<_> = OWN.iter().map(|name| queue.join(name)).chain([data.to_owned()]).collect();
    install(&["-m", "700", "-o", "postfix"], &own);
    install(&["-m", "730", "-o", "postfix", "-g", "postdrop"], &[queue.join("maildrop")]);
    install(&["-m", "710", "-o", "postfix", "-g", "postdrop"], &[queue.join("public")]);
}

fn install(options: &[&str], folders: &[PathBuf]) {
    let output = Command::new("install").arg("-d").args(options).args(folders).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn setting(name: &str) -> String {
    let output = Command::new("/usr/sbin/postconf").args(["-d", "-h", name]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const MAIN: &str = "compatibility_level = 3.6
maillog_file = /dev/stdout
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
# Nobody is asked what is not known here: no DNS, no user database but the system's.
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
lmtp_host_lookup = native
alias_maps =
alias_database =
# Whoever connects from here may send to anybody.
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
mydestination =
# Mailboxes belong to nobody.
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
# Nothing is rewritten or added.
local_header_rewrite_clients =
smtputf8_enable = yes
# What is deferred is tried again a second later.
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
message_size_limit = 52428800
mailbox_size_limit = 0
virtual_mailbox_limit = 0
# No mail to the postmaster, and no service that is not in master.cf.
notify_classes =
fast_flush_domains =
";

const SERVICES: &str = "anvil unix - - n - 1 anvil
bounce unix - - n - 0 bounce
cleanup unix n - n - 0 cleanup
defer unix - - n - 0 bounce
error unix - - n - - error
lmtp unix - - n - - lmtp
local unix - n n - - local
postlog unix-dgram n - n - 1 postlogd
proxymap unix - - n - - proxymap
qmgr unix n - n 300 1 qmgr
relay unix - - n - - smtp
retry unix - - n - - error
rewrite unix - - n - - trivial-rewrite
scache unix - - n - 1 scache
smtp unix - - n - - smtp
tlsmgr unix - - n 1000? 1 tlsmgr
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
";

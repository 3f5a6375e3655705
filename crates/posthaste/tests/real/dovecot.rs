//! A Dovecot of the test's own: an LMTP server that stores into maildirs, and the SASL server of a Postfix.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::daemon::Daemon;
use super::{find_for_root, free_port, mail_folder, maildir, on_free_ports, open_folder};

/// A running Dovecot that knows some users, each with the password `secret`.
#[derive(Debug)]
pub(crate) struct Dovecot {
    daemon: Daemon,
    lmtp: SocketAddr,
    // Dropped last: the daemons live in it.
    folder: TempDir,
}

impl Dovecot {
    /// Starts one. `None`, with a line that says so, where Dovecot or its LMTP server is not installed or this is not
    /// root; in CI it must be there.
    pub(crate) fn start(users: &[&str]) -> Option<Self> {
        let program = find_for_root("dovecot")?;
        if !Path::new(LMTP).is_file() {
            super::skip("dovecot-lmtpd is not installed");
            return None;
        }
        Some(on_free_ports("Dovecot", || Self::start_on(&program, users)))
    }

    fn start_on(program: &Path, users: &[&str]) -> Result<Self, String> {
        let folder = open_folder("posthaste-dovecot-");
        mail_folder(folder.path(), "mail");
        let lmtp = free_port();
        let base = folder.path().display();
        let line = |user: &&str| format!("{user}:{{PLAIN}}secret:65534:65534::{base}/mail/{user}::\n");
        fs::write(folder.path().join("users"), users.iter().map(line).collect::<String>()).unwrap();
        let config = folder.path().join("dovecot.conf");
        fs::write(&config, configuration(folder.path(), lmtp)).unwrap();
        let args = ["-F".as_ref(), "-c".as_ref(), config.as_os_str()];
        let daemon = Daemon::start(program, args).started(|log| log.count(&["starting up for lmtp"]) > 0)?;
        Ok(Self { daemon, lmtp, folder })
    }

    /// Where it speaks LMTP.
    pub(crate) fn lmtp(&self) -> SocketAddr {
        self.lmtp
    }

    /// The socket on which it speaks LMTP too.
    pub(crate) fn lmtp_socket(&self) -> PathBuf {
        self.folder.path().join("run/lmtp")
    }

    /// The socket on which it answers Postfix about passwords.
    pub(crate) fn sasl_socket(&self) -> PathBuf {
        self.folder.path().join("run/auth-smtp")
    }

    /// What it has stored for a user, with the line ends of the wire: `Return-Path`, `Delivered-To` and `Received` in
    /// front.
    pub(crate) fn stored(&self, user: &str) -> Vec<Vec<u8>> {
        maildir(&self.home(user).join("Maildir"))
    }

    /// Makes this user's mailbox impossible: a file stands in its way.
    pub(crate) fn block(&self, user: &str) {
        fs::write(self.home(user), "").unwrap();
    }

    /// The last lines of its log.
    pub(crate) fn log(&self) -> String {
        self.daemon.tail()
    }

    fn home(&self, user: &str) -> PathBuf {
        self.folder.path().join("mail").join(user)
    }
}

fn configuration(folder: &Path, lmtp: SocketAddr) -> String {
    let (base, port) = (folder.display(), lmtp.port());
    format!(
        "protocols = lmtp
base_dir = {base}/run
state_dir = {base}/state
log_path = /dev/stderr
ssl = no
disable_plaintext_auth = no
# It waits two seconds before it refuses a password.
auth_failure_delay = 0
hostname = dovecot.test
postmaster_address = postmaster@dovecot.test
mail_location = maildir:~/Maildir
auth_mechanisms = plain login scram-sha-256
passdb {{
  driver = passwd-file
  args = username_format=%u {base}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {base}/users
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  # Nor does it make a client wait that failed before.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener auth-smtp {{
    mode = 0666
  }}
}}
"
    )
}

const LMTP: &str = "/usr/lib/dovecot/lmtp";

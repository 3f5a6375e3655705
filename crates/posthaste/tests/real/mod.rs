//! Mail programs that others wrote: found, started on ports of loopback in folders of their own, and ended with the test.

#![allow(dead_code, unused_imports, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod daemon;
mod dovecot;
mod exim;
mod log;
mod postfix;
mod sink;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

pub(crate) use dovecot::Dovecot;
pub(crate) use exim::Exim;
pub(crate) use postfix::{Postfix, Setup};
pub(crate) use sink::Sink;

/// Where the program is; `None`, with a line that says so, where it is not installed. In CI it must be.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let found = find_quietly(program);
    if found.is_none() {
        skip(&format!("{program} is not installed"));
    }
    found
}

/// The same for a program that starts as root alone.
fn find_for_root(program: &str) -> Option<PathBuf> {
    let found = find(program)?;
    if !is_root() {
        skip(&format!("{program} is started by root alone"));
        return None;
    }
    Some(found)
}

fn find_quietly(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    // The folders of daemons, which not every user has in PATH.
    let folders = std::env::split_paths(&folders).chain(["/usr/sbin", "/usr/bin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Says why a test passes by; in CI it must not.
pub(crate) fn skip(why: &str) {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}; it is required in CI");
    println!("skipped: {why}");
}

fn is_root() -> bool {
    // The files of a process belong to its effective user.
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Runs a client to its end, which must be a good one. It is ended where it hangs.
pub(crate) async fn run(program: &Path, args: &[&str]) -> Output {
    let output = run_any(program, args).await;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    assert!(output.status.success(), "{}: {}{}", program.display(), text(&output.stdout), text(&output.stderr));
    output
}

/// Runs a client to its end, good or bad.
pub(crate) async fn run_any(program: &Path, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(program);
    // Where Debian keeps the packages of Node.
    command.env("NODE_PATH", "/usr/share/nodejs").args(args).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    output.unwrap_or_else(|_| panic!("{} does not end", program.display())).unwrap()
}

/// A folder that daemons may enter, who run as other users.
fn open_folder(prefix: &str) -> TempDir {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A folder in it that the user of mailboxes writes to.
fn mail_folder(folder: &Path, name: &str) -> PathBuf {
    let mail = folder.join(name);
    fs::create_dir(&mail).unwrap();
    std::os::unix::fs::chown(&mail, Some(MAIL_USER), Some(MAIL_USER)).unwrap();
    mail
}

/// The messages of a maildir, with the line ends of the wire.
fn maildir(folder: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder.join("new")).map(|files| files.map(|file| file.unwrap().path()).collect());
    let mut files: Vec<PathBuf> = files.unwrap_or_default();
    files.sort();
    let read =
        |path: PathBuf| fs::read(path).unwrap().split(|octet| *octet == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
    files.into_iter().map(read).collect()
}

/// A port that was free a moment ago, and that the kernel gives to nobody: below its range, where neither a connection
/// nor a listener at port 0 takes it meanwhile. Each process begins somewhere else.
fn free_port() -> SocketAddr {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let end = range.split_whitespace().next().and_then(|begin| begin.parse().ok()).unwrap_or(32_768);
    let ports = u32::max(end, FIRST_PORT + 1000) - FIRST_PORT;
    loop {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        assert!(tried < ports, "no port is free");
        let port = FIRST_PORT + std::process::id().wrapping_mul(211).wrapping_add(tried) % ports;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.try_into().unwrap()));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// Tries again where a port was taken meanwhile.
fn on_free_ports<T>(program: &str, start: impl Fn() -> Result<T, String>) -> T {
    let mut said = String::new();
    for _ in 0..PORTS_TO_TRY {
        match start() {
            Ok(started) => return started,
            Err(log) => said = log,
        }
    }
    panic!("{program} does not start:\n{said}");
}

/// Far longer than anything takes; then it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const PORTS_TO_TRY: usize = 5;
/// Above the ports of well-known services.
const FIRST_PORT: u32 = 12_000;
/// Whom mailboxes belong to: `nobody`.
const MAIL_USER: u32 = 65534;

//! Exim as a client that speaks CHUNKING. It is unpacked and not installed: its package and Postfix's exclude one another.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{find_quietly, is_root, open_folder, run_any, skip};

/// Exim with a folder of its own; it runs while it sends.
#[derive(Debug)]
pub(crate) struct Exim {
    program: PathBuf,
    folder: TempDir,
}

impl Exim {
    /// One that hands all mail to this receiver; `None` where it is not there.
    pub(crate) fn relay_to(receiver: SocketAddr) -> Option<Self> {
        let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/exim/usr/sbin/exim4");
        let program = fs::canonicalize(unpacked).ok().or_else(|| find_quietly("exim4"));
        let Some(program) = program.filter(|_| is_root()) else {
            skip("exim4 is neither in target/exim nor installed, or this is not root");
            return None;
        };
        let folder = open_folder("posthaste-exim-");
        for name in ["log", "spool"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            chown(folder.path().join(name), Some(USER), Some(USER)).unwrap();
        }
        fs::write(folder.path().join("exim.conf"), configuration(&program, folder.path(), receiver)).unwrap();
        for (file, line) in
            [("passwd", format!("{NAME}:x:{USER}:{USER}::/:/bin/false")), ("group", format!("{NAME}:x:{USER}:"))]
        {
            let known = fs::read_to_string(Path::new("/etc").join(file)).unwrap();
            let others = known.lines().filter(|line| !line.starts_with(NAME));
            let lines: String = others.chain([&*line]).map(|line| format!("{line}\n")).collect();
            fs::write(folder.path().join(file), lines).unwrap();
        }
        Some(Self { program, folder })
    }

    /// Takes in a message and delivers it; tells its log.
    pub(crate) async fn send(&self, from: &str, to: &[&str], octets: &[u8]) -> String {
        let lines = String::from_utf8_lossy(octets).replace("\r\n", "\n");
        fs::write(self.folder.path().join("message"), lines).unwrap();
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (folder, config) = (path(""), path("exim.conf"));
        let program = self.program.to_str().unwrap();
        let fixed = ["--mount", "sh", "-c", SEND, "sh", &folder, program, "-C", &config, "-odf", "-oi", "-f", from];
        let output = run_any(Path::new("/usr/bin/unshare"), &[&fixed[..], to].concat()).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(path("log/main")).unwrap_or_default()
    }
}

fn configuration(program: &Path, folder: &Path, receiver: SocketAddr) -> String {
    let (program, folder, port) = (program.display(), folder.display(), receiver.port());
    format!(
        "exim_path = {program}\n\
         primary_hostname = exim.example\n\
         spool_directory = {folder}/spool\n\
         log_file_path = {folder}/log/%s\n\
         keep_environment =\n\
         begin routers\n\
         all:\n driver = manualroute\n route_list = * 127.0.0.1\n self = send\n transport = out\n\
         begin transports\n\
         out:\n driver = smtp\n port = {port}\n allow_localhost\n hosts_avoid_tls = *\n\
         begin retry\n\
         * * F,1h,1m\n"
    )
}

/// It looks for its user, whom nobody installed: it sees one in files that are put over the system's for it alone.
const SEND: &str = r#"
mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group || exit
message=$1/message
shift
exec "$@" <"$message"
"#;
const NAME: &str = "Debian-exim";
const USER: u32 = 65_533;

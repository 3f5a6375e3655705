//! The sendmail transport: what programs are given and what their ends mean, with real processes.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use posthaste_layers::Sendmail;
use posthaste_testkit::VirtualClock;
use posthaste_transport::contract::{self, PATIENCE, Scene, Scripted, Taken, TransportFixture};
use posthaste_transport::{Attempt, Progress, Transport, TransportErrorKind};
use posthaste_types::{Address, Content, Envelope, Mail, MailId, OutcomeKind, RequireTls, ReversePath};
use tempfile::TempDir;

/// A script that stands for the program.
struct Script {
    dir: TempDir,
    clock: VirtualClock,
}

impl Script {
    fn new(body: &str) -> Self {
        let script = Self { dir: tempfile::tempdir().unwrap(), clock: VirtualClock::new() };
        script.write(body);
        script
    }

    fn write(&self, body: &str) {
        fs::write(self.path("script"), format!("cd '{}'\n{body}\n", self.dir.path().display())).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Run by the shell as a file: no test executes what another still writes.
    fn sendmail(&self) -> Sendmail {
        Sendmail::new("/bin/sh", Arc::new(self.clock.clone())).argument(self.path("script"))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

fn content() -> Vec<u8> {
    b"Subject: hi\r\n\r\n.\r\n..dots\r\nFrom here\r\n8 bit: \xc3\xa9\r\n".to_vec()
}

fn mail(from: impl Into<ReversePath>, to: &[&str], octets: Vec<u8>) -> Mail {
    let to: Vec<Address> = to.iter().map(|to| to.parse().unwrap()).collect();
    let content = Content::from_canonical(octets).unwrap();
    Mail::new(MailId::from_bytes([1; 16]), Envelope::new(from, to).unwrap(), content)
}

fn attempt(to: &[&str], octets: Vec<u8>) -> Attempt {
    let from: Address = "ada@example.com".parse().unwrap();
    Attempt::builder(mail(from, to, octets)).progress(Progress::Tracked).build()
}

async fn kinds(sendmail: &Sendmail, attempt: &Attempt) -> Result<Vec<OutcomeKind>, TransportErrorKind> {
    let result = sendmail.deliver(attempt).await;
    result.map(|outcomes| outcomes.iter().map(|o| o.kind()).collect()).map_err(|error| error.kind())
}

/// Whatever an address holds, it is one argument at its place: behind `-f`, or behind `--`.
#[tokio::test]
async fn no_address_is_an_option_or_reaches_a_shell() {
    let script = Script::new(r#"for a; do printf '[%s]\n' "$a" >>args; done; exec cat >content"#);
    let from: Address = "-X/tmp/log@example.com".parse().unwrap();
    let to =
        ["-bs@example.org", "-Cx@example.org", "\"`touch pwned`; $(touch pwned)|x\"@example.org", "a'b@example.org"];
    let attempt = Attempt::of(&mail(from, &to, content()));
    assert_eq!(kinds(&script.sendmail(), &attempt).await.unwrap(), [OutcomeKind::Accepted; 4]);
    let expected = ["-i", "-f", "-X/tmp/log@example.com", "--"].into_iter().chain(to);
    assert_eq!(script.read("args"), expected.map(|a| format!("[{a}]\n")).collect::<String>());
    assert!(!script.path("pwned").exists());
    assert_eq!(
        fs::read(script.path("content")).unwrap(),
        String::from_utf8(content()).unwrap().replace('\r', "").into_bytes()
    );
}

#[tokio::test]
async fn the_null_reverse_path() {
    let script = Script::new("echo \"$3\" >from; exec cat >content");
    let attempt = Attempt::of(&mail(ReversePath::Null, &["bob@example.org"], content()));
    assert_eq!(kinds(&script.sendmail(), &attempt).await.unwrap(), [OutcomeKind::Accepted]);
    assert_eq!(script.read("from"), "<>\n");
}

#[tokio::test]
async fn the_codes_of_sysexits() {
    use OutcomeKind::{Accepted, Deferred, Refused};
    use TransportErrorKind::Misconfigured;
    let table = [
        (0, Ok([Accepted, Accepted])),
        (1, Ok([Deferred, Deferred])),
        (64, Err(Misconfigured)),
        (65, Ok([Refused, Refused])),
        (67, Ok([Deferred, Deferred])), // of whom is not said
        (68, Ok([Deferred, Deferred])),
        (69, Ok([Deferred, Deferred])),
        (70, Ok([Deferred, Deferred])),
        (72, Err(Misconfigured)),
        (75, Ok([Deferred, Deferred])),
        (77, Err(Misconfigured)),
        (78, Err(Misconfigured)),
    ];
    for (code, expected) in table {
        let script = Script::new(&format!("cat >/dev/null; echo \"sendmail: it is so\" >&2; exit {code}"));
        let attempt = attempt(&["bob@example.org", "eve@example.org"], content());
        let expected = expected.map(|kinds: [OutcomeKind; 2]| kinds.to_vec());
        assert_eq!(kinds(&script.sendmail(), &attempt).await, expected, "{code}");
    }
    let script = Script::new("cat >/dev/null; echo; echo 'user unknown' >&2; exit 67");
    let outcomes = script.sendmail().deliver(&attempt(&["bob@example.org"], content())).await.unwrap();
    let text = outcomes.iter().next().unwrap().to_string();
    assert_eq!(text, "refused (sendmail program: exit status: 67: user unknown)");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_a_wrong_setting() {
    let clock = Arc::new(VirtualClock::new());
    let attempt = attempt(&["bob@example.org"], content());
    for program in ["/nonexistent/sendmail", "/etc/passwd", "/"] {
        let result = kinds(&Sendmail::new(program, clock.clone()), &attempt).await;
        assert_eq!(result, Err(TransportErrorKind::Misconfigured), "{program}");
    }
}

fn large() -> Vec<u8> {
    b"Subject: large\r\n\r\n".iter().copied().chain(b"0123456789abcdef\r\n".repeat(60_000)).collect()
}

#[tokio::test]
async fn a_large_mail_and_a_talkative_program() {
    let script = Script::new("yes error | head -c 1000000 >&2; exec cat >content");
    let attempt = attempt(&["bob@example.org"], large());
    assert_eq!(kinds(&script.sendmail(), &attempt).await.unwrap(), [OutcomeKind::Accepted]);
    assert_eq!(script.read("content"), String::from_utf8(large()).unwrap().replace('\r', ""));
}

#[tokio::test]
async fn a_program_that_stops_reading() {
    for (code, expected) in [(0, OutcomeKind::InDoubt), (75, OutcomeKind::Deferred)] {
        let script = Script::new(&format!("head -c 10 >/dev/null; exit {code}"));
        let attempt = attempt(&["bob@example.org"], large());
        assert_eq!(kinds(&script.sendmail(), &attempt).await.unwrap(), [expected], "{code}");
    }
    let script = Script::new("kill -9 $$");
    let attempt = attempt(&["bob@example.org"], large());
    assert_eq!(kinds(&script.sendmail(), &attempt).await.unwrap(), [OutcomeKind::Deferred]);
}

/// A program in the background that keeps standard error open does not hold up the answer.
#[tokio::test]
async fn a_child_in_the_background() {
    let script = Script::new("exec 3>&2; cat >/dev/null; sleep 30 >/dev/null </dev/null & echo $! >pid; exit 0");
    let sendmail = script.sendmail();
    let attempt = attempt(&["bob@example.org"], content());
    let (result, ()) = tokio::join!(kinds(&sendmail, &attempt), async {
        while script.clock.sleepers() < 2 {
            tokio::task::yield_now().await;
        }
        script.clock.advance(Duration::from_secs(1)).await;
    });
    assert_eq!(result.unwrap(), [OutcomeKind::Accepted]);
    kill(&script.read("pid"));
}

fn kill(pid: &str) {
    std::process::Command::new("kill").arg(pid.trim()).status().unwrap();
}

fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Out of time before the end of the content: the program is killed and never sees an end of its input.
#[tokio::test]
async fn a_part_is_never_taken_for_the_whole() {
    let script = Script::new(
        "echo $$ >pid; trap '' TERM HUP PIPE; read x; while [ ! -e go ]; do :; done; cat >content; echo whole >whole",
    );
    let attempt = attempt(&["bob@example.org"], large());
    let sendmail = script.sendmail();
    let (result, ()) = tokio::join!(kinds(&sendmail, &attempt), async {
        wait_for(&script.path("pid")).await;
        script.clock.advance(Duration::from_secs(600)).await;
    });
    assert_eq!(result.unwrap(), [OutcomeKind::Deferred]);
    fs::write(script.path("go"), "").unwrap();
    let pid = script.read("pid");
    while is_running(&pid) {
        tokio::task::yield_now().await;
    }
    assert!(!script.path("whole").exists());
}

#[tokio::test]
async fn out_of_time_behind_the_content_is_in_doubt() {
    let script = Script::new("cat >/dev/null; echo $$ >pid; exec sleep 1000");
    let attempt = attempt(&["bob@example.org"], content());
    let sendmail = script.sendmail();
    let (result, ()) = tokio::join!(kinds(&sendmail, &attempt), async {
        wait_for(&script.path("pid")).await;
        script.clock.advance(Duration::from_secs(600)).await;
    });
    assert_eq!(result.unwrap(), [OutcomeKind::InDoubt]);
    let pid = script.read("pid");
    while is_running(&pid) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn requiretls_is_refused_as_it_cannot_be_asked_for() {
    let script = Script::new("touch ran");
    let from: Address = "ada@example.com".parse().unwrap();
    let mail = mail(from, &["bob@example.org"], content());
    let envelope = mail.envelope().clone().with_require_tls(RequireTls::Yes);
    let attempt = Attempt::of(&mail.with_envelope(envelope));
    assert_eq!(kinds(&script.sendmail(), &attempt).await.unwrap(), [OutcomeKind::Refused]);
    assert!(!script.path("ran").exists());
}

async fn wait_for(path: &Path) {
    while !fs::read_to_string(path).is_ok_and(|text| text.ends_with('\n')) {
        tokio::task::yield_now().await;
    }
}

struct Fixture {
    script: Script,
    scene: Mutex<Scene>,
}

#[async_trait]
impl TransportFixture for Fixture {
    fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(self.script.sendmail())
    }

    async fn script(&self, scene: Scene) -> Scripted {
        *self.scene.lock().unwrap() = scene;
        self.script.write(match scene {
            Scene::Accept => "shift 4; echo \"$@\" >to; exec cat >content",
            Scene::Defer => "cat >/dev/null; exit 75",
            Scene::Hang => "cat >/dev/null; echo $$ >pid; exec sleep 1000",
            Scene::CutBehindBody => "cat >/dev/null; kill -9 $$",
            Scene::WrongCredential => "cat >/dev/null; exit 78",
            _ => return Scripted::Impossible,
        });
        Scripted::Set
    }

    async fn received(&self) -> Vec<Taken> {
        let Ok(content) = fs::read_to_string(self.script.path("content")) else { return Vec::new() };
        fs::remove_file(self.script.path("content")).unwrap();
        let to = self.script.read("to").split_whitespace().map(|to| to.parse().unwrap()).collect();
        vec![Taken::new(to, content.replace('\n', "\r\n").into_bytes())]
    }

    async fn out_of_time(&self) {
        if *self.scene.lock().unwrap() == Scene::Hang {
            wait_for(&self.script.path("pid")).await;
            self.script.clock.advance(PATIENCE).await;
        }
        std::future::pending().await
    }
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let fixture = Fixture { script: Script::new(""), scene: Mutex::new(Scene::Accept) };
    let report = contract::check(&fixture).await;
    assert_eq!(report.skipped(), [Scene::RefuseSecond, Scene::CutBeforeBody], "{report}");
}

use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::ffi;

use super::*;
use crate::open;

struct Bench {
    _folder: tempfile::TempDir,
    path: Arc<Path>,
    commits: Arc<AtomicU32>,
    sender: mpsc::Sender<Message<Box<dyn Job>>>,
    writer: Writer,
    jobs: Jobs,
}

impl Bench {
    fn new(max_batch: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = open::resolve(&folder.path().join("mail.db")).unwrap();
        let mut conn = open::for_writing(&path, &Settings::default()).unwrap();
        let commits = Arc::new(AtomicU32::new(0));
        let counted = commits.clone();
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        conn.commit_hook(Some(count)).unwrap();
        let filter = Arc::new(Filter::load(&conn).unwrap());
        let settings = Settings { max_batch, ..Settings::default() };
        let writer = Writer::new(&path, conn, &filter, &settings).unwrap();
        let (sender, jobs) = mpsc::channel(100);
        Self { _folder: folder, path, commits, sender, writer, jobs }
    }

    fn send<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Work<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, Fault>> {
        let (job, answer) = Write::new(run);
        assert!(self.sender.try_send(Message::Job(Box::new(job))).is_ok());
        answer
    }

    fn put(&self, value: i64) -> oneshot::Receiver<Result<(), Fault>> {
        let sql = "INSERT INTO counter (name, value) VALUES (?1, ?1)";
        self.send(move |work| work.conn.execute(sql, [value]).map(drop))
    }

    /// Runs what was sent to the end; how many commits it took, and what stands in the table.
    fn run(self) -> (u32, Vec<i64>) {
        drop(self.sender);
        self.writer.run(self.jobs);
        let conn = Connection::open(&self.path).unwrap();
        let mut statement = conn.prepare("SELECT value FROM counter ORDER BY value").unwrap();
        let values = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        (self.commits.load(Ordering::Relaxed), values)
    }
}

fn failure(code: std::ffi::c_int) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

fn ok<T>(mut answer: oneshot::Receiver<Result<T, Fault>>) -> bool {
    answer.try_recv().unwrap().is_ok()
}

#[test]
fn all_that_wait_share_one_commit() {
    let bench = Bench::new(100);
    let answers: Vec<_> = (0..50).map(|value| bench.put(value)).collect();
    assert_eq!(bench.run(), (1, (0..50).collect()));
    assert!(answers.into_iter().all(ok));
}

#[test]
fn a_commit_holds_at_most_the_batch() {
    let bench = Bench::new(20);
    let answers: Vec<_> = (0..50).map(|value| bench.put(value)).collect();
    assert_eq!(bench.run(), (3, (0..50).collect()));
    assert!(answers.into_iter().all(ok));
}

#[test]
fn one_that_fails_takes_nobody_with_it() {
    let bench = Bench::new(100);
    let first = bench.put(1);
    let bad = bench.send(|work| {
        work.conn.execute("INSERT INTO counter (name, value) VALUES ('half', 99)", [])?;
        Err::<(), _>(failure(ffi::SQLITE_FULL))
    });
    let last = bench.put(2);
    assert_eq!(bench.run().1, [1, 2]);
    assert_eq!([ok(first), ok(bad), ok(last)], [true, false, true]);
}

#[test]
fn after_a_failed_write_nothing_is_written() {
    let bench = Bench::new(1);
    let first = bench.put(1);
    let bad = bench.send(|_| Err::<(), _>(failure(ffi::SQLITE_IOERR_FSYNC)));
    let last = bench.put(2);
    assert_eq!(bench.run(), (1, vec![1]));
    assert_eq!([ok(first), ok(bad), ok(last)], [true, false, false]);
}

#[test]
fn a_file_that_another_holds_is_waited_for_once() {
    static WAITS: AtomicU32 = AtomicU32::new(0);
    let mut bench = Bench::new(100);
    let count = |_| {
        WAITS.fetch_add(1, Ordering::Relaxed);
        false
    };
    bench.writer.conn.busy_handler(Some(count)).unwrap();
    let shell = Connection::open(&bench.path).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answers: Vec<_> = (0..50).map(|value| bench.put(value)).collect();
    assert_eq!(bench.run(), (0, Vec::new()));
    for mut answer in answers {
        assert!(answer.try_recv().unwrap().unwrap_err().is_busy());
    }
    assert_eq!(WAITS.load(Ordering::Relaxed), 1, "not five seconds for each of fifty");
}

#[test]
fn what_nobody_awaits_any_more_is_written_all_the_same() {
    let bench = Bench::new(100);
    drop(bench.put(1));
    assert_eq!(bench.run(), (1, vec![1]));
}

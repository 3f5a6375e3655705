//! What the disk can do: raw logs, without queue, index or checks.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

/// One file, one writer: each record is appended and synced alone.
#[derive(Debug)]
pub struct AppendLog(File);

impl AppendLog {
    /// A new file.
    ///
    /// # Errors
    /// That of the file.
    pub fn create(path: &Path) -> io::Result<Self> {
        File::create(path).map(Self)
    }

    /// Appends and syncs.
    ///
    /// # Errors
    /// That of the file.
    pub fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.0.write_all(record)?;
        self.0.sync_data()
    }
}

/// One file, one thread that writes: all records that wait share one write and one sync.
#[derive(Debug)]
pub struct GroupLog {
    sender: Option<mpsc::Sender<Append>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

struct Append {
    record: Vec<u8>,
    synced: oneshot::Sender<()>,
}

impl GroupLog {
    /// A new file.
    ///
    /// # Errors
    /// That of the file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = File::create(path)?;
        let (sender, records) = mpsc::channel();
        let thread = thread::spawn(move || write_groups(&mut file, &records));
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Appends; ready when it is synced. `false` if the log is broken.
    pub async fn append(&self, record: Vec<u8>) -> bool {
        match self.hand_over(record) {
            Some(answer) => answer.await.is_ok(),
            None => false,
        }
    }

    /// As [`append`](Self::append), for a producer that is a thread.
    pub fn append_blocking(&self, record: Vec<u8>) -> bool {
        self.hand_over(record).is_some_and(|answer| answer.blocking_recv().is_ok())
    }

    fn hand_over(&self, record: Vec<u8>) -> Option<oneshot::Receiver<()>> {
        let (synced, answer) = oneshot::channel();
        self.sender.as_ref()?.send(Append { record, synced }).ok()?;
        Some(answer)
    }
}

impl Drop for GroupLog {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn write_groups(file: &mut File, records: &mpsc::Receiver<Append>) -> io::Result<()> {
    let mut octets = Vec::new();
    while let Ok(first) = records.recv() {
        octets.clear();
        let group: Vec<Append> = std::iter::once(first).chain(records.try_iter()).collect();
        group.iter().for_each(|append| octets.extend_from_slice(&append.record));
        file.write_all(&octets)?;
        file.sync_data()?;
        for append in group {
            // Nobody waits any more: it is written all the same.
            let _ = append.synced.send(());
        }
    }
    Ok(())
}

//! Judges a run by the receiver's log and by the spool.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use posthaste::{EventId, EventKind, Sqlite};

/// What the receiver's log says.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// What was received, in order.
    received: Vec<Copy>,
    /// How each life of the sender ended.
    ends: Vec<End>,
}

/// A message that was received.
#[derive(Debug)]
struct Copy {
    to: Vec<String>,
    fingerprint: String,
    /// The life of the sender that sent it.
    life: usize,
    wire: u32,
    /// Whether it was the last on its connection.
    last: bool,
}

/// The end of a life of the sender.
#[derive(Debug)]
pub(crate) struct End {
    how: How,
    /// The connections that were open then.
    pub(crate) cut: usize,
    /// The messages that came again because of it.
    pub(crate) again: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Killed,
    Stopped,
}

impl Log {
    pub(crate) fn parse(text: &str) -> Self {
        let mut log = Self::default();
        let mut cut = 0;
        for line in text.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["received", to, fingerprint, "on", wire] => log.receive(to, fingerprint, wire.parse().unwrap()),
                ["closed", _, how] => cut += usize::from(how == "cut"),
                ["end", how] => {
                    let how = if how == "kill" { How::Killed } else { How::Stopped };
                    log.ends.push(End { how, cut: std::mem::take(&mut cut), again: 0 });
                }
                _ => panic!("a line that the receiver does not write: {line}"),
            }
        }
        log
    }

    fn receive(&mut self, to: &str, fingerprint: &str, wire: u32) {
        if let Some(before) = self.received.iter_mut().rfind(|copy| copy.wire == wire) {
            before.last = false;
        }
        let to = to.split(',').map(str::to_owned).collect();
        self.received.push(Copy { to, fingerprint: fingerprint.to_owned(), life: self.ends.len(), wire, last: true });
    }

    /// The copies that each recipient got, in order.
    fn copies(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut copies: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, copy) in self.received.iter().enumerate() {
            for to in &copy.to {
                copies.entry(to).or_default().push(place);
            }
        }
        copies
    }

    /// What is wrong with it, nothing in a good run:
    ///
    /// * Everybody got the mail; copies are the same, octet for octet (I2).
    /// * A further copy comes only behind a kill, of what the life that it ended had sent last on a connection, and
    ///   whose result was not committed: `doubts` says how often, by recipient (I3).
    /// * No more messages come again than connections were open: one for each at the most.
    pub(crate) fn faults(&mut self, recipients: &[String], doubts: &HashMap<String, usize>) -> Vec<String> {
        let mut faults = Vec::new();
        let copies = self.copies();
        for to in recipients.iter().filter(|to| !copies.contains_key(to.as_str())) {
            faults.push(format!("{to} got nothing"));
        }
        if copies.len() > recipients.len() {
            faults.push(format!("{} got mail, {} were sent any", copies.len(), recipients.len()));
        }
        let mut again: Vec<Vec<usize>> = self.ends.iter().map(|_| Vec::new()).collect();
        for (to, places) in &copies {
            let known = doubts.get(*to).copied().unwrap_or_default();
            if places.len() > known + 1 {
                faults.push(format!("{to} got {} copies, {known} results were not committed", places.len()));
            }
            for pair in places.windows(2) {
                let (before, behind) = (&self.received[pair[0]], &self.received[pair[1]]);
                if before.fingerprint != behind.fingerprint {
                    faults.push(format!("{to} got copies that differ: {before:?}, {behind:?}"));
                }
                match self.ends.get(before.life) {
                    Some(end) if before.life < behind.life && end.how == How::Killed && before.last => {
                        again[before.life].push(pair[0]);
                    }
                    end => faults.push(format!("{to} got a copy without a reason: {before:?}, {behind:?}, {end:?}")),
                }
            }
        }
        for (life, (end, mut again)) in self.ends.iter_mut().zip(again).enumerate() {
            again.sort_unstable();
            again.dedup(); // the recipients of one message
            end.again = again.len();
            if end.again > end.cut {
                faults.push(format!("life {life}: {} came again, {} connections were open", end.again, end.cut));
            }
        }
        faults
    }

    /// The kills.
    pub(crate) fn kills(&self) -> impl Iterator<Item = &End> {
        self.ends.iter().filter(|end| end.how == How::Killed)
    }

    /// How much came in the last life.
    pub(crate) fn received_in_last_life(&self) -> usize {
        self.received.iter().filter(|copy| copy.life + 1 == self.ends.len()).count()
    }
}

/// What the spool says.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// How often the result of an attempt was not committed, by recipient.
    pub(crate) doubts: HashMap<String, usize>,
    /// The ends of each recipient.
    pub(crate) endings: HashMap<String, Vec<String>>,
    /// How often each mail was accepted, by its number.
    pub(crate) accepted: HashMap<String, usize>,
}

impl Story {
    pub(crate) async fn read(path: &Path) -> Self {
        let spool = Sqlite::open_read_only(path).unwrap();
        let (mut story, mut after) = (Self::default(), EventId::START);
        loop {
            let page = spool.events(after, 500).await.unwrap();
            let Some(last) = page.last() else { return story };
            after = last.id;
            for event in page {
                let to = event.recipient.map(|to| to.to_string()).unwrap_or_default();
                match event.kind {
                    EventKind::Accepted { .. } => {
                        *story.accepted.entry(event.tags.get("number").unwrap().to_owned()).or_default() += 1;
                    }
                    EventKind::InDoubt { .. } => *story.doubts.entry(to).or_default() += 1,
                    EventKind::Ended { ending } => story.endings.entry(to).or_default().push(ending.fate.to_string()),
                    _ => {}
                }
            }
        }
    }

    /// What is wrong with it: each mail is accepted once, and each recipient ends once, relayed (I1).
    pub(crate) fn faults(&self, mails: usize, recipients: &[String]) -> Vec<String> {
        let mut faults = Vec::new();
        if self.accepted.len() != mails || self.endings.len() != recipients.len() {
            faults.push(format!(
                "{} mails were accepted, {} recipients ended",
                self.accepted.len(),
                self.endings.len()
            ));
        }
        for (number, times) in self.accepted.iter().filter(|(_, times)| **times != 1) {
            faults.push(format!("mail {number} was accepted {times} times"));
        }
        for to in recipients {
            match self.endings.get(to).map(Vec::as_slice) {
                Some([fate]) if fate == "relayed" => {}
                other => faults.push(format!("{to} ended {other:?}")),
            }
        }
        faults
    }
}

/// The judge finds each fault that it is there to find.
#[test]
fn the_judge_sees_what_is_wrong() {
    let table = [
        ("", "received a f on 1|received b f on 1|closed 1 quit|end stop"),
        ("a got nothing", "received b f on 1|closed 1 quit|end stop"),
        ("3 got mail", "received a f on 1|received b f on 1|received c f on 1|closed 1 quit|end stop"),
        ("", "received b f on 1|received a f on 1|closed 1 cut|end kill|received a f on 2|closed 2 quit|end stop"),
        ("", "received a,b f on 1|closed 1 cut|end kill|received a,b f on 2|closed 2 quit|end stop"),
        ("that differ", "received b f on 1|received a f on 1|closed 1 cut|end kill|received a g on 2|end stop"),
        ("without a reason", "received b f on 1|received a f on 1|received a f on 1|closed 1 cut|end kill"),
        ("without a reason", "received b f on 1|received a f on 1|closed 1 quit|end stop|received a f on 2|end stop"),
        ("without a reason", "received a f on 1|received b f on 1|closed 1 cut|end kill|received a f on 2|end stop"),
        ("0 connections", "received b f on 1|received a f on 1|closed 1 quit|end kill|received a f on 2|end stop"),
        (
            "3 copies, 1 results",
            "received b f on 1|received a f on 1|closed 1 cut|end kill|received a f on 2|closed 2 cut|end kill|\
             received a f on 3|end stop",
        ),
    ];
    let doubts = HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 1)]);
    for (fault, log) in table {
        let faults = Log::parse(&log.replace('|', "\n")).faults(&["a".to_owned(), "b".to_owned()], &doubts);
        match fault {
            "" => assert_eq!(faults, [""; 0], "{log}"),
            fault => assert!(faults.iter().any(|found| found.contains(fault)), "{fault}: {faults:?}: {log}"),
        }
    }
    let mut story = Story::default();
    story.accepted.insert("1".to_owned(), 1);
    story.endings.insert("a".to_owned(), vec!["relayed".to_owned()]);
    assert_eq!(story.faults(1, &["a".to_owned()]), [""; 0]);
    story.endings.entry("a".to_owned()).or_default().push("relayed".to_owned());
    story.accepted.insert("1".to_owned(), 2);
    assert_eq!(story.faults(1, &["a".to_owned()]).len(), 2);
}

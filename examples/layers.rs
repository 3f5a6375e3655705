//! A stack of layers at work, on transports in memory and in virtual time: minutes pass in a moment, and each run takes
//! the same course.
//!
//! Run it: `cargo run --example layers -- --help`

#[macro_use]
#[path = "support/out.rs"]
mod out;

use std::error::Error;
use std::fmt;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lexopt::Arg::{Long, Short};
use lexopt::ValueExt;
use posthaste::layers::{
    Dialogues, Failover, Hold, Limits, Rate, Retry, RouteBy, Split, Suppress, Tee, Throttle, Timeout, Trace,
};
use posthaste::suppression::{Actor, Entry, MemoryStore, Reason, Scope, SuppressionStore, What};
use posthaste::transport::{Direction, Memory, Progress};
use posthaste::{
    Address, Attempt, Capabilities, Clock, Content, Envelope, Mail, MailId, OutcomeKind, Outcomes, Transport,
    TransportError,
};
use posthaste_testkit::VirtualClock;
use tokio::task::JoinSet;

const HELP: &str = "\
Delivers some mails through a stack of layers, and shows where each one went, when, and why.

Usage: layers [--primary STATE] [--backup STATE] [--rate N] [--mails N] [--hold]

  --primary STATE  the first relay: up, down (no connection) or hangs (no answer); default: down
  --backup STATE   the relay behind it; default: up
  --rate N         attempts a minute; default: 60
  --mails N        how many mails, 1 to 1000; default: 6
  --hold           collect the mails instead of sending them, and release the first one only
  --help           this text

The stack, from the outside in:
  throttle   --rate attempts a minute, waiting before the first command
  suppress   asks a list: every sixth recipient has unsubscribed
  tee        a copy of what was accepted to an archive
  route      corp.example by its intranet relays, split 4 to 1; everybody else by the next line
  failover   from the first relay, tried three times with a limit of 20 s each and traced, to the one behind it,
             tried once with the same limit

Every third mail goes to a colleague at corp.example too. Where nobody got anything, because no relay could be reached,
the whole attempt failed; where one recipient was accepted, the others are deferred, each for its own cause.

Exit code: 0 if everybody who may be mailed was accepted or is held, 1 if somebody was not, 2 if the arguments are
wrong.
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let result = match Arguments::from_env() {
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Some(arguments)) => run(&arguments).await,
        Err(error) => {
            eprintln!("layers: {error}\n        layers --help tells them all");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("layers: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let clock = Arc::new(VirtualClock::new());
    let relay = |name, state| Arc::new(Relay { name, state, memory: Memory::relay() });
    let (primary, backup) = (relay("primary", arguments.primary), relay("backup", arguments.backup));
    let (intranet, spare) = (relay("intranet", State::Up), relay("spare", State::Up));
    let archive = relay("archive", State::Up);
    let relays = [primary.clone(), backup.clone(), intranet.clone(), spare.clone(), archive.clone()];
    let list = unsubscribed(arguments.mails, &*clock).await?;
    let dialogues = Dialogues::new(arguments.mails.saturating_mul(3));
    let one_try = Timeout::new(Trace::new(primary, dialogues.sink()), Duration::from_secs(20), clock.clone());
    let tries = Retry::new(one_try, clock.clone()).waits(Duration::from_secs(5), Duration::from_secs(60));
    let backup = Timeout::new(backup, Duration::from_secs(20), clock.clone());
    let everybody = Failover::new(tries, clock.clone()).then(backup).on_deferral();
    let by_domain = RouteBy::new(everybody).within("corp.example".parse()?, Split::new(intranet, 4).and(spare, 1));
    let tee = Arc::new(Tee::new(by_domain, archive));
    let suppress = Suppress::new(tee.clone(), list, clock.clone());
    let rate = Rate::new(arguments.rate, Duration::from_secs(60));
    let stack = Throttle::new(suppress, clock.clone()).overall(Limits::unlimited().rate(rate));

    println!("{:>9}  {:26} what it came to", "time", "recipient");
    let well = if arguments.hold {
        hold_and_release(stack, &clock, arguments.mails).await?
    } else {
        send(Arc::new(stack), &clock, arguments.mails).await?
    };
    clock.settle().await;
    println!("\nWhat the relays took:");
    for relay in &relays {
        println!("  {:10} {:>4}", relay.name, relay.memory.received().len());
    }
    if let Some(dialogue) = dialogues.list().first() {
        println!("\nThe first dialogue with the first relay:\n{dialogue}");
    }
    println!("{}", if well { "All well." } else { "Somebody was not reached." });
    Ok(ExitCode::from(u8::from(!well)))
}

/// A list with every sixth recipient.
async fn unsubscribed(mails: usize, clock: &dyn Clock) -> Result<Arc<MemoryStore>, Box<dyn Error>> {
    let list = MemoryStore::new();
    for n in (6..=mails).step_by(6) {
        let what = What::address(&recipient(n)?);
        list.put(Entry::new(what, Scope::Everything, Reason::Unsubscribe, Actor::System, clock.wall())).await?;
    }
    Ok(Arc::new(list))
}

/// Sends all at once. Whether everybody was reached who may be.
async fn send(stack: Arc<dyn Transport>, clock: &Arc<VirtualClock>, mails: usize) -> Result<bool, Box<dyn Error>> {
    let mut deliveries = JoinSet::new();
    for n in 1..=mails {
        let (stack, clock, attempt) = (stack.clone(), clock.clone(), attempt(n)?);
        deliveries.spawn(async move {
            let result = stack.deliver(&attempt).await;
            told(&*clock, &attempt, &result)
        });
    }
    let mut well = true;
    while !deliveries.is_empty() {
        tokio::select! {
            biased;
            Some(one) = deliveries.join_next() => well &= one?,
            _ = clock.advance_to_next() => {}
        }
    }
    Ok(well)
}

/// Holds all, shows them, and releases the first.
async fn hold_and_release(
    stack: impl Transport,
    clock: &Arc<VirtualClock>,
    mails: usize,
) -> Result<bool, Box<dyn Error>> {
    let hold = Hold::new(stack);
    for n in 1..=mails {
        hold.deliver(&attempt(n)?).await?;
    }
    let held = hold.held();
    println!("{} mails are held.", held.len());
    let Some(first) = held.first() else { return Ok(true) };
    println!("The first one is released:");
    let attempt = Attempt::of(&first.mail);
    let release = async { hold.release(first.id).await };
    let mut release = std::pin::pin!(release);
    let result = loop {
        tokio::select! {
            biased;
            result = &mut release => break result,
            _ = clock.advance_to_next() => {}
        }
    };
    let well = told(&**clock, &attempt, &result);
    println!("{} mails are held.", hold.held().len());
    Ok(well)
}

/// Says what an attempt came to. Whether nobody is missing.
fn told<E: fmt::Display>(clock: &dyn Clock, attempt: &Attempt, result: &Result<Outcomes, E>) -> bool {
    let at = clock.tick().since_start().as_secs_f64();
    let outcomes = match result {
        Ok(outcomes) => outcomes,
        Err(error) => {
            // One answer for the attempt: it is everybody's.
            for to in attempt.recipients() {
                println!("{at:>7.1} s  {:26} attempt failed ({error})", to.address.to_string());
            }
            return false;
        }
    };
    for (to, outcome) in attempt.recipients().iter().zip(outcomes) {
        println!("{at:>7.1} s  {:26} {outcome}", to.address.to_string());
    }
    outcomes.iter().all(|outcome| matches!(outcome.kind(), OutcomeKind::Accepted | OutcomeKind::Refused))
}

/// Every third mail goes to the intranet too.
fn attempt(n: usize) -> Result<Attempt, Box<dyn Error>> {
    let mut to = vec![recipient(n)?];
    if n.is_multiple_of(3) {
        to.push(format!("colleague{n}@corp.example").parse()?);
    }
    let from: Address = "ada@example.com".parse()?;
    let content = Content::from_canonical(format!("Subject: Mail {n}\r\n\r\nHello.\r\n").into_bytes())?;
    let id = MailId::from_bytes(u128::try_from(n)?.to_be_bytes());
    let mail = Mail::new(id, Envelope::new(from, to)?, content);
    Ok(Attempt::builder(mail).progress(Progress::Tracked).timeout(Duration::from_secs(3600)).build())
}

fn recipient(n: usize) -> Result<Address, Box<dyn Error>> {
    Ok(format!("reader{n}@example.org").parse()?)
}

/// A relay in memory that may be down.
#[derive(Debug)]
struct Relay {
    name: &'static str,
    state: State,
    memory: Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    Down,
    Hangs,
}

#[async_trait]
impl Transport for Relay {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        let note = |text: &str| {
            if let Some(trace) = attempt.trace() {
                trace.line(Direction::Note, &format!("{}: {text}", self.name));
            }
        };
        match self.state {
            State::Up => {
                note("connected");
                self.memory.deliver(attempt).await
            }
            State::Down => {
                note("connection refused");
                Err(TransportError::unreachable(format!("{} refuses connections", self.name)))
            }
            State::Hangs => {
                attempt.start()?;
                note("connected, and no greeting");
                std::future::pending().await
            }
        }
    }
}

struct Arguments {
    primary: State,
    backup: State,
    rate: NonZeroU32,
    mails: usize,
    hold: bool,
}

impl Arguments {
    /// `None` if help is asked for.
    fn from_env() -> Result<Option<Self>, Box<dyn Error>> {
        let rate = NonZeroU32::MIN.saturating_add(59);
        let mut all = Self { primary: State::Down, backup: State::Up, rate, mails: 6, hold: false };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("help") | Short('h') => return Ok(None),
                Long("hold") => all.hold = true,
                Long("primary") => all.primary = state("--primary", &parser.value()?.string()?)?,
                Long("backup") => all.backup = state("--backup", &parser.value()?.string()?)?,
                Long("rate") => all.rate = number("--rate", "a number from 1 on", &parser.value()?.string()?)?,
                Long("mails") => all.mails = number("--mails", "a number from 1 to 1000", &parser.value()?.string()?)?,
                other => return Err(other.unexpected().into()),
            }
        }
        if !(1..=1000).contains(&all.mails) {
            return Err(format!("--mails: \"{}\" is not a number from 1 to 1000", all.mails).into());
        }
        Ok(Some(all))
    }
}

fn state(option: &str, text: &str) -> Result<State, String> {
    match text {
        "up" => Ok(State::Up),
        "down" => Ok(State::Down),
        "hangs" => Ok(State::Hangs),
        other => Err(format!("{option}: {other:?} is not up, down or hangs")),
    }
}

fn number<T: std::str::FromStr>(option: &str, what: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{option}: {text:?} is not {what}"))
}

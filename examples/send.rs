//! Sends one mail from the command line and follows it to its end: signed, queued in a spool, delivered to the
//! recipients' MX or through a relay, with every event as it comes.
//!
//! Run it: `cargo run --example send -- --help`
//!
//! ```text
//! send --from "Ada <ada@example.com>" --to bob@example.org --subject Hello --text "How are you?" --relay localhost:25
//! ```

#[macro_use]
#[path = "support/out.rs"]
mod out;

#[path = "send/arguments.rs"]
mod arguments;
#[path = "send/mail.rs"]
mod mail;
#[path = "send/way.rs"]
mod way;

use std::error::Error;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use posthaste::queue::SpoolError;
use posthaste::{
    Dkim, Event, EventKind, Fate, LiveEvents, Mailer, Receipt, SendError, SendErrorKind, Sqlite, Submission, Timestamp,
    Transport,
};

use arguments::{Arguments, Command, Wrong};

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::from_env() {
        Ok(Command::Help) => {
            print!("{}", arguments::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Ok(Command::Send(arguments)) => send(*arguments).await,
        Err(wrong) => Err(wrong.into()),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("send: {error}");
            ExitCode::from(if error.is::<Wrong>() { 2 } else { 1 })
        }
    }
}

async fn send(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let way = way::transport(&arguments)?;
    let signer = arguments.signer()?;
    let submission = mail::submission(&arguments)?;
    let spool = Spool::open(arguments.spool.as_ref())?;
    let mailer = start(&spool, way, signer).await?;
    let mut events = mailer.watch().open();

    let result = follow(&mailer, submission, &arguments, &spool, &mut events).await;
    match mailer.stop().await.waiting {
        0 => {}
        1 => say(format!("1 recipient waits in {}: the next call with it goes on", spool.path.display())),
        many => say(format!("{many} recipients wait in {}: the next call with it goes on", spool.path.display())),
    }
    result
}

async fn start(spool: &Spool, way: Arc<dyn Transport>, signer: Option<Dkim>) -> Result<Mailer, Box<dyn Error>> {
    let mut builder = Mailer::builder().spool(spool.sqlite.clone()).transport(way);
    if let Some(signer) = signer {
        builder = builder.signer(signer);
    }
    Ok(builder.start().await?)
}

async fn follow(
    mailer: &Mailer,
    submission: Submission,
    arguments: &Arguments,
    spool: &Spool,
    events: &mut LiveEvents,
) -> Result<ExitCode, Box<dyn Error>> {
    let mut sending = mailer.send(submission);
    if spool.is_temporary() {
        sending = sending.expire_after(arguments.timeout);
    }
    let receipt = sending.await.map_err(refused)?;
    let printer = Printer { json: arguments.json, start: mailer.now() };
    let watched = tokio::select! {
        watched = watch(events, &receipt, &printer) => watched?,
        () = tokio::time::sleep(arguments.timeout) => Watched::OutOfTime,
        _ = tokio::signal::ctrl_c() => Watched::Interrupted,
    };
    let standings = receipt.standings().await?;
    match watched {
        Watched::Ended => {}
        Watched::RouteHeld => say("nothing leaves this way before that is mended"),
        Watched::Interrupted => say("interrupted"),
        Watched::OutOfTime => {
            say(format!("not done within {} s", arguments.timeout.as_secs()));
            for one in standings.iter().filter(|one| one.standing.ending().is_none()) {
                say(format!("{}: {}", one.address, one.standing));
            }
        }
    }
    if spool.is_temporary() {
        mailer.cancel(receipt.id()).await?; // nobody takes it up later
        let late = standings.iter().any(|one| one.standing.fate() == Some(Fate::Expired));
        if late || watched == Watched::OutOfTime {
            say("given up: --timeout SECONDS waits longer for the next try, --spool FILE keeps what waits");
        }
    }
    for one in standings.iter().filter(|one| one.standing.is_refused()) {
        say(one.advice());
    }
    Ok(if standings.all_delivered() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints what happens, until the mail is done, or nothing can be done about it.
async fn watch(events: &mut LiveEvents, receipt: &Receipt, printer: &Printer) -> Result<Watched, Box<dyn Error>> {
    let recipients = receipt.standings().await?.iter().len();
    let mut ended = 0;
    while ended < recipients {
        let event = match events.next().await {
            None => break,
            Some(Ok(event)) => event,
            Some(Err(lagged)) => {
                say(lagged); // then the spool knows
                receipt.settled().await?;
                break;
            }
        };
        printer.print(&event)?;
        if matches!(event.kind, EventKind::RouteHeld { .. }) {
            return Ok(Watched::RouteHeld);
        }
        ended += usize::from(event.mail == Some(receipt.id()) && matches!(event.kind, EventKind::Ended { .. }));
    }
    Ok(Watched::Ended)
}

/// Why nothing more is waited for.
#[derive(PartialEq, Eq)]
enum Watched {
    Ended,
    RouteHeld,
    Interrupted,
    OutOfTime,
}

/// What the Mailer refuses is wrong with the arguments, unless the disk is.
fn refused(error: SendError) -> Box<dyn Error> {
    match error.kind() {
        SendErrorKind::Invalid | SendErrorKind::TooLarge { .. } | SendErrorKind::TooManyRecipients { .. } => {
            Wrong::new("the mail", error).into()
        }
        SendErrorKind::Signing => Wrong::new("--dkim-domain", error).advise("it must be the domain in From").into(),
        _ => error.into(),
    }
}

/// Words beside the events.
fn say(words: impl Display) {
    eprintln!("send: {words}");
}

/// How events are printed.
struct Printer {
    json: bool,
    start: Timestamp,
}

impl Printer {
    fn print(&self, event: &Event) -> Result<(), Box<dyn Error>> {
        if self.json {
            println!("{}", serde_json::to_string(event)?);
            return Ok(());
        }
        let seconds = event.at.since(self.start).as_secs_f64();
        let who = match (&event.recipient, event.mail) {
            (Some(recipient), _) => recipient.to_string(),
            (None, Some(mail)) => format!("mail {mail}"),
            (None, None) => "-".to_owned(),
        };
        println!("{seconds:6.1} s  {who}: {}", event.kind);
        Ok(())
    }
}

/// The spool of the arguments, or one for this call alone.
struct Spool {
    sqlite: Sqlite,
    path: PathBuf,
    folder: Option<tempfile::TempDir>,
}

impl Spool {
    fn open(given: Option<&PathBuf>) -> Result<Self, Box<dyn Error>> {
        let (path, folder) = match given {
            Some(path) => (path.clone(), None),
            None => {
                let folder = tempfile::tempdir()?;
                (folder.path().join("mail.db"), Some(folder))
            }
        };
        let wrong = |error: SpoolError| {
            Wrong::new("--spool", error.to_string().trim_start_matches("spool: "))
                .advise("give the name of a file; it is made if there is none")
        };
        let sqlite = Sqlite::open(&path).map_err(wrong)?;
        Ok(Self { sqlite, path, folder })
    }

    fn is_temporary(&self) -> bool {
        self.folder.is_some()
    }
}

//! A small relay: takes mail over SMTP from its users for anybody, and from others for its own domains alone; queues it
//! durably, and delivers it to the recipients' MX or through the next relay. What cannot be delivered is told to its
//! sender.
//!
//! Run it: `cargo run --example relay -- --help`
//!
//! ```text
//! relay --demo
//! relay --user ada=ada.password --next smtp+starttls://relay.example.com
//! ```

#[macro_use]
#[path = "support/out.rs"]
mod out;

#[path = "relay/arguments.rs"]
mod arguments;
#[path = "relay/demo.rs"]
mod demo;
#[path = "relay/gate.rs"]
mod gate;
#[path = "support/interrupt.rs"]
mod interrupt;
#[path = "relay/notice.rs"]
mod notice;
#[path = "relay/service.rs"]
mod service;
#[path = "relay/submission.rs"]
mod submission;

use std::process::ExitCode;

use arguments::{Arguments, Command, HELP, Wrong};
use interrupt::Interrupts;
use service::Service;

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::from_env() {
        Ok(Command::Help) => {
            print!("{HELP}");
            Ok(())
        }
        Ok(Command::Demo { json }) => demo::run(json).await,
        Ok(Command::Serve(arguments)) => serve(*arguments).await,
        Err(wrong) => Err(wrong.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relay: {error}");
            ExitCode::from(if error.is::<Wrong>() { 2 } else { 1 })
        }
    }
}

/// Serves until it is told to stop, or events cannot be written any more. That nobody reads them stops nothing.
async fn serve(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let mut interrupts = Interrupts::listen()?;
    let service = Service::start(arguments).await?;
    eprintln!("relay: listening on {}", service.address());
    if service.backlog() > 0 {
        eprintln!("relay: recipients that waited in the spool: {}", service.backlog());
    }
    let ended = tokio::select! {
        ended = service.print_events() => ended,
        interrupted = interrupts.next() => interrupted.map_err(Into::into),
    };
    let waiting = service.stop().await;
    eprintln!("relay: stopped; recipients that wait in the spool: {waiting}");
    ended
}

//! A web shop: login codes that must be answered within seconds, and receipts that are sent if and only if the order
//! was stored.
//!
//! Mail leaves into a folder here, so that you can look at it. In the shop itself, one line differs: the transport.
//!
//! Run it: `cargo run --example web_shop`

#[macro_use]
#[path = "support/out.rs"]
mod out;
#[path = "support/no_arguments.rs"]
mod no_arguments;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use posthaste::layers::EmlFolder;
use posthaste::message::ComposeError;
use posthaste::{Mailbox, Mailer, Message, Prepared, Sqlite, StreamName, StreamPolicy};

const CODES: StreamName = StreamName::from_static("codes"); // a bad name does not compile

const HELP: &str = "\
Sends a login code and a receipt into a folder, each once, however often it is asked to. It takes no arguments.

  web_shop

Exit code: 0 all as told, 1 something was not, 2 there are arguments.
";

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(end) = no_arguments::end("web_shop", HELP) {
        return end;
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("web_shop: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("out"))?;
    let mailer = Mailer::builder()
        .spool(Sqlite::open(folder.path().join("mail.db"))?)
        .transport(EmlFolder::new(folder.path().join("out")))
        .stream(CODES, StreamPolicy::codes())
        .start()
        .await?;

    // Login: was it refused within seconds? A double click gives the same receipt.
    let customer: Mailbox = "Bob <bob@example.org>".parse()?;
    for click in 1..=2 {
        let receipt = mailer.send(code_mail(&customer, "493027")?).stream(CODES).once("code/77").await?;
        let standings = receipt.first_answers(Duration::from_secs(5)).await?;
        if let Some(refused) = standings.refused() {
            println!("tell the customer: {}", refused.advice());
        }
        println!("click {click}: mail {}, replay {}\n  {standings}", receipt.id(), receipt.is_replay());
    }

    // Checkout: order and mail commit together, or not at all. Any database will do: the mail is a row of bytes.
    let mut shop = Database::default();
    let prepared = mailer.prepare(receipt_mail(&customer, 4711)?).once("receipt/4711").tag("order", 4711).await?;
    shop.commit(4711, prepared.to_bytes());

    // A relay of the shop's own hands over what was committed; crash and repeat as often as you like.
    for row in shop.outbox.iter().chain(&shop.outbox) {
        let receipt = mailer.send_prepared(Prepared::from_bytes(row)?).await?;
        println!("order 4711: mail {}, replay {}\n  {}", receipt.id(), receipt.is_replay(), receipt.settled().await?);
    }
    mailer.stop().await;

    let mails = std::fs::read_dir(folder.path().join("out"))?.filter_map(Result::ok);
    let mails = mails.filter(|file| file.path().extension().is_some_and(|extension| extension == "eml")).count();
    println!("\n{mails} mails left");
    if mails == 2 { Ok(()) } else { Err(format!("{mails} mails, and not one code and one receipt").into()) }
}

fn code_mail(to: &Mailbox, code: &str) -> Result<Message, ComposeError> {
    Message::builder()
        .from("Shop <login@shop.example>")
        .to(to)
        .subject("Your code")
        .text(format!("Your code is {code}. It is good for a quarter of an hour."))
        .build()
}

fn receipt_mail(to: &Mailbox, order: u32) -> Result<Message, ComposeError> {
    Message::builder()
        .from("Shop <orders@shop.example>")
        .to(to)
        .subject(&format!("Order {order}"))
        .text("Thank you. It is on its way.")
        .html("<p>Thank you. It is on its way.</p>")
        .build()
}

/// The shop's own database, as far as this example needs one.
#[derive(Default)]
struct Database {
    orders: Vec<u32>,
    outbox: Vec<Vec<u8>>,
}

impl Database {
    fn commit(&mut self, order: u32, mail: Vec<u8>) {
        self.orders.push(order);
        self.outbox.push(mail);
    }
}

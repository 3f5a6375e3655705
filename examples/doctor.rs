//! Audits a sending domain: what is wrong, the evidence, who cares, and the record that mends it.
//!
//! Run it: `cargo run --example doctor -- --help`

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use posthaste::dns::Resolve;
use posthaste::dns_hickory::{Hickory, Validation};
use posthaste::fetch_hyper::{FetchConfig, HyperFetch};
use posthaste::provider::Requirements;
use posthaste::reputation::DnsLists;
use posthaste::{Clock, SystemClock};
use posthaste_doctor::{Audit, Doctor, Ink, Settings};

use arguments::{Arguments, Asked, HELP, Server, Shape};

#[path = "doctor/arguments.rs"]
mod arguments;
#[path = "doctor/look.rs"]
mod look;

fn main() -> ExitCode {
    let arguments = match arguments::read() {
        Ok(Asked::Audit(arguments)) => *arguments,
        Ok(Asked::Help) => {
            let _ = std::io::stdout().write_all(HELP.as_bytes()); // who reads on may have gone
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("doctor: {error}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(audit) => {
            let page = match arguments.shape {
                Shape::Json => audit.to_json() + "\n",
                Shape::Page => audit.page(ink()).to_string(),
            };
            let _ = std::io::stdout().write_all(page.as_bytes()); // likewise
            ExitCode::from(audit.exit_code())
        }
        Err(error) => {
            eprintln!("doctor: {error}");
            ExitCode::from(2)
        }
    }
}

/// Colours on a terminal alone, and not where somebody asked for none (no-color.org).
fn ink() -> Ink {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stdout().is_terminal() && !unwanted { Ink::Colour } else { Ink::Plain }
}

fn run(arguments: &Arguments) -> Result<Audit, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let dns = resolver(arguments, clock.clone()).await?;
        let fetch = HyperFetch::new(dns.clone(), clock.clone(), FetchConfig::default());
        let mut settings = Settings::default();
        settings.time = arguments.time;
        let mut doctor = Doctor::new(dns, clock.clone())
            .fetch(Arc::new(fetch))
            .lists(lists(arguments)?)
            .requirements(requirements(arguments)?)
            .settings(settings);
        if arguments.look {
            doctor = doctor.probe(Arc::new(look::SmtpLook::new(clock)));
        }
        Ok(doctor.audit(&arguments.sending).await)
    })
}

async fn resolver(arguments: &Arguments, clock: Arc<dyn Clock>) -> Result<Arc<dyn Resolve>, Box<dyn Error>> {
    let builder = match &arguments.server {
        None => Hickory::system_builder(clock)?,
        Some(Server(name)) => {
            let addresses: Vec<_> = match tokio::net::lookup_host(name.as_str()).await {
                Ok(addresses) => addresses.collect(),
                Err(error) => return Err(format!("--dns {name}: {error}").into()),
            };
            Hickory::builder(addresses, clock)
        }
    };
    let validation = arguments.validation.unwrap_or(Validation::Nobody);
    Ok(Arc::new(builder.validation(validation).build()?))
}

fn lists(arguments: &Arguments) -> Result<DnsLists, Box<dyn Error>> {
    let mut lists = DnsLists::builtin();
    for (id, key) in &arguments.keys {
        // The key itself is not repeated.
        lists = lists.with_key(id, key).map_err(|_| format!("--list-key {id}: no such list, or no such key"))?;
    }
    if let Some(id) = arguments.skipped.iter().find(|id| lists.get(id).is_none()) {
        return Err(format!("--skip-list {id}: no such list").into());
    }
    let lists = lists.retain(|list| !arguments.skipped.iter().any(|id| id == list.id()));
    Ok(if arguments.no_lists { lists.retain(|_| false) } else { lists })
}

fn requirements(arguments: &Arguments) -> Result<Requirements, Box<dyn Error>> {
    let Some(file) = &arguments.requirements else { return Ok(Requirements::builtin()) };
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Requirements::parse(&text)?)
}

//! Reads mails and says of each what it reports: `cargo run --example read_bounce -- bounce.eml`.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

const HELP: &str = "\
Reads delivery reports, and says what each tells: of whom, what happened, and why.

  read_bounce FILE...

  FILE    a mail, as it came

Exit code: 0 each file was read, whatever it is; 1 one cannot be read; 2 no file is named.
";

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.iter().any(|file| file == "--help") {
        let _ = std::io::stdout().write_all(HELP.as_bytes()); // who reads on may have gone
        return ExitCode::SUCCESS;
    }
    if files.is_empty() {
        eprintln!("read_bounce: no file is named\n             read_bounce --help tells more");
        return ExitCode::from(2);
    }
    let mut code = ExitCode::SUCCESS;
    for file in files {
        if let Err(error) = read(&file) {
            eprintln!("read_bounce: {file}: {error}");
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn read(file: &str) -> Result<(), Box<dyn Error>> {
    let reading = posthaste_bounce::read(&std::fs::read(file)?)?;
    Ok(writeln!(std::io::stdout(), "{file}: {:?}\n{reading}", reading.format())?)
}

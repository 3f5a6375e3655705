//! Runs a test suite in the OpenSPF YAML form: `cargo run --example spf -- --suite FILE.yml`.

use std::error::Error;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

#[path = "../tests/support/suite.rs"]
mod suite;

const HELP: &str = "\
Runs a test suite in the OpenSPF YAML form: a line for each case and, last, how many passed and failed.

  spf --suite FILE

  --suite FILE    scenarios with tests and zonedata, in YAML

Exit code: 0 all cases passed; 1 one failed, or the file cannot be read or has no cases; 2 an argument cannot be used.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--help"] => {
            let _ = std::io::stdout().write_all(HELP.as_bytes()); // who reads on may have gone
            ExitCode::SUCCESS
        }
        ["--suite", file] => run(file).unwrap_or_else(|error| {
            eprintln!("spf: {file}: {error}");
            ExitCode::FAILURE
        }),
        _ => {
            eprintln!("spf: arguments: --suite FILE is wanted\n     spf --help tells more");
            ExitCode::from(2)
        }
    }
}

fn run(file: &str) -> Result<ExitCode, Box<dyn Error>> {
    let cases = suite::run(&std::fs::read_to_string(file)?)?;
    if cases.is_empty() {
        return Err("no test cases".into());
    }
    let passed = cases.iter().filter(|case| case.is_right()).count();
    match print(&cases, passed) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(if passed == cases.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(cases: &[suite::Case], passed: usize) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for case in cases {
        let word = if case.is_right() { "passed" } else { "FAILED" };
        write!(out, "{word}  {}: {}, {} ({})", case.scenario, case.name, case.outcome, case.explanation())?;
        match case.is_right() {
            true => writeln!(out)?,
            false => writeln!(out, "; expected {:?} {:?}", case.expected, case.expected_explanation)?,
        }
    }
    writeln!(out, "{passed} passed, {} failed", cases.len() - passed)
}

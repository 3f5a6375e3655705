//! Runs a test suite in the OpenSPF YAML form: `cargo run --example spf -- --suite FILE.yml`.
//!
//! It prints a line for each case and, last, how many passed and failed; it exits with 1 if any failed.

use std::error::Error;
use std::process::ExitCode;

#[path = "../tests/support/suite.rs"]
mod suite;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some("--suite"), Some(file), None) = (args.next().as_deref(), args.next(), args.next()) else {
        eprintln!("usage: spf --suite FILE.yml");
        return Ok(ExitCode::from(2));
    };
    let cases = suite::run(&std::fs::read_to_string(file)?)?;
    for case in &cases {
        let word = if case.is_right() { "passed" } else { "FAILED" };
        print!("{word}  {}: {}, {} ({})", case.scenario, case.name, case.outcome, case.explanation());
        match case.is_right() {
            true => println!(),
            false => println!("; expected {:?} {:?}", case.expected, case.expected_explanation),
        }
    }
    let passed = cases.iter().filter(|case| case.is_right()).count();
    println!("{passed} passed, {} failed", cases.len() - passed);
    Ok(if passed == cases.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

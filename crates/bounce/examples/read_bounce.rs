//! Reads the files that are named and says what each is: `cargo run --example read_bounce bounce.eml`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    for file in std::env::args().skip(1) {
        let reading = posthaste_bounce::read(&std::fs::read(&file)?)?;
        println!("{file}: {:?}\n{reading}", reading.format());
    }
    Ok(())
}

//! Shared parts of the benches.
//!
//! A bench compares *sides* in one run: in every round each side does the same work once, in an order that
//! turns, and what counts is the ratio of two sides within a round. The absolute rates depend on the machine
//! and on what else it does; they illustrate. A bench never fails because something was slow.
//!
//! `POSTHASTE_BENCH_SMOKE=1` makes one tiny round of each: it shows that the bench works, and its numbers mean
//! nothing.

mod comparison;
mod cpu;
mod dialogue;
mod journal;
mod machine;
mod mode;
mod no_delay;
mod null_sink;
mod postfix;
mod smtp_sink;

pub use comparison::{Comparison, Sample, Side};
pub use cpu::CpuTime;
pub use dialogue::{Dialogue, FROM, TO, Tls, message};
pub use journal::{AppendLog, GroupLog};
pub use machine::machine;
pub use mode::Mode;
pub use no_delay::NoDelay;
pub use null_sink::{NullSink, serve_nothing, serve_nothing_over_tls};
pub use postfix::Postfix;
pub use smtp_sink::SmtpSink;

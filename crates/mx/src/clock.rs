//! The machine's clock and random source, where no others are given.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::BuildHasher as _;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use posthaste_types::{Clock, Random, Tick, Timestamp};

#[derive(Clone, Copy, Debug)]
pub(crate) struct MachineClock(Instant);

impl MachineClock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MachineClock {
    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp::from_unix_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn tick(&self) -> Tick {
        Tick::from_start(self.0.elapsed())
    }

    fn sleep_until(&self, at: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let deadline = self.0.checked_add(at.since_start());
        Box::pin(async move {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        })
    }
}

/// For the order of equal hosts, and for the nonce of SCRAM, which is no secret and must not repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MachineRandom;

impl Random for MachineRandom {
    fn fill(&self, buffer: &mut [u8]) {
        if getrandom::fill(buffer).is_err() {
            // Not to be foreseen is better; not to repeat is enough, and better than no delivery.
            for (number, octets) in (0_u64..).zip(buffer.chunks_mut(8)) {
                let word = RandomState::new().hash_one((number, SystemTime::now())).to_ne_bytes();
                octets.iter_mut().zip(word).for_each(|(octet, random)| *octet = random);
            }
        }
    }
}

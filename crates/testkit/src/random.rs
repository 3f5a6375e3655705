//! Chance that repeats itself.

use std::sync::{Mutex, PoisonError};

use posthaste_types::Random;

/// A [`Random`] that gives the same octets for the same seed (SplitMix64): a test that fails, fails again.
///
/// Whoever sees a few octets can tell all others: no key, token or secret of real use may come from it.
///
/// ```
/// use posthaste_testkit::SeededRandom;
/// use posthaste_types::Random;
///
/// let (mut one, mut other) = ([0; 16], [0; 16]);
/// SeededRandom::new(7).fill(&mut one);
/// SeededRandom::new(7).fill(&mut other);
/// assert_eq!(one, other);
/// ```
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// A source that begins at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in buffer.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let octets = mixed(*state).to_le_bytes();
            chunk.iter_mut().zip(octets).for_each(|(to, octet)| *to = octet);
        }
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
fn mixed(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs for seed 1234567, as published with the algorithm.
    #[test]
    fn is_splitmix64() {
        let random = SeededRandom::new(1_234_567);
        let mut octets = [0; 16];
        random.fill(&mut octets);
        let (first, second) = octets.split_at(8);
        assert_eq!(u64::from_le_bytes(first.try_into().unwrap()), 6_457_827_717_110_365_317);
        assert_eq!(u64::from_le_bytes(second.try_into().unwrap()), 3_203_168_211_198_807_973);
    }

    #[test]
    fn fills_buffers_of_every_length_and_differs_by_seed() {
        for length in 0..40 {
            let mut buffer = vec![0; length];
            SeededRandom::new(1).fill(&mut buffer);
            let zeros = buffer.iter().filter(|octet| **octet == 0).count();
            assert!(zeros <= 2, "length {length}: {buffer:?}");
        }
        let (mut one, mut other) = ([0; 8], [0; 8]);
        SeededRandom::new(1).fill(&mut one);
        SeededRandom::new(2).fill(&mut other);
        assert_ne!(one, other);
    }
}

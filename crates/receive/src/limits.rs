//! What is counted over all connections: clients, and octets in memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places for connections.
#[derive(Debug)]
pub(crate) struct Places {
    all: usize,
    each: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    sites: HashMap<IpAddr, usize>,
}

/// Why a client gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    All,
    Site,
}

impl Places {
    pub(crate) fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { all, each, taken: Mutex::default() })
    }

    pub(crate) fn take(self: &Arc<Self>, site: IpAddr) -> Result<Place, NoPlace> {
        let mut taken = self.taken();
        if taken.all >= self.all {
            return Err(NoPlace::All);
        }
        if taken.sites.get(&site).is_some_and(|count| *count >= self.each) || self.each == 0 {
            return Err(NoPlace::Site);
        }
        taken.all += 1;
        *taken.sites.entry(site).or_default() += 1;
        drop(taken);
        Ok(Place { places: Arc::clone(self), site })
    }

    pub(crate) fn count(&self) -> usize {
        self.taken().all
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    site: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(count) = taken.sites.get_mut(&self.site) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.sites.remove(&self.site);
            }
        }
    }
}

/// The octets of messages that all connections may hold together.
#[derive(Debug)]
pub(crate) struct Budget {
    max: u64,
    held: Mutex<u64>,
}

impl Budget {
    pub(crate) fn new(max: u64) -> Arc<Self> {
        Arc::new(Self { max, held: Mutex::new(0) })
    }

    fn grow(&self, by: usize) -> Result<(), NoRoom> {
        let by = u64::try_from(by).unwrap_or(u64::MAX);
        let mut held = self.held();
        let grown = held.checked_add(by).filter(|grown| *grown <= self.max).ok_or(NoRoom)?;
        *held = grown;
        Ok(())
    }

    fn shrink(&self, by: usize) {
        let mut held = self.held();
        *held = held.saturating_sub(u64::try_from(by).unwrap_or(u64::MAX));
    }

    fn held(&self) -> MutexGuard<'_, u64> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory for messages is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

/// A message as it arrives, counted against the [`Budget`] by the memory that it takes.
#[derive(Debug)]
pub(crate) struct Buffer {
    budget: Arc<Budget>,
    octets: Vec<u8>,
    counted: usize,
}

impl Buffer {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self { budget, octets: Vec::new(), counted: 0 }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), NoRoom> {
        let needed = self.octets.len().saturating_add(piece.len());
        if needed > self.octets.capacity() {
            let wanted = needed.max(self.octets.capacity().saturating_mul(2)).max(FIRST);
            self.budget.grow(wanted.saturating_sub(self.counted))?;
            self.counted = wanted;
            self.octets.try_reserve_exact(wanted - self.octets.len()).map_err(|_| NoRoom)?;
        }
        self.octets.extend_from_slice(piece);
        Ok(())
    }

    /// The octets. They stay counted as long as the buffer is there.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.octets)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.budget.shrink(self.counted);
    }
}

/// What a message takes at first, in octets.
const FIRST: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_all_and_for_each_client() {
        let (ada, bob) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let places = Places::new(3, 2);
        let first = places.take(ada);
        let _second = places.take(ada);
        assert_eq!(places.take(ada).err(), Some(NoPlace::Site));
        let _third = places.take(bob);
        assert_eq!(places.take(bob).err(), Some(NoPlace::All));
        drop(first);
        assert!(places.take(ada).is_ok());
        assert_eq!(places.count(), 2);
    }

    #[test]
    fn memory_is_counted_as_it_is_taken_and_given_back() {
        let budget = Budget::new(20_000);
        let mut first = Buffer::new(Arc::clone(&budget));
        assert_eq!(first.push(&[1; 8192]), Ok(()));
        let mut second = Buffer::new(Arc::clone(&budget));
        assert_eq!(second.push(&[2; 8192]), Ok(()));
        assert_eq!(second.push(&[2]), Err(NoRoom));
        drop(first);
        assert_eq!(second.push(&[2]), Ok(()));
        assert_eq!(second.take().len(), 8193);
        drop(second);
        assert_eq!(*budget.held(), 0);
    }
}

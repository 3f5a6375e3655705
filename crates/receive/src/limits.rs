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

impl NoPlace {
    /// What the client is told; then the connection ends.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::All => "421 4.3.2 too many connections\r\n",
            Self::Site => "421 4.7.0 too many connections from your address\r\n",
        }
    }
}

impl Places {
    pub(crate) fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { all, each, taken: Mutex::default() })
    }

    /// A place among all. It is nobody's before [`Place::claim`].
    pub(crate) fn take(self: &Arc<Self>) -> Result<Place, NoPlace> {
        let mut taken = self.taken();
        if taken.all >= self.all {
            return Err(NoPlace::All);
        }
        taken.all += 1;
        drop(taken);
        Ok(Place { places: Arc::clone(self), site: None })
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
    site: Option<IpAddr>,
}

impl Place {
    /// Counts the place for this client. To be called once.
    pub(crate) fn claim(&mut self, site: IpAddr) -> Result<(), NoPlace> {
        let mut taken = self.places.taken();
        if taken.sites.get(&site).is_some_and(|count| *count >= self.places.each) || self.places.each == 0 {
            return Err(NoPlace::Site);
        }
        *taken.sites.entry(site).or_default() += 1;
        self.site = Some(site);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        let Some(site) = self.site else { return };
        if let Some(count) = taken.sites.get_mut(&site) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.sites.remove(&site);
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

/// Octets that are counted against the [`Budget`]; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    budget: Arc<Budget>,
    octets: usize,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.budget.shrink(self.octets);
    }
}

/// A message as it arrives, counted by the memory that it takes.
#[derive(Debug)]
pub(crate) struct Buffer {
    octets: Vec<u8>,
    reserved: Reserved,
}

impl Buffer {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self { octets: Vec::new(), reserved: Reserved { budget, octets: 0 } }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), NoRoom> {
        if piece.len() > self.octets.capacity() - self.octets.len() {
            self.reserve(piece.len().max(self.octets.capacity()))?;
        }
        self.octets.extend_from_slice(piece);
        Ok(())
    }

    /// Makes room for so many further octets at least.
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), NoRoom> {
        let wanted = self.octets.len().saturating_add(more).max(FIRST);
        self.reserved.budget.grow(wanted.saturating_sub(self.reserved.octets))?;
        self.reserved.octets = self.reserved.octets.max(wanted);
        self.octets.try_reserve_exact(wanted.saturating_sub(self.octets.len())).map_err(|_| NoRoom)
    }

    /// The octets, and the memory that is counted for them.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Reserved) {
        (self.octets, self.reserved)
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
        let take = |site| {
            let mut place = places.take()?;
            place.claim(site).map(|()| place)
        };
        let first = take(ada);
        let _second = take(ada);
        assert_eq!(take(ada).err(), Some(NoPlace::Site));
        assert_eq!(places.count(), 2, "who was turned away is not counted");
        let _third = take(bob);
        assert_eq!(take(bob).err(), Some(NoPlace::All));
        drop(first);
        assert!(take(ada).is_ok());
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
        let (octets, reserved) = second.into_parts();
        assert_eq!((octets.len(), *budget.held()), (8193, 16_384));
        drop(reserved);
        assert_eq!(*budget.held(), 0);
    }
}

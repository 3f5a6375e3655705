//! When what an attempt came to is written down.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Then = Box<dyn FnOnce() + Send>;

/// Whether what an attempt came to is written down, and what waits for that.
pub(crate) struct Record(Mutex<State>);

enum State {
    Awaited { waiting: Vec<Then>, last_try: Option<Arc<Record>> },
    Made,
}

impl Record {
    /// One that [`make`](Self::make) is to come for.
    pub(crate) fn awaited() -> Self {
        Self(Mutex::new(State::Awaited { waiting: Vec::new(), last_try: None }))
    }

    /// Nothing is written down anywhere: nothing is waited for.
    pub(crate) fn made() -> Self {
        Self(Mutex::new(State::Made))
    }

    pub(crate) fn then(&self, then: impl FnOnce() + Send + 'static) {
        if let State::Awaited { waiting, .. } = &mut *self.state() {
            waiting.push(Box::new(then));
            return;
        }
        then();
    }

    pub(crate) fn make(&self) {
        let state = std::mem::replace(&mut *self.state(), State::Made);
        if let State::Awaited { waiting, last_try } = state {
            waiting.into_iter().for_each(|then| then());
            last_try.inspect(|record| record.make());
        }
    }

    /// That of another try, made with this one. What waits for the last try's waits no longer: nothing came of it.
    pub(crate) fn for_try(&self) -> Arc<Record> {
        let mut state = self.state();
        let State::Awaited { last_try, .. } = &mut *state else { return Arc::new(Self::made()) };
        let next = Arc::new(Self::awaited());
        let last = last_try.replace(next.clone());
        drop(state);
        last.inspect(|record| record.make());
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.state() {
            State::Awaited { waiting, .. } => write!(f, "Record(awaited by {})", waiting.len()),
            State::Made => f.write_str("Record(made)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn count(record: &Record, counter: &Arc<AtomicU32>) {
        let counter = counter.clone();
        record.then(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
    }

    #[test]
    fn what_waits_runs_once_when_the_record_is_made() {
        let (record, ran) = (Record::awaited(), Arc::new(AtomicU32::new(0)));
        count(&record, &ran);
        count(&record, &ran);
        assert_eq!(ran.load(Ordering::Relaxed), 0);
        record.make();
        record.make();
        assert_eq!(ran.load(Ordering::Relaxed), 2);
        count(&record, &ran);
        assert_eq!(ran.load(Ordering::Relaxed), 3, "it is made: at once");
    }

    #[test]
    fn without_a_record_nothing_waits() {
        let ran = Arc::new(AtomicU32::new(0));
        count(&Record::made(), &ran);
        assert_eq!(ran.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn each_try_waits_until_the_next_and_the_last_one_for_the_record() {
        let (record, ran) = (Record::awaited(), Arc::new(AtomicU32::new(0)));
        let first = record.for_try();
        count(&first, &ran);
        let second = record.for_try();
        assert_eq!(ran.load(Ordering::Relaxed), 1, "nothing came of the first");
        count(&second, &ran);
        let third = second.for_try();
        count(&third, &ran);
        assert_eq!(ran.load(Ordering::Relaxed), 1);
        record.make();
        assert_eq!(ran.load(Ordering::Relaxed), 3);
        count(&record.for_try(), &ran);
        assert_eq!(ran.load(Ordering::Relaxed), 4, "it is made: at once");
    }

    #[test]
    fn what_waits_is_dropped_with_a_record_that_is_never_made() {
        let (record, ran) = (Record::awaited(), Arc::new(AtomicU32::new(0)));
        count(&record, &ran);
        drop(record);
        assert_eq!((ran.load(Ordering::Relaxed), Arc::strong_count(&ran)), (0, 1));
    }
}

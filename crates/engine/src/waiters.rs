//! Who waits for news of a mail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use posthaste_types::MailId;
use tokio::sync::Notify;

/// Who waits for news of a mail. Memory follows the number of those who wait.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<HashMap<MailId, Weak<Notify>>>);

impl Waiters {
    /// The bell of a mail; it hangs as long as somebody holds it.
    pub(crate) fn bell(&self, mail: MailId) -> Arc<Notify> {
        let mut bells = self.lock();
        if let Some(bell) = bells.get(&mail).and_then(Weak::upgrade) {
            return bell;
        }
        if bells.len() > 64 && bells.len().is_power_of_two() {
            bells.retain(|_, bell| bell.strong_count() > 0);
        }
        let bell = Arc::new(Notify::new());
        bells.insert(mail, Arc::downgrade(&bell));
        bell
    }

    /// Wakes all who wait for news of a mail.
    pub(crate) fn wake(&self, mail: MailId) {
        let mut bells = self.lock();
        match bells.get(&mail).map(Weak::upgrade) {
            Some(Some(bell)) => bell.notify_waiters(),
            Some(None) => drop(bells.remove(&mail)),
            None => {}
        }
    }

    /// Wakes everybody: there will be no news.
    pub(crate) fn wake_all(&self) {
        for bell in self.lock().drain().filter_map(|(_, bell)| bell.upgrade()) {
            bell.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MailId, Weak<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The way out of the list: one click (RFC 8058).

use std::error::Error;
use std::time::Duration;

use posthaste::message::{Limits, read};
use posthaste::token::{KeyId, KeyRing, MasterSecret, Purpose, TokenError};
use posthaste::{Address, Clock, SystemRandom};
use posthaste_testkit::Arrived;

/// Makes links that cannot be forged: whoever holds one is the reader that it was made for.
pub(crate) struct Unsubscribe<'a> {
    ring: KeyRing,
    clock: &'a dyn Clock,
}

impl<'a> Unsubscribe<'a> {
    pub(crate) fn new(clock: &'a dyn Clock) -> Self {
        Self { ring: KeyRing::new(KeyId::new(1), MasterSecret::generate(&SystemRandom::new())), clock }
    }

    pub(crate) fn link(&self, reader: &Address) -> Result<String, TokenError> {
        let token = self.ring.seal(Purpose::Unsubscribe, reader.as_str().as_bytes(), self.clock.wall())?;
        Ok(format!("https://news.example.com/u/{}", token.as_str()))
    }

    pub(crate) fn read(&self, link: &str) -> Result<Address, Box<dyn Error>> {
        let token = link.rsplit('/').next().unwrap_or_default();
        let year = Duration::from_secs(365 * 86_400);
        let opened = self.ring.open(Purpose::Unsubscribe, token, self.clock.wall(), year)?;
        Ok(std::str::from_utf8(opened.payload())?.parse()?)
    }
}

/// The link in List-Unsubscribe, if the letter has a one-click way out.
pub(crate) fn way_out(mail: &Arrived) -> Option<String> {
    let message = read(&mail.octets, &Limits::default()).ok()?;
    let post = message.header("List-Unsubscribe-Post")?.unfolded();
    let field = message.header("List-Unsubscribe")?.unfolded();
    let (_, link) = field.split_once('<')?;
    let (link, _) = link.split_once('>')?;
    (post.trim() == "List-Unsubscribe=One-Click").then(|| link.to_owned())
}

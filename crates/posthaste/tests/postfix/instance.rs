//! The Postfix of these tests: it takes mail for anybody, hands it on, and delivers to local users itself.

use std::net::SocketAddr;
use std::ops::Deref;

use crate::real::{self, Setup};

#[derive(Debug)]
pub(crate) struct Postfix(real::Postfix);

impl Postfix {
    /// Its name, which stands in its trace fields and reports.
    pub(crate) const NAME: &'static str = "relay.postfix.test";
    /// The domain whose mail it delivers itself. It takes mail for any user there, and finds none.
    pub(crate) const LOCAL_DOMAIN: &'static str = "users.test";

    /// Starts one that hands everything else to `next_hop`.
    pub(crate) fn start(next_hop: SocketAddr) -> Option<Self> {
        // Mail for local users is taken without a look, so that it bounces later. What users of this system there are
        // get nothing of it into their mailboxes.
        let local = format!("mydestination = {}\nlocal_recipient_maps =", Self::LOCAL_DOMAIN);
        Setup::new(Self::NAME).smtpd(&[]).relay_to(next_hop).set(&local).start().map(Self)
    }
}

impl Deref for Postfix {
    type Target = real::Postfix;

    fn deref(&self) -> &real::Postfix {
        &self.0
    }
}

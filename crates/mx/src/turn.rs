//! Whose mail a connection carries, and the mail that goes behind it.

use posthaste_smtp::{ClientSession, TransactionId};
use posthaste_transport::Attempt;
use posthaste_types::{Content, Tick};

use crate::lease::{Claim, Follower, Lease};

/// The mail whose turn it is on a connection, from its first command to its last answer.
///
/// When its content is handed out to the last octet, the mail that waits longest for the same key may begin: its
/// envelope goes with that content (RFC 2920 §3.1). It takes the connection over when the turn is at its end.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) attempt: &'a Attempt,
    /// Of a mail in lines.
    pub(crate) content: Option<&'a Content>,
    /// Where the next mail is looked for, if one may follow.
    pub(crate) lease: Option<&'a Lease>,
    /// Who has begun behind it, and the number of his mail.
    pub(crate) follower: Option<(Follower, TransactionId)>,
}

/// Whether the mail that has the next turn was begun by the one in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    Already(TransactionId),
    Now,
}

impl Turn<'_> {
    /// Begins the next mail, if there is one and it may begin. `mails` counts those of the connection.
    pub(crate) fn follow(&mut self, now: Tick, session: &mut ClientSession, mails: &mut u32) -> bool {
        let Some(lease) = self.lease.filter(|_| self.follower.is_none() && session.can_send()) else { return false };
        if lease.is_last_mail(*mails) {
            return false;
        }
        // What the peer cannot carry is told on a connection of its own.
        let claim = lease.claim(|transaction| session.objection(transaction).is_none());
        let Some(Claim { transaction, follower }) = claim else { return false };
        // Dropped, the follower learns that nothing came of it.
        let Ok(number) = session.send(now, transaction) else { return false };
        *mails = mails.saturating_add(1);
        self.follower = Some((follower, number));
        true
    }
}

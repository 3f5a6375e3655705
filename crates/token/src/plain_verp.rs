//! Variable envelope return paths without a MAC, as other software makes them.

use posthaste_types::Address;

use crate::error::RewriteError;
use crate::local::{address, plain};

/// The return paths of Postfix and ezmlm: `list+user=example.org@example.com`.
///
/// The recipient stands in it in the clear and nothing proves it: anybody can write one. It is for
/// software that has to understand such paths; a [`ReturnPaths`](crate::ReturnPaths) is proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlainVerp {
    /// Behind the local part of the owner.
    first: char,
    /// In place of the recipient's `@`.
    second: char,
}

impl PlainVerp {
    /// As Postfix writes them by default (`default_verp_delimiters`).
    pub const POSTFIX: Self = Self { first: '+', second: '=' };
    /// As qmail and ezmlm write them.
    pub const EZMLM: Self = Self { first: '-', second: '=' };

    /// The return path of `owner` that names `recipient`.
    ///
    /// # Errors
    /// [`RewriteError`] if it does not fit.
    pub fn compose(self, owner: &Address, recipient: &Address) -> Result<Address, RewriteError> {
        let (list, user) = (plain(owner), plain(recipient));
        let local = format!("{list}{}{user}{}{}", self.first, self.second, recipient.domain());
        address(&local, owner.domain().clone())
    }

    /// The recipient that a return path of `owner` names; `None` if it is none.
    pub fn read(self, owner: &Address, path: &Address) -> Option<Address> {
        let (list, local) = (plain(owner), plain(path));
        let (head, rest) = local.split_at_checked(list.len())?;
        if owner.domain() != path.domain() || !head.eq_ignore_ascii_case(&list) {
            return None;
        }
        let (user, domain) = rest.strip_prefix(self.first)?.rsplit_once(self.second)?;
        address(user, domain.parse().ok()?).ok()
    }
}

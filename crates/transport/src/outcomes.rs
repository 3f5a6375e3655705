//! One outcome for each recipient, by construction.

use posthaste_types::{Cause, Outcome, Recipient};

use crate::Attempt;

/// One [`Outcome`] for each recipient of an attempt, in order.
///
/// It can only be made from the attempt, so it can neither miss a recipient nor have one too many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes(Vec<Outcome>);

impl Outcomes {
    /// The same for all.
    pub fn all(attempt: &Attempt, outcome: Outcome) -> Self {
        Self(vec![outcome; attempt.recipients().len()])
    }

    /// What `judge` says of each.
    pub fn each(attempt: &Attempt, judge: impl FnMut(&Recipient) -> Outcome) -> Self {
        Self(attempt.recipients().iter().map(judge).collect())
    }

    /// All in doubt: possibly taken, answer unknown.
    pub fn in_doubt(attempt: &Attempt, cause: Cause) -> Self {
        Self::all(attempt, Outcome::in_doubt(cause))
    }

    /// What was [settled](Attempt::settle) so far, and `rest` for the others.
    pub fn settled_or(attempt: &Attempt, rest: &Outcome) -> Self {
        Self(attempt.settled().into_iter().map(|outcome| outcome.unwrap_or_else(|| rest.clone())).collect())
    }

    /// One for each recipient: the caller counts.
    pub(crate) fn from_vec(outcomes: Vec<Outcome>) -> Self {
        Self(outcomes)
    }

    /// In the order of the recipients.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Outcome> {
        self.0.iter()
    }

    /// The outcomes, in the order of the recipients.
    pub fn into_vec(self) -> Vec<Outcome> {
        self.0
    }
}

impl<'a> IntoIterator for &'a Outcomes {
    type Item = &'a Outcome;
    type IntoIter = std::slice::Iter<'a, Outcome>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

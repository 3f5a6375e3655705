//! What came back, and what follows from it.

use posthaste_types::{Address, BounceClass, MailId};

use crate::error::FeedbackError;
use crate::inner::Engine;

/// How something came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Via {
    /// The envelope recipient that it was addressed to: where it carries a token of ours, that is the proof.
    pub recipient: Option<Address>,
}

/// What became of something that came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ingested {
    /// What it said about each recipient that was found.
    pub reports: Vec<IngestedReport>,
}

/// What it said about one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IngestedReport {
    /// The mail.
    pub mail: MailId,
    /// The recipient.
    pub recipient: Address,
    /// The class.
    pub class: BounceClass,
}

impl Engine {
    pub(crate) async fn ingest(&self, _raw: &[u8], _via: Via) -> Result<Ingested, FeedbackError> {
        Ok(Ingested::default())
    }
}

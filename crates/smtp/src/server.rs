//! The server's side of the dialogue.

mod config;
mod error;
mod event;

pub use config::{AuthOffer, BareLineEnds, Offer, ServerConfig, TlsOffer};
pub use error::{AnswerError, ServerError, ServerErrorKind};
pub use event::{Abort, Answer, HelloVerb, ServerEvent};

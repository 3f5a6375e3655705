//! The server's side of the dialogue.

mod answers;
mod commands;
mod config;
mod content;
mod error;
mod event;
mod held;
mod session;

pub use config::{AuthOffer, BareLineEnds, Offer, ServerConfig, TlsOffer};
pub use error::{AnswerError, ServerError, ServerErrorKind};
pub use event::{Abort, Answer, HelloVerb, ServerEvent};
pub use session::ServerSession;

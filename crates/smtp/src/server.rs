//! The server's side of the dialogue.

mod answers;
mod auth;
mod chunk;
mod commands;
mod config;
mod content;
mod error;
mod event;
mod exchange;
mod held;
mod limits;
mod session;
mod state;

pub use config::{AuthOffer, BareLineEnds, EarlyTalk, FutureRelease, Offer, ServerConfig, TlsOffer};
pub use error::{AnswerError, ServerError, ServerErrorKind};
pub use event::{Abort, Answer, HelloVerb, ServerEvent};
pub use session::ServerSession;

//! The client's side of the dialogue.

mod config;
mod dialogue;
mod ending;
mod error;
mod event;
mod handshake;
mod limits;
mod running;
mod session;
mod state;
mod transaction;
mod transmitting;
mod writing;

pub use config::{AuthAllowed, Chunking, ClientConfig, HelloName, Pipelining, Protocol, Timeouts, TlsUse};
pub use error::{ClientError, ClientErrorKind, SendError};
pub use event::{ClientEvent, TransactionId, Transmit};
pub use session::ClientSession;
pub use transaction::Transaction;

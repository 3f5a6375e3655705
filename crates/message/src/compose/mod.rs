//! Composing: strict, every error kept until `build()`.

mod attachment;
mod body;
mod builder;
mod checks;
mod fields;
mod given;
mod input;
mod limits;
mod message;
mod mime;
mod problem;
mod raw;

pub use attachment::Attachment;
pub use body::Body;
pub use builder::{AutoSubmitted, MessageBuilder};
pub use input::{IntoMailbox, IntoMessageId};
pub use limits::ComposeLimits;
pub use message::{Message, Preview, Stamp};
pub use problem::{ComposeError, Problem, ProblemKind};
pub use raw::{Raw, RawError};

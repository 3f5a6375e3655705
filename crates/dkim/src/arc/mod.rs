//! ARC: checking a chain and sealing it (RFC 8617).

mod check;
mod read;
mod result;
mod seal;
mod seal_error;
mod verdicts;

pub use check::{check_arc, check_arc_octets};
pub use result::{ArcField, ArcReason, ArcResult, ArcSet, ArcSignature, ChainStatus};
pub use seal::ArcSealer;
pub use seal_error::{SealError, SealErrorKind};
pub use verdicts::ArcVerdicts;

//! Reading: tolerant, within limits, without recursion.

mod address;
mod decode;
mod header;
mod limits;
mod media;
mod message;
mod part;
mod scan;

pub use header::{Header, ReadAddress, field_block};
pub use limits::{Defect, DefectKind, Limit, Limits, ReadError};
pub use media::{MediaType, TransferEncoding};
pub use message::{ReadMessage, read};
pub use part::Part;

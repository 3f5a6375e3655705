//! The posthaste DNS port on hickory-resolver, DNSSEC status included.

#![forbid(unsafe_code)]

mod data;
mod fault;
mod hickory;
mod settings;
mod trail;
mod witness;

pub use hickory::Hickory;
pub use hickory_resolver;
pub use settings::{HickoryBuilder, HickoryError, HickoryErrorKind, Validation};

//! What people and programs read.

mod json;
mod page;
mod wrap;

pub(crate) use json::to_json;
pub use page::{Ink, Page};

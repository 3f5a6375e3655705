//! The durable spool, suppression list and event log in one SQLite file.

#![forbid(unsafe_code)]

mod hash;
mod lane;
mod lock;
mod open;
mod read_only;
mod reader;
mod rows;
mod schema;
mod settings;
mod spool;
mod sqlite;
mod store;
mod trouble;
mod writer;

pub use read_only::ReadOnly;
pub use settings::Settings;
pub use sqlite::Sqlite;

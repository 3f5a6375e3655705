//! Keys as they are kept: the entry, the secret, and the port of stores.

mod entry;
mod error;
mod memory;
mod secret;
mod store;

pub use entry::{KeyEntry, KeyStage, KeyState};
pub use error::{KeyStoreError, KeyStoreErrorKind};
pub use memory::MemoryKeys;
pub use secret::KeySecret;
pub use store::KeyStore;

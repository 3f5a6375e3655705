//! Selectors, which the key stores know too.

pub use posthaste_sign::Selector;

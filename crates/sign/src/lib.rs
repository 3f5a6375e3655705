//! The port for signing a message before it is queued.

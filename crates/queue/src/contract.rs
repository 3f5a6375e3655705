//! The contract of [`Spool`](crate::Spool), as checks that any store can run.

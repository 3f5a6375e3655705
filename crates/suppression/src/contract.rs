//! The contract of [`SuppressionStore`](crate::SuppressionStore), as checks that any store can run.

//! Compose mail strictly and read it tolerantly, within limits.

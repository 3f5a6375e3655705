//! The posthaste DNS port on hickory-resolver, DNSSEC status included.

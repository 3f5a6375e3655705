//! The durable spool, suppression list and event log in one SQLite file.

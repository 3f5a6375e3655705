//! Transports that wrap or stand in for others: timeout, file and maildir.

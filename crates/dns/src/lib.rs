//! The port for DNS questions that mail delivery asks, with a zone in memory and a TTL cache.

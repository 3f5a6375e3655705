//! Per-recipient delivery state and retry schedule as a pure state machine, and the port of the durable spool.

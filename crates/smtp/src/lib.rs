//! SMTP client and server sessions as state machines without input or output (RFC 5321).

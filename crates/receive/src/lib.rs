//! An SMTP receiver to embed: for bounces, complaints and inbound mail.

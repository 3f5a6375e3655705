//! DKIM signing and checking (RFC 6376, RFC 8463), keys and the records to publish.

//! Delivery to the recipients' MX or through a relay, over SMTP with TLS.

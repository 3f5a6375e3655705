//! Delivery reports and SMTP replies to one verdict per recipient.

//! The Mailer: accepts, signs, queues, delivers, retries, and understands what comes back.

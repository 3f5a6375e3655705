//! Embeddable email delivery: compose, sign, queue, deliver, and understand what comes back.

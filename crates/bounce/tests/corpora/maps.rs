//! Other projects' words for why, in our classes.

/// Sisimai's reasons in our classes.
pub(crate) const SISIMAI: &[(&str, &str)] = &[
    ("authfailure", "authentication"),
    ("badreputation", "reputation"),
    ("blocked", "blocklisted"),
    ("contenterror", "message_format"),
    ("delivered", "delivered"),
    ("exceedlimit", "message_size"),
    ("expired", "expired"),
    ("failedstarttls", "tls"),
    ("feedback", "complaint"),
    ("filtered", "recipient_policy"),
    ("hasmoved", "inactive_mailbox"),
    ("hostunknown", "bad_domain"),
    ("mailboxfull", "quota"),
    ("mailererror", "server_error"),
    ("mesgtoobig", "message_size"),
    ("networkerror", "network"),
    ("norelaying", "relay"),
    ("notaccept", "bad_domain"),
    ("notcompliantrfc", "message_format"),
    ("onhold", "unknown"),
    ("policyviolation", "policy"),
    ("rejected", "sender_address"),
    ("requireptr", "ptr"),
    ("securityerror", "policy"),
    ("spamdetected", "spam_content"),
    ("speeding", "rate_limit"),
    ("suppressed", "suppressed"),
    ("suspend", "inactive_mailbox"),
    ("syntaxerror", "protocol"),
    ("systemerror", "server_error"),
    ("systemfull", "server_error"),
    ("toomanyconn", "too_many_connections"),
    ("undefined", "unknown"),
    ("userunknown", "bad_mailbox"),
    ("vacation", "auto_reply"),
    ("virusdetected", "virus"),
];

/// Classes that say the same of an answer in other words, and why.
pub(crate) const NEIGHBOURS: &[(&str, &str, &str)] = &[
    (
        "recipient_policy",
        "bad_mailbox",
        "Sisimai's `filtered` holds \"user unknown\" where it was said after DATA or by a mobile provider",
    ),
    ("sender_address", "recipient_policy", "a group or mailbox that refuses who sends: Sisimai's `rejected`"),
    ("expired", "network", "the queue gave up because no connection came about"),
    ("expired", "timeout", "the queue gave up because nobody answered"),
    ("blocklisted", "reputation", "the sending address is refused, with or without a list that is named"),
    ("blocklisted", "server_unavailable", "a 421 or 554 in place of the greeting: a block that does not say so"),
    ("network", "bad_domain", "a domain that the DNS does not know, reported as a transient DNS error"),
    ("policy", "authentication", "Yahoo says \"policy reasons\" where SPF and DKIM failed"),
    ("server_error", "server_unavailable", "\"service unavailable\": broken, or only for now"),
    ("complaint", "unsubscribe", "an opt-out by a feedback report"),
];

/// Whether a class is the one that a reason stands for, or its neighbour.
pub(crate) fn same_class(reason: &str, class: &str) -> bool {
    let Some((_, wanted)) = SISIMAI.iter().find(|(name, _)| *name == reason) else { return false };
    *wanted == class
        || NEIGHBOURS.iter().any(|(a, b, _)| (*a == *wanted && *b == class) || (*b == *wanted && *a == class))
}

/// The classes that BounceParser's reasons stand for.
pub(crate) const BOUNCE_PARSER: &[(&str, &[&str])] = &[
    (
        "spam",
        &["spam_content", "blocklisted", "reputation", "policy", "authentication", "ptr", "virus", "sender_address"],
    ),
    ("user_unknown", &["bad_mailbox", "inactive_mailbox", "recipient_policy"]),
    ("over_quota", &["quota"]),
    ("domain_error", &["bad_domain", "dns_temp"]),
    ("user_disabled", &["inactive_mailbox"]),
];

/// Sisimai's reasons that are no fault of the recipient.
pub(crate) const OF_OTHERS: &[&str] = &[
    "authfailure",
    "badreputation",
    "blocked",
    "contenterror",
    "exceedlimit",
    "expired",
    "failedstarttls",
    "mailererror",
    "mesgtoobig",
    "networkerror",
    "norelaying",
    "notcompliantrfc",
    "policyviolation",
    "rejected",
    "requireptr",
    "securityerror",
    "spamdetected",
    "speeding",
    "syntaxerror",
    "systemerror",
    "systemfull",
    "toomanyconn",
    "virusdetected",
];

/// Sisimai's reasons whose hard or soft is its own.
pub(crate) const PERMANENCE_DIFFERS: &[&str] =
    &["delivered", "feedback", "filtered", "notaccept", "onhold", "suspend", "undefined", "vacation"];

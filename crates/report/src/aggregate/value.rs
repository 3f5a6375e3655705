//! The words of aggregate reports.

use crate::words::words;

words! {
    /// The form of an aggregate report.
    Schema {
        /// RFC 7489 appendix C, with or without a namespace.
        Rfc7489 = "RFC 7489",
        /// RFC 9990, `urn:ietf:params:xml:ns:dmarc-2.0`.
        Rfc9990 = "RFC 9990",
    }
}

words! {
    /// `AlignmentType`: how the domains must agree.
    Alignment {
        /// The organizational domains.
        Relaxed = "r" | "relaxed",
        /// The whole domains.
        Strict = "s" | "strict",
    }
}

words! {
    /// `DMARCResultType`: whether a mechanism passed, aligned.
    Aligned {
        /// It passed.
        Pass = "pass",
        /// It did not.
        Fail = "fail" | "none" | "softfail" | "neutral" | "temperror" | "permerror" | "hardfail" | "error" | "unknown",
    }
}

words! {
    /// `discovery_method` (RFC 9990).
    Discovery {
        /// The public suffix list (RFC 7489).
        Psl = "psl",
        /// The tree walk of RFC 9989.
        TreeWalk = "treewalk",
    }
}

words! {
    /// `disposition`: what was done with the messages.
    Disposition {
        /// Nothing.
        None = "none",
        /// Nothing: DMARC passed under a policy that would have acted (RFC 9990).
        Pass = "pass",
        /// Treated as suspicious.
        Quarantine = "quarantine",
        /// Refused.
        Reject = "reject",
    }
}

words! {
    /// `DKIMResultType` (RFC 8601 §2.7.1).
    DkimOutcome {
        /// No signature.
        None = "none",
        /// The signature holds.
        Pass = "pass",
        /// It does not.
        Fail = "fail" | "hardfail" | "invalid",
        /// It holds, and the receiver does not accept it.
        Policy = "policy",
        /// It could not be evaluated.
        Neutral = "neutral",
        /// The DNS did not answer.
        TempError = "temperror" | "unknown" | "tempfail",
        /// The key or the signature is wrong.
        PermError = "permerror" | "error" | "permfail",
    }
}

words! {
    /// `PolicyOverrideType`: of RFC 7489 and RFC 9990 together.
    Override {
        /// A known forwarder (RFC 7489).
        Forwarded = "forwarded",
        /// The receiver's own policy.
        LocalPolicy = "local_policy",
        /// A mailing list.
        MailingList = "mailing_list",
        /// Something else; the comment says it.
        Other = "other",
        /// The tag `t` (RFC 9990).
        PolicyTestMode = "policy_test_mode",
        /// Outside of the `pct` share (RFC 7489).
        SampledOut = "sampled_out",
        /// A forwarder that the receiver trusts.
        TrustedForwarder = "trusted_forwarder",
    }
}

words! {
    /// `DispositionType`: what a domain asks for.
    Policy {
        /// Nothing but reports.
        None = "none",
        /// To treat failing mail as suspicious.
        Quarantine = "quarantine",
        /// To refuse failing mail.
        Reject = "reject",
    }
}

words! {
    /// `SPFResultType` (RFC 8601 §2.7.2).
    SpfOutcome {
        /// No record.
        None = "none",
        /// The record says nothing.
        Neutral = "neutral",
        /// The client may send for the domain.
        Pass = "pass",
        /// It may not.
        Fail = "fail" | "hardfail",
        /// It probably may not.
        SoftFail = "softfail",
        /// The DNS did not answer.
        TempError = "temperror" | "unknown" | "tempfail",
        /// The record is wrong.
        PermError = "permerror" | "error" | "permfail",
    }
}

words! {
    /// `SPFDomainScope`.
    SpfScope {
        /// HELO or EHLO (RFC 7489).
        Helo = "helo",
        /// MAIL FROM.
        MailFrom = "mfrom" | "mailfrom",
    }
}

words! {
    /// `testing`: the tag `t` of RFC 9989.
    Testing {
        /// The policy holds.
        No = "n" | "no" | "false",
        /// The policy is only tried.
        Yes = "y" | "yes" | "true",
    }
}

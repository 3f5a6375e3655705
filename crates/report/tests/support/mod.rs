//! Reports of any content.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::net::IpAddr;

use posthaste_auth::tls_rpt::{PolicyType, ResultType};
use posthaste_report::{
    Aggregate, Aligned, Alignment, AuthFailure, DeliveryResult, Discovery, Disposition, DkimOutcome, DkimResult,
    Failure, Mechanism, Metadata, Override, Policy, PolicyPublished, Reason, Record, ReportMail, Schema, SpfOutcome,
    SpfResult, SpfScope, Testing, TlsFailure, TlsPolicyReport, TlsReport,
};
use posthaste_types::{Address, Timestamp};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Text as reports hold it: words of any letters, with what XML and JSON must escape.
fn text() -> impl Strategy<Value = String> {
    vec("[a-zA-Z0-9<>&'\"{}\\[\\]\\\\/:;,.=äß€😀!-]{1,12}", 1..4).prop_map(|words| words.join(" "))
}

fn domain() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,8}\\.(example|example\\.com|test)"
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_i64).prop_map(Timestamp::from_unix_secs)
}

fn address() -> impl Strategy<Value = IpAddr> {
    any::<IpAddr>().prop_map(|address| address.to_canonical())
}

fn aligned() -> impl Strategy<Value = Aligned> {
    select(vec![Aligned::Pass, Aligned::Fail])
}

fn metadata(schema: Schema) -> impl Strategy<Value = Metadata> {
    let generator = if schema == Schema::Rfc9990 { of(text()).boxed() } else { Just(None).boxed() };
    let id = "[a-zA-Z0-9]{1,10}(@[a-z]{1,8}\\.example)?";
    (text(), text(), of(text()), id, (time(), time()), vec(text(), 0..3), generator).prop_map(
        |(org_name, email, contact, id, period, errors, generator)| {
            let mut metadata = Metadata::new(org_name, email, id, period);
            metadata.extra_contact_info = contact;
            metadata.errors = errors;
            metadata.generator = generator;
            metadata
        },
    )
}

fn policy(schema: Schema) -> impl Strategy<Value = PolicyPublished> {
    let asked = || select(vec![Policy::None, Policy::Quarantine, Policy::Reject]);
    let alignment = || of(select(vec![Alignment::Relaxed, Alignment::Strict]));
    let discovery = of(select(vec![Discovery::Psl, Discovery::TreeWalk]));
    let testing = of(select(vec![Testing::No, Testing::Yes]));
    let new = (of(asked()), of(asked()), discovery, testing, of(text()));
    let old = (asked(), 0..=100_u8, text());
    (domain(), asked(), alignment(), alignment(), new, old).prop_map(move |(domain, p, adkim, aspf, new, old)| {
        let mut policy = PolicyPublished::new(domain, p);
        (policy.adkim, policy.aspf) = (adkim, aspf);
        match schema {
            Schema::Rfc9990 => (policy.sp, policy.np, policy.discovery_method, policy.testing, policy.fo) = new,
            _ => (policy.sp, policy.pct, policy.fo) = (Some(old.0), Some(old.1), Some(old.2)),
        }
        policy
    })
}

fn reason(schema: Schema) -> impl Strategy<Value = Reason> {
    let mut kinds = vec![Override::LocalPolicy, Override::MailingList, Override::Other, Override::TrustedForwarder];
    match schema {
        Schema::Rfc9990 => kinds.push(Override::PolicyTestMode),
        _ => kinds.extend([Override::Forwarded, Override::SampledOut]),
    }
    (select(kinds), of(text())).prop_map(|(kind, comment)| {
        let mut reason = Reason::new(kind);
        reason.comment = comment;
        reason
    })
}

fn dkim() -> impl Strategy<Value = DkimResult> {
    let outcomes = vec![
        DkimOutcome::None,
        DkimOutcome::Pass,
        DkimOutcome::Fail,
        DkimOutcome::Policy,
        DkimOutcome::Neutral,
        DkimOutcome::TempError,
        DkimOutcome::PermError,
    ];
    (domain(), "[a-z0-9._-]{1,12}", select(outcomes), of(text())).prop_map(|(domain, selector, outcome, human)| {
        let mut result = DkimResult::new(domain, selector, outcome);
        result.human_result = human;
        result
    })
}

fn spf(schema: Schema) -> impl Strategy<Value = SpfResult> {
    let outcomes = vec![
        SpfOutcome::None,
        SpfOutcome::Neutral,
        SpfOutcome::Pass,
        SpfOutcome::Fail,
        SpfOutcome::SoftFail,
        SpfOutcome::TempError,
        SpfOutcome::PermError,
    ];
    let scopes =
        if schema == Schema::Rfc9990 { vec![SpfScope::MailFrom] } else { vec![SpfScope::Helo, SpfScope::MailFrom] };
    (domain(), of(select(scopes)), select(outcomes), of(text())).prop_map(|(domain, scope, outcome, human)| {
        let mut result = SpfResult::new(domain, outcome);
        (result.scope, result.human_result) = (scope, human);
        result
    })
}

fn record(schema: Schema) -> impl Strategy<Value = Record> {
    let dispositions = vec![Disposition::None, Disposition::Pass, Disposition::Quarantine, Disposition::Reject];
    let envelope_from = if schema == Schema::Rfc9990 {
        of(prop_oneof![Just(String::new()), domain()]).boxed()
    } else {
        prop_oneof![Just(String::new()), domain()].prop_map(Some).boxed()
    };
    let least = usize::from(schema == Schema::Rfc7489);
    let most = if schema == Schema::Rfc9990 { 2 } else { 4 };
    let results = (vec(dkim(), 0..4), vec(spf(schema), least..most), vec(reason(schema), 0..3));
    let evaluated = (select(dispositions), aligned(), aligned());
    (address(), any::<u64>(), domain(), of(domain()), envelope_from, evaluated, results).prop_map(
        |(address, count, header_from, envelope_to, envelope_from, evaluated, results)| {
            let mut record = Record::new(address, count, header_from);
            (record.envelope_to, record.envelope_from) = (envelope_to, envelope_from);
            (record.disposition, record.dkim, record.spf) = (Some(evaluated.0), Some(evaluated.1), Some(evaluated.2));
            (record.dkim_results, record.spf_results, record.reasons) = results;
            record
        },
    )
}

pub(crate) fn aggregate() -> impl Strategy<Value = Aggregate> {
    select(vec![Schema::Rfc7489, Schema::Rfc9990]).prop_flat_map(|schema| {
        (metadata(schema), policy(schema), vec(record(schema), 1..6)).prop_map(move |(metadata, policy, records)| {
            let mut report = Aggregate::new(schema, metadata, policy);
            report.records = records;
            report
        })
    })
}

fn failure_detail() -> impl Strategy<Value = TlsFailure> {
    let kinds = vec![ResultType::CertificateExpired, ResultType::StartTlsNotSupported, ResultType::StsPolicyFetchError];
    (select(kinds), any::<u64>(), of(address()), of(address()), of(domain()), of(text()), of(text())).prop_map(
        |(kind, count, sending, receiving, host, information, reason)| {
            let mut failure = TlsFailure::new(kind, count);
            (failure.sending_mta_ip, failure.receiving_ip) = (sending, receiving);
            (failure.receiving_mx_hostname, failure.receiving_mx_helo) = (host.clone(), host);
            (failure.additional_information, failure.failure_reason_code) = (information, reason);
            failure
        },
    )
}

pub(crate) fn tls() -> impl Strategy<Value = TlsReport> {
    let kinds = vec![PolicyType::Tlsa, PolicyType::Sts, PolicyType::NoPolicyFound];
    let counts = (any::<u64>(), any::<u64>());
    let policy = (select(kinds), domain(), vec(text(), 0..4), vec(text(), 0..3), counts, vec(failure_detail(), 0..4));
    let policy = policy.prop_map(|(kind, domain, strings, hosts, counts, failures)| {
        let mut policy = TlsPolicyReport::new(kind, domain);
        (policy.policy_strings, policy.mx_hosts, policy.failures) = (strings, hosts, failures);
        (policy.successful, policy.failed) = counts;
        policy
    });
    (text(), text(), "[a-zA-Z0-9:._-]{1,30}", (time(), time()), vec(policy, 1..4)).prop_map(
        |(organization, contact, id, period, policies)| {
            let mut report = TlsReport::new(organization, contact, id, period);
            report.policies = policies;
            report
        },
    )
}

pub(crate) fn failure() -> impl Strategy<Value = Failure> {
    let kinds = vec![AuthFailure::Dmarc, AuthFailure::BodyHash, AuthFailure::Spf, AuthFailure::Signature];
    let words = || "[a-zA-Z0-9;=.()-]{1,20}( [a-zA-Z0-9;=.()-]{1,20}){0,12}";
    let alignment = select(vec![vec![], vec![Mechanism::Dkim], vec![Mechanism::Spf, Mechanism::Dkim]]);
    let delivery = of(select(vec![DeliveryResult::Delivered, DeliveryResult::Reject, DeliveryResult::Spam]));
    let dkim = (of(domain()), of("@[a-z]{1,8}\\.example"), of("[a-z]{1,8}"), of("[A-Za-z0-9+/]{4,200}"));
    let mail = (of("[a-z]{1,8}@[a-z]{1,8}\\.example"), vec("[a-z]{1,8}@[a-z]{1,8}\\.example", 0..3), of(words()));
    let rest = (1..1_000_000_u64, any::<u16>(), time());
    (words(), select(kinds), domain(), words(), alignment, delivery, address(), dkim, mail, rest).prop_map(
        |(agent, kind, domain, results, alignment, delivery, address, dkim, mail, rest)| {
            let mut report = Failure::new(agent, kind, domain);
            report.authentication_results = vec![results];
            report.identity_alignment = Some(alignment);
            (report.delivery_result, report.source_ip) = (delivery, Some(address));
            report.dkim_canonicalized_header = dkim.3.clone();
            (report.dkim_domain, report.dkim_identity, report.dkim_selector, report.dkim_canonicalized_body) = dkim;
            (report.original_mail_from, report.original_rcpt_to, report.spf_dns) = mail;
            (report.incidents, report.source_port, report.arrival_date) = (rest.0, Some(rest.1), Some(rest.2));
            report.original_header =
                b"From: Ada <ada@example.com>\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\
                Date: Tue, 24 Nov 2026 09:41:44 +0000\r\nX-Long: --=_report_0\r\n"
                    .to_vec();
            report
        },
    )
}

pub(crate) fn mail() -> ReportMail {
    let address = |text: &str| text.parse::<Address>().expect("an address");
    let at = Timestamp::from_unix_secs(1_795_000_000);
    let id = "1@mail.example".parse().expect("a Message-ID");
    ReportMail::new(
        "mail.example".parse().expect("a domain"),
        address("dmarc@mail.example"),
        address("rua@example.com"),
        at,
        id,
    )
}

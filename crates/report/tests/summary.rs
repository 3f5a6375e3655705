//! What many reports come to: senders, standings, and what to fix.

use posthaste_report::{
    Aggregate, Aligned, Counted, Disposition, DkimOutcome, DkimResult, Finding, FindingKind, Metadata, Override,
    Policy, PolicyPublished, Reason, Record, Report, Schema, Severity, SpfOutcome, SpfResult, Standing, Summary,
};
use posthaste_types::Timestamp;

struct Case {
    address: &'static str,
    count: u64,
    dkim: &'static [(&'static str, DkimOutcome)],
    spf: (&'static str, SpfOutcome),
    passes: (Aligned, Aligned),
}

const PASS: Aligned = Aligned::Pass;
const FAIL: Aligned = Aligned::Fail;

fn record(case: &Case) -> Record {
    let mut record = Record::new(case.address.parse().expect("an address"), case.count, "example.com");
    record.disposition = Some(Disposition::None);
    (record.dkim, record.spf) = (Some(case.passes.0), Some(case.passes.1));
    record.dkim_results = case.dkim.iter().map(|(domain, outcome)| DkimResult::new(*domain, "s1", *outcome)).collect();
    record.spf_results = vec![SpfResult::new(case.spf.0, case.spf.1)];
    record
}

fn report(id: &str, policy: PolicyPublished, records: Vec<Record>) -> Report {
    let period = (Timestamp::from_unix_secs(1_794_000_000), Timestamp::from_unix_secs(1_794_000_000 + 20 * 86_400));
    let mut report = Aggregate::new(Schema::Rfc7489, Metadata::new("R", "r@r.example", id, period), policy);
    report.records = records;
    Report::Aggregate(Box::new(report))
}

fn summed(records: Vec<Record>) -> Summary {
    let mut summary = Summary::new();
    assert_eq!(summary.add(&report("1", PolicyPublished::new("example.com", Policy::None), records)), Counted::New);
    summary
}

fn only(findings: &[Finding]) -> &Finding {
    let [finding] = findings else { panic!("{findings:#?}") };
    finding
}

#[test]
fn each_sender_stands_as_it_should() {
    let cases = [
        // Its own mail, by both.
        (
            Case {
                address: "192.0.2.1",
                count: 50,
                dkim: &[("example.com", DkimOutcome::Pass)],
                spf: ("b.example.com", SpfOutcome::Pass),
                passes: (PASS, PASS),
            },
            "example.com",
            Standing::Passes,
            None,
        ),
        // A service that signs as itself only.
        (
            Case {
                address: "192.0.2.1",
                count: 50,
                dkim: &[("esp.example", DkimOutcome::Pass)],
                spf: ("x.esp.example", SpfOutcome::Pass),
                passes: (FAIL, FAIL),
            },
            "esp.example",
            Standing::NotAligned,
            Some(FindingKind::NotAligned),
        ),
        // Its own signature is broken.
        (
            Case {
                address: "192.0.2.1",
                count: 50,
                dkim: &[("mail.example.com", DkimOutcome::Fail)],
                spf: ("example.com", SpfOutcome::SoftFail),
                passes: (FAIL, FAIL),
            },
            "192.0.2.0/24",
            Standing::Broken,
            Some(FindingKind::DkimBroken),
        ),
        // Nothing at all.
        (
            Case {
                address: "2001:db8:1:2::3",
                count: 50,
                dkim: &[],
                spf: ("example.com", SpfOutcome::Fail),
                passes: (FAIL, FAIL),
            },
            "2001:db8:1::/48",
            Standing::Unauthenticated,
            Some(FindingKind::Unauthenticated),
        ),
        // SPF alone.
        (
            Case {
                address: "192.0.2.1",
                count: 50,
                dkim: &[],
                spf: ("example.com", SpfOutcome::Pass),
                passes: (FAIL, PASS),
            },
            "example.com",
            Standing::Passes,
            Some(FindingKind::NoDkim),
        ),
        // A domain that only looks like the own one.
        (
            Case {
                address: "192.0.2.1",
                count: 50,
                dkim: &[("notexample.com", DkimOutcome::Pass)],
                spf: ("", SpfOutcome::None),
                passes: (FAIL, FAIL),
            },
            "notexample.com",
            Standing::NotAligned,
            Some(FindingKind::NotAligned),
        ),
    ];
    for (case, name, standing, kind) in cases {
        let summary = summed(vec![record(&case)]);
        let domain = summary.domains().next().expect("a domain");
        let senders = domain.senders();
        assert_eq!((senders[0].name.to_string().as_str(), senders[0].standing()), (name, standing));
        let findings = summary.findings();
        assert_eq!(findings.first().map(|finding| finding.kind), kind, "{findings:#?}");
        assert!(findings.iter().all(|it| it.messages == 50 && !it.what.is_empty() && !it.fix.is_empty()));
    }
}

#[test]
fn lost_mail_is_graver_and_lists_are_not() {
    let case = Case {
        address: "192.0.2.1",
        count: 5,
        dkim: &[("esp.example", DkimOutcome::Pass)],
        spf: ("esp.example", SpfOutcome::Pass),
        passes: (FAIL, FAIL),
    };
    let mut lost = record(&case);
    lost.disposition = Some(Disposition::Reject);
    assert_eq!(only(&summed(vec![lost.clone()]).findings()).severity, Severity::Problem);
    lost.reasons = vec![Reason::new(Override::MailingList)];
    assert_eq!(only(&summed(vec![lost]).findings()).severity, Severity::Note);
    assert_eq!(only(&summed(vec![record(&case)]).findings()).severity, Severity::Warning);
}

#[test]
fn a_policy_can_be_enforced_when_what_is_vouched_for_passes() {
    let own = Case {
        address: "192.0.2.1",
        count: 500,
        dkim: &[("example.com", DkimOutcome::Pass)],
        spf: ("example.com", SpfOutcome::Pass),
        passes: (PASS, PASS),
    };
    let spoof = Case {
        address: "203.0.113.1",
        count: 400,
        dkim: &[],
        spf: ("example.com", SpfOutcome::Fail),
        passes: (FAIL, FAIL),
    };
    let service = Case {
        address: "198.51.100.1",
        count: 100,
        dkim: &[("esp.example", DkimOutcome::Pass)],
        spf: ("esp.example", SpfOutcome::Pass),
        passes: (FAIL, FAIL),
    };
    let kinds = |records| summed(records).findings().iter().map(|it| it.kind).collect::<Vec<_>>();
    assert!(kinds(vec![record(&own), record(&spoof)]).contains(&FindingKind::PolicyCanBeEnforced));
    assert!(!kinds(vec![record(&own), record(&service)]).contains(&FindingKind::PolicyCanBeEnforced));
    let mut summary = Summary::new();
    let mut policy = PolicyPublished::new("example.com", Policy::Reject);
    policy.pct = Some(50);
    summary.add(&report("1", policy, vec![record(&own)]));
    assert_eq!(only(&summary.findings()).kind, FindingKind::PolicyIsPartial);
}

#[test]
fn a_report_counts_once_and_what_it_does_not_say_counts_for_nothing() {
    let own = Case {
        address: "192.0.2.1",
        count: 7,
        dkim: &[],
        spf: ("example.com", SpfOutcome::Pass),
        passes: (FAIL, PASS),
    };
    let policy = || PolicyPublished::new("Example.COM.", Policy::None);
    let mut unknown = record(&own);
    (unknown.dkim, unknown.spf) = (None, None);
    let first = report("1", policy(), vec![record(&own), unknown]);
    let mut summary = Summary::new();
    assert_eq!((summary.add(&first), summary.add(&first)), (Counted::New, Counted::Duplicate));
    assert_eq!(summary.add(&report("2", policy(), vec![record(&own)])), Counted::New);
    assert_eq!(summary.add(&report("3", PolicyPublished::default(), Vec::new())), Counted::Omitted);
    let domain = summary.domains().next().expect("a domain");
    assert_eq!((domain.name.as_str(), domain.counts.messages, domain.unjudged), ("example.com", 14, 7));
    assert_eq!((summary.reports(), summary.duplicates(), summary.omitted()), (2, 1, 1));
}

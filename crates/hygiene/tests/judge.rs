//! Judgements, lists and suggestions.

use std::time::Duration;

use posthaste_dns::MemoryZone;
use posthaste_hygiene::{
    DnsLimits, DomainCheck, Form, Likeness, Lists, Reason, Verdict, WordSet, check_domains, judge, suggest_domain,
};
use posthaste_types::Tick;

#[test]
fn verdicts_have_their_reasons() {
    let lists = Lists::builtin();
    for (address, verdict, reason) in [
        ("ada.lovelace@posthaste-mail.com", Verdict::Valid, None),
        ("ada@gmail.com", Verdict::Valid, Some(Reason::FreeProvider)),
        ("ada@mailinator.com", Verdict::Risky, Some(Reason::Disposable)),
        ("ada@x.mailinator.com", Verdict::Risky, Some(Reason::Disposable)),
        ("Info+x@acme.de", Verdict::Risky, Some(Reason::Role)),
        ("abuse@acme.de", Verdict::Risky, Some(Reason::RoleNever)),
        ("3f9a0c7be1d24f68@acme.de", Verdict::Risky, Some(Reason::Generated)),
        ("my.spamtrap@acme.de", Verdict::Risky, Some(Reason::TrapPattern)),
        ("ada.nospam@acme.de", Verdict::Risky, Some(Reason::TrapPattern)),
        ("ada@mail.example", Verdict::Undeliverable, Some(Reason::ReservedDomain)),
        ("ada@acme.qqzzx", Verdict::Unknown, Some(Reason::UnknownTopLevel)),
        ("ada@acme", Verdict::Undeliverable, Some(Reason::Form(Form::SingleLabel))),
        ("ada@@acme.de", Verdict::Undeliverable, Some(Reason::Form(Form::ExpectingAtext))),
        ("ada@[192.0.2.1]", Verdict::Undeliverable, Some(Reason::Form(Form::AddressLiteral))),
        ("\"a b\"@acme.de", Verdict::Risky, Some(Reason::Form(Form::QuotedString))),
        ("ada@bücher.de", Verdict::Valid, Some(Reason::Form(Form::InternationalDomain))),
    ] {
        let judgement = judge(address, &lists);
        assert_eq!(judgement.verdict, verdict, "{address}: {judgement:?}");
        assert!(reason.is_none_or(|reason| judgement.reasons.contains(&reason)), "{address}: {judgement:?}");
    }
    assert!(judge("ada.lovelace@posthaste-mail.com", &lists).reasons.is_empty());
}

#[test]
fn people_do_not_look_generated() {
    let lists = Lists::builtin();
    for local in
        ["bartholomew", "schwartzkopf", "ada1815", "j.r.r.tolkien", "christopher2024", "krzysztof.brzeczyszczykiewicz"]
    {
        let judgement = judge(&format!("{local}@acme.de"), &lists);
        assert!(!judgement.reasons.contains(&Reason::Generated), "{local}");
    }
}

#[test]
fn lists_are_replaced_at_run_time() {
    let mut lists = Lists::builtin().with_roles("# ours\nfront-desk,care\nroot,never\n");
    lists.disposable = WordSet::parse("Throw.Away\n");
    assert_eq!(judge("front-desk@acme.de", &lists).reasons, [Reason::Role]);
    assert!(judge("ada@mx.throw.away", &lists).reasons.contains(&Reason::Disposable));
    assert!(!judge("ada@mailinator.com", &lists).reasons.contains(&Reason::Disposable));
    lists.known = WordSet::parse("gmial.com");
    assert_eq!(judge("ada@gmial.com", &lists).verdict, Verdict::Valid);
    assert!(!WordSet::default().contains("x") && WordSet::default().is_empty());
}

#[test]
fn builtin_lists_are_whole() {
    let lists = Lists::builtin();
    assert!(lists.disposable.len() > 8_000 && lists.free.len() > 4_000 && lists.roles.len() > 900);
    assert_eq!(lists.roles_never.len(), 23);
}

#[test]
fn typos_are_suggested() {
    for (domain, meant) in [
        ("gmial.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmal.com", "gmail.com"),
        ("gamil.com", "gmail.com"),
        ("gnail.com", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.cm", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("hotmal.com", "hotmail.com"),
        ("hotmai.com", "hotmail.com"),
        ("hotmail.con", "hotmail.com"),
        ("outlok.com", "outlook.com"),
        ("outloo.com", "outlook.com"),
        ("yaho.com", "yahoo.com"),
        ("yahooo.com", "yahoo.com"),
        ("yhoo.com", "yahoo.com"),
        ("yahoo.con", "yahoo.com"),
        ("iclod.com", "icloud.com"),
        ("icoud.com", "icloud.com"),
        ("acme.cmo", "acme.com"),
    ] {
        assert_eq!(
            suggest_domain(domain, &WordSet::default()).map(|found| found.domain).as_deref(),
            Some(meant),
            "{domain}"
        );
        assert!(judge(&format!("ada@{domain}"), &Lists::builtin()).suggestion().is_some(), "{domain}");
    }
    for right in
        ["gmail.com", "yahoo.it", "hotmail.co.uk", "acme.de", "email.com", "gmx.at", "mail.ru", "x.y", "a.co.uk"]
    {
        assert!(judge(&format!("ada@{right}"), &Lists::builtin()).suggestion().is_none(), "{right}");
    }
}

#[test]
fn homographs_are_seen() {
    for domain in ["gmаil.com", "xn--gmil-63d.com", "yаhoo.com"] {
        let found = suggest_domain(domain, &WordSet::default()).expect(domain);
        assert_eq!(found.cause, Likeness::Homograph, "{domain}");
        assert_eq!(judge(&format!("ada@{domain}"), &Lists::builtin()).verdict, Verdict::Risky);
    }
}

#[tokio::test]
async fn the_dns_is_asked() {
    let dns: MemoryZone = r#"
        good.example.       300 IN MX 10 mx.good.example.
        mx.good.example.    300 IN A  192.0.2.25
        bare.example.       300 IN A  192.0.2.26
        null.example.       300 IN MX 0  .
        lost.example.       300 IN MX 10 mx.gone.example.
        text.example.       300 IN TXT "x"
    "#
    .parse()
    .expect("a zone");
    let by = Tick::from_start(Duration::from_secs(10));
    let names = ["good", "bare", "null", "lost", "text", "none"];
    let domains = names.map(|name| format!("{name}.example").parse().expect("a domain"));
    let found = check_domains(&dns, domains, by, DnsLimits::default()).await;
    let found: Vec<_> = found.into_iter().map(|(_, check)| check).collect();
    let expected = [
        DomainCheck::TakesMail,
        DomainCheck::ImplicitMx,
        DomainCheck::NullMx,
        DomainCheck::NoMail,
        DomainCheck::NoMail,
        DomainCheck::Gone,
    ];
    assert_eq!(found, expected);
    let judgement = judge("ada@acme.de", &Lists::builtin()).with_domain(DomainCheck::Gone);
    assert_eq!((judgement.verdict, judgement.reasons), (Verdict::Undeliverable, vec![Reason::DomainGone]));
}

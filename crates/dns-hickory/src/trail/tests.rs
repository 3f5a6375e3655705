//! Replies of the kind that a well-behaved server does not send.

use hickory_resolver::proto::rr::rdata::{A, CNAME, MX, NS, SOA};
use posthaste_dns::{Presence, RecordData};

use super::*;

const NX: ResponseCode = ResponseCode::NXDomain;
const OK: ResponseCode = ResponseCode::NoError;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn a(on: &str) -> Record {
    Record::from_rdata(name(on), 300, RData::A(A::new(192, 0, 2, 1)))
}

fn cname(on: &str, to: &str) -> Record {
    Record::from_rdata(name(on), 60, RData::CNAME(CNAME(name(to))))
}

fn soa(ttl: u32, minimum: u32) -> Record {
    let data = SOA::new(Name::root(), Name::root(), 1, 2, 3, 4, minimum);
    Record::from_rdata(name("example."), ttl, RData::SOA(data))
}

fn ns() -> Record {
    Record::from_rdata(name("example."), 300, RData::NS(NS(name("ns.example."))))
}

fn reply(code: ResponseCode, answers: Vec<Record>, authorities: Vec<Record>) -> Reply {
    Reply { code, answers, authorities }
}

fn follow(belief: Belief, kind: RecordType, reply: &Reply) -> Result<Option<Answer>, DnsErrorKind> {
    let mut trail = Trail::new(name("a.example."), kind, belief);
    match trail.follow(reply) {
        Ok(Step::Answer(answer)) => Ok(Some(answer)),
        Ok(Step::Ask) => Ok(None),
        Err(error) => Err(error.kind()),
    }
}

#[test]
fn only_what_belongs_to_the_question_is_taken() {
    let answers = vec![a("other.example."), soa(1, 1), cname("x.example.", "y.example."), a("A.EXAMPLE.")];
    let found = follow(Belief::Word, RecordType::A, &reply(OK, answers, vec![])).unwrap().unwrap();
    assert_eq!(found.records(), [RecordData::A([192, 0, 2, 1].into())]);
    assert_eq!(found.ttl(), Duration::from_secs(300), "and only its TTL counts");
    let none = follow(Belief::Word, RecordType::A, &reply(OK, vec![a("other.example.")], vec![])).unwrap().unwrap();
    assert_eq!(none.presence(), Presence::NoData);
}

#[test]
fn rfc1034_3_6_2_aliases_in_any_order() {
    let answers = vec![a("c.example."), cname("b.example.", "c.example."), cname("a.example.", "b.example.")];
    let found = follow(Belief::Word, RecordType::A, &reply(OK, answers, vec![])).unwrap().unwrap();
    assert_eq!((found.chain().len(), found.ttl()), (2, Duration::from_secs(60)));
}

#[test]
fn an_alias_that_leads_out_of_the_reply_is_asked_for() {
    let out = reply(OK, vec![cname("a.example.", "b.test.")], vec![]);
    assert_eq!(follow(Belief::Word, RecordType::A, &out), Ok(None));
    let denied = reply(NX, vec![cname("a.example.", "b.test.")], vec![soa(60, 60)]);
    let found = follow(Belief::Word, RecordType::A, &denied).unwrap().unwrap();
    assert_eq!((found.presence(), found.chain().len()), (Presence::NxDomain, 1));
    assert_eq!(follow(Belief::Proof, RecordType::A, &denied), Ok(None), "what is to be proved is asked for");
}

#[test]
fn a_loop_and_a_long_chain_are_errors() {
    let round = reply(OK, vec![cname("a.example.", "a.example.")], vec![]);
    assert_eq!(follow(Belief::Word, RecordType::A, &round), Err(DnsErrorKind::ServFail));
    let names: Vec<_> = (0..=10).map(|n| if n == 0 { "a.example.".into() } else { format!("n{n}.example.") }).collect();
    let mut answers: Vec<_> = names.windows(2).map(|pair| cname(&pair[0], &pair[1])).collect();
    answers.push(a("n10.example."));
    assert_eq!(follow(Belief::Word, RecordType::A, &reply(OK, answers, vec![])), Err(DnsErrorKind::ServFail));
}

#[test]
fn rfc2308_negatives_and_what_only_looks_like_one() {
    let ttl = |reply: &Reply| follow(Belief::Word, RecordType::A, reply).map(|answer| answer.unwrap().ttl().as_secs());
    assert_eq!(ttl(&reply(NX, vec![], vec![soa(900, 60)])), Ok(60), "§5: the lesser of both");
    assert_eq!(ttl(&reply(OK, vec![], vec![soa(30, 60)])), Ok(30));
    assert_eq!(ttl(&reply(NX, vec![], vec![])), Ok(0), "§5: not kept without an SOA");
    assert_eq!(ttl(&reply(OK, vec![], vec![soa(u32::MAX, 60)])), Ok(0), "RFC 2181 §8");
    assert_eq!(ttl(&reply(OK, vec![], vec![ns()])), Err(DnsErrorKind::ServFail), "a referral is no answer");
    assert_eq!(ttl(&reply(OK, vec![], vec![ns(), soa(30, 60)])), Ok(30), "§2.2 type 1");
    assert_eq!(ttl(&reply(ResponseCode::NotAuth, vec![], vec![soa(30, 60)])), Err(DnsErrorKind::ServFail));
}

#[test]
fn names_that_cannot_be_held_are_counted_and_never_make_a_negative() {
    let mx = |labels: &[&[u8]]| {
        let exchange = Name::from_labels(labels.iter().copied()).unwrap();
        Record::from_rdata(name("a.example."), 300, RData::MX(MX::new(10, exchange)))
    };
    let strange: [&[&[u8]]; 3] = [&[b"a b", b"example"], &[b"a.b", b"example"], &[b"\xff", b"example"]];
    let mut answers: Vec<_> = strange.into_iter().map(mx).collect();
    let all = reply(OK, answers.clone(), vec![]);
    assert_eq!(follow(Belief::Word, RecordType::MX, &all), Err(DnsErrorKind::Malformed));
    answers.push(mx(&[b"mail", b"example"]));
    let found = follow(Belief::Word, RecordType::MX, &reply(OK, answers, vec![])).unwrap().unwrap();
    assert_eq!((found.records().len(), found.unreadable()), (1, 3));

    let target = Name::from_labels([&b"a.b"[..]]).unwrap();
    let alias = Record::from_rdata(name("a.example."), 60, RData::CNAME(CNAME(target)));
    assert_eq!(follow(Belief::Word, RecordType::A, &reply(OK, vec![alias], vec![])), Err(DnsErrorKind::Malformed));
}

#[test]
fn rfc4035_4_3_the_weakest_record_decides() {
    let with = |mut record: Record, proof: Proof| {
        record.proof = proof;
        record
    };
    let status = |belief, reply: &Reply| follow(belief, RecordType::A, reply).map(|answer| answer.unwrap().dnssec());
    let chain = |alias: Proof, end: Proof| {
        reply(OK, vec![with(cname("a.example.", "b.example."), alias), with(a("b.example."), end)], vec![])
    };
    for (alias, end, expected) in [
        (Proof::Secure, Proof::Secure, Ok(Dnssec::Secure)),
        (Proof::Insecure, Proof::Secure, Ok(Dnssec::Insecure)),
        (Proof::Secure, Proof::Indeterminate, Ok(Dnssec::Indeterminate)),
        (Proof::Secure, Proof::Bogus, Err(DnsErrorKind::Bogus)),
        (Proof::Bogus, Proof::Secure, Err(DnsErrorKind::Bogus)),
    ] {
        assert_eq!(status(Belief::Proof, &chain(alias, end)), expected, "{alias:?} {end:?}");
    }
    let signed = reply(NX, vec![], vec![with(soa(60, 60), Proof::Secure)]);
    assert_eq!(status(Belief::Word, &signed), Ok(Dnssec::Secure));
    assert_eq!(status(Belief::Proof, &signed), Ok(Dnssec::Indeterminate), "an SOA proves no absence");
    let silent = reply(NX, vec![], vec![]);
    assert_eq!(status(Belief::Word, &silent), Ok(Dnssec::Indeterminate));
}

//! The answer of a resolver to one message.

use hickory_proto::op::{Edns, Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{DNSClass, Name, Record};
use posthaste_dns::{Answer, DnsErrorKind, Dnssec, MemoryZone, Presence, RecordKind};

use super::wire;

pub(super) enum Reply {
    Garbage(Vec<u8>),
    Message(Composed),
    Silence,
}

/// An answer, and how much of it the asker takes in one datagram.
pub(super) struct Composed {
    message: Message,
    datagram: usize,
}

impl Composed {
    pub(super) fn for_datagram(self) -> Vec<u8> {
        let whole = encoded(&self.message);
        if whole.len() <= self.datagram { whole } else { self.truncated() }
    }

    pub(super) fn for_stream(self) -> Vec<u8> {
        encoded(&self.message)
    }

    pub(super) fn truncated(self) -> Vec<u8> {
        encoded(&self.message.truncate())
    }
}

pub(super) fn compose_reply(zone: &MemoryZone, question: &[u8]) -> Reply {
    let Ok(question) = Message::from_vec(question) else { return Reply::Silence };
    let mut message = Message::response(question.metadata.id, question.metadata.op_code);
    message.metadata.recursion_desired = question.metadata.recursion_desired;
    message.metadata.recursion_available = true;
    message.add_queries(question.queries.iter().cloned());
    let wants_security = question.metadata.authentic_data || dnssec_ok(&question);
    let mut edns = question.edns.as_ref().map(|_| {
        let mut edns = Edns::new();
        edns.set_max_payload(OUR_PAYLOAD).set_dnssec_ok(dnssec_ok(&question));
        edns
    });
    match answer(zone, &question) {
        Ok((kind, answer)) => {
            message.metadata.authentic_data = wants_security && answer.dnssec() == Dnssec::Secure;
            fill(&mut message, kind, &answer);
        }
        Err(Refusal::Code(code)) => message.metadata.response_code = code,
        Err(Refusal::Fault(DnsErrorKind::Malformed)) => return Reply::Garbage(garbage(question.metadata.id)),
        Err(Refusal::Fault(DnsErrorKind::Network | DnsErrorKind::Timeout)) => return Reply::Silence,
        Err(Refusal::Fault(DnsErrorKind::Refused)) => message.metadata.response_code = ResponseCode::Refused,
        Err(Refusal::Fault(fault)) => {
            message.metadata.response_code = ResponseCode::ServFail;
            if let (DnsErrorKind::Bogus, Some(edns)) = (fault, &mut edns) {
                edns.options_mut().insert(EdnsOption::Unknown(EXTENDED_ERROR, DNSSEC_BOGUS.to_be_bytes().to_vec()));
            }
        }
    }
    if let Some(edns) = edns {
        message.set_edns(edns);
    }
    let datagram = question.edns.as_ref().map_or(MIN_DATAGRAM, |edns| edns.max_payload().max(MIN_DATAGRAM));
    Reply::Message(Composed { message, datagram: datagram.into() })
}

enum Refusal {
    Code(ResponseCode),
    Fault(DnsErrorKind),
}

/// What the zone says; the kind is `None` where no record of the kind can stand in it.
fn answer(zone: &MemoryZone, question: &Message) -> Result<(Option<RecordKind>, Answer), Refusal> {
    let [query] = &question.queries[..] else { return Err(Refusal::Code(ResponseCode::FormErr)) };
    if question.metadata.op_code != OpCode::Query || query.query_class() != DNSClass::IN {
        return Err(Refusal::Code(ResponseCode::NotImp));
    }
    let Some(name) = wire::dns_name(query.name()) else {
        return Ok((None, Answer::nx_domain(MemoryZone::NEGATIVE_TTL)));
    };
    let look = |kind| zone.lookup(&name, kind).map_err(|error| Refusal::Fault(error.kind()));
    match wire::record_kind(query.query_type()) {
        Some(kind) => Ok((Some(kind), look(kind)?)),
        // Of a kind that the zone cannot hold there is never a record, but the name may exist.
        None => Ok((None, look(RecordKind::Soa)?)),
    }
}

/// Puts in the chain of aliases, and the records at its end or the SOA that makes a negative answer (RFC 2308 §2).
fn fill(message: &mut Message, kind: Option<RecordKind>, answer: &Answer) {
    let ttl = u32::try_from(answer.ttl().as_secs()).unwrap_or(u32::MAX);
    let mut owner = message.queries.first().map(|query| query.name().clone()).unwrap_or_default();
    for target in answer.chain() {
        let target = wire::name(target);
        message.add_answer(Record::from_rdata(owner, ttl, wire::cname(target.clone())));
        owner = target;
    }
    for data in answer.records().iter().filter(|_| kind.is_some()) {
        message.add_answer(Record::from_rdata(owner.clone(), ttl, wire::rdata(data)));
    }
    match answer.presence() {
        Presence::Found if kind.is_some() => return,
        Presence::NxDomain => message.metadata.response_code = ResponseCode::NXDomain,
        Presence::Found | Presence::NoData => {}
    }
    message.add_authority(Record::from_rdata(Name::root(), ttl, wire::soa(ttl)));
}

fn dnssec_ok(question: &Message) -> bool {
    question.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok)
}

/// The right id, so that it is taken for the answer, and then a header that promises what does not follow.
fn garbage(id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    vec![high, low, 0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0, 0xff, 0xff]
}

fn encoded(message: &Message) -> Vec<u8> {
    message.to_vec().unwrap_or_default()
}

/// RFC 1035 §2.3.4: what every client takes.
const MIN_DATAGRAM: u16 = 512;
/// What avoids fragments nearly everywhere (DNS flag day 2020).
const OUR_PAYLOAD: u16 = 1232;
/// The EDNS option of RFC 8914.
const EXTENDED_ERROR: u16 = 15;
/// RFC 8914 §4.7.
const DNSSEC_BOGUS: u16 = 6;

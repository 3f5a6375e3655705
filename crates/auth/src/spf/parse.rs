//! Reads a record (RFC 7208 §4.6.1, appendix A).

use std::str::FromStr;

use posthaste_types::{ParseError, ParseErrorKind};

use super::macro_string::{MacroString, Place};
use super::prefix::DualPrefix;
use super::record::{Directive, Mechanism, Qualifier, Record, UnknownModifier, VERSION};
use crate::tags::syntax;

pub(super) fn record(octets: &[u8]) -> Result<Record, ParseError> {
    if let Some(at) = octets.iter().position(|octet| !octet.is_ascii()) {
        return Err(syntax(RECORD, "an octet that is not ASCII", at)); // §3.1
    }
    let text = std::str::from_utf8(octets).unwrap_or_default();
    if !Record::is_one(octets) {
        return Err(syntax(RECORD, "another version", 0));
    }
    let mut record = Record::default();
    let mut at = VERSION.len();
    // §4.6.1: terms are separated by spaces, and by nothing else.
    for term in text.get(at..).unwrap_or_default().split(' ') {
        if !term.is_empty() {
            read_term(&mut record, term).map_err(|error| error.within(at))?;
        }
        at += term.len() + 1;
    }
    Ok(record)
}

fn read_term(record: &mut Record, term: &str) -> Result<(), ParseError> {
    if let Some((at, c)) = term.char_indices().find(|(_, c)| !c.is_ascii_graphic()) {
        return Err(ParseError::new(RECORD, ParseErrorKind::Forbidden(c), at));
    }
    // "The '=' character comes immediately after the name and before any ':' or '/'": else it is a mechanism.
    match term.find(['=', ':', '/']).and_then(|at| Some((term.get(..at)?, term.get(at..)?.strip_prefix('=')?))) {
        Some((name, value)) => modifier(record, name, value),
        None => {
            record.directives.push(directive(term)?);
            Ok(())
        }
    }
}

fn modifier(record: &mut Record, name: &str, value: &str) -> Result<(), ParseError> {
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.bytes().all(is_name) {
        return Err(syntax(RECORD, "no name of a modifier", 0));
    }
    let at = name.len() + 1;
    // §6: both "MUST NOT appear in a record more than once each".
    let once = match name.to_ascii_lowercase().as_str() {
        "redirect" => &mut record.redirect,
        "exp" => &mut record.explanation,
        _ => {
            let value = MacroString::parse(value, Place::Modifier).map_err(|error| error.within(at))?;
            record.unknown.push(UnknownModifier::new(name, value));
            return Ok(());
        }
    };
    let domain = MacroString::domain_spec(value).map_err(|error| error.within(at))?;
    if once.replace(domain).is_some() {
        return Err(syntax(RECORD, "a modifier that stands twice", 0));
    }
    Ok(())
}

fn directive(term: &str) -> Result<Directive, ParseError> {
    let (qualifier, rest) = match term.split_at_checked(1) {
        Some(("+", rest)) => (Qualifier::Pass, rest),
        Some(("-", rest)) => (Qualifier::Fail, rest),
        Some(("~", rest)) => (Qualifier::SoftFail, rest),
        Some(("?", rest)) => (Qualifier::Neutral, rest),
        _ => (Qualifier::Pass, term),
    };
    let at = term.len() - rest.len();
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, argument) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let argument_at = at + end;
    let mechanism = mechanism(name, argument).map_err(|error| error.within(argument_at))?;
    Ok(Directive { qualifier, mechanism: mechanism.ok_or_else(|| syntax(RECORD, "an unknown mechanism", at))? })
}

/// `argument` is what stands behind the name, its colon or slash included; offsets of errors are within it.
fn mechanism(name: &str, argument: &str) -> Result<Option<Mechanism>, ParseError> {
    Ok(Some(match name.to_ascii_lowercase().as_str() {
        "all" if argument.is_empty() => Mechanism::All,
        "all" => return Err(syntax(RECORD, "`all` takes nothing", 0)),
        "include" => Mechanism::Include { domain: required(argument)? },
        "exists" => Mechanism::Exists { domain: required(argument)? },
        "a" => {
            let (domain, prefix) = host(argument)?;
            Mechanism::A { domain, prefix }
        }
        "mx" => {
            let (domain, prefix) = host(argument)?;
            Mechanism::Mx { domain, prefix }
        }
        "ptr" if argument.is_empty() => Mechanism::Ptr { domain: None },
        "ptr" => Mechanism::Ptr { domain: Some(required(argument)?) },
        "ip4" => {
            let (network, prefix) = network(argument, 32)?;
            Mechanism::Ip4 { network, prefix }
        }
        "ip6" => {
            let (network, prefix) = network(argument, 128)?;
            Mechanism::Ip6 { network, prefix }
        }
        _ => return Ok(None),
    }))
}

fn required(argument: &str) -> Result<MacroString, ParseError> {
    let domain = argument.strip_prefix(':').ok_or_else(|| syntax(RECORD, "a domain must follow", 0))?;
    MacroString::domain_spec(domain).map_err(|error| error.within(1))
}

/// `[ ":" domain-spec ] [ dual-cidr-length ]`; a `domain-spec` may hold slashes, so the lengths are cut off the end.
fn host(argument: &str) -> Result<(Option<MacroString>, DualPrefix), ParseError> {
    let (rest, v6) = cut_prefix(argument, "//", 128)?;
    let (rest, v4) = cut_prefix(rest, "/", 32)?;
    let domain = match rest {
        "" => None,
        rest => Some(required(rest)?),
    };
    Ok((domain, DualPrefix::new(v4.unwrap_or(32), v6.unwrap_or(128))))
}

/// Takes `mark` and a number off the end, if they stand there.
fn cut_prefix<'a>(text: &'a str, mark: &str, max: u8) -> Result<(&'a str, Option<u8>), ParseError> {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = text.get(before.len()..).unwrap_or_default();
    match before.strip_suffix(mark) {
        Some(rest) if !digits.is_empty() => Ok((rest, Some(length(digits, max, before.len())?))),
        _ => Ok((text, None)),
    }
}

fn network<A: FromStr>(argument: &str, max: u8) -> Result<(A, u8), ParseError> {
    let text = argument.strip_prefix(':').ok_or_else(|| syntax(RECORD, "an address must follow", 0))?;
    let (address, prefix) = match text.split_once('/') {
        Some((address, digits)) => (address, length(digits, max, address.len() + 2)?),
        None => (text, max),
    };
    let address = address.parse().map_err(|_| syntax(RECORD, "no address of this family", 1))?;
    Ok((address, prefix))
}

/// §5.6: 0 to the family's bits; a leading zero is no length, as it is no part of an address.
fn length(digits: &str, max: u8, at: usize) -> Result<u8, ParseError> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
    let number = digits.parse().ok().filter(|number| plain && *number <= max);
    number.ok_or_else(|| syntax(RECORD, "no length of a prefix", at))
}

fn is_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.')
}

pub(super) const RECORD: &str = "SPF record";

//! Address literals (RFC 5321 §4.1.3).

use crate::form::Form;

/// What stands between the brackets.
pub(crate) fn form(inside: &str) -> Form {
    if is_ipv4(inside) {
        return Form::AddressLiteral;
    }
    match inside.split_at_checked(5) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case("IPv6:") => ipv6(rest),
        _ => Form::DomainLiteral,
    }
}

/// `Snum 3("." Snum)`: leading zeros are allowed here, unlike in `std::net`.
fn is_ipv4(text: &str) -> bool {
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_digit());
    text.split('.').count() == 4 && text.split('.').all(|part| is_number(part) && part.parse::<u8>().is_ok())
}

fn ipv6(text: &str) -> Form {
    let (head, four) = match text.rsplit_once(':') {
        Some((head, last)) if is_ipv4(last) => (head, 2),
        _ => (text, 0),
    };
    let is_group = |group: &str| (1..=4).contains(&group.len()) && group.bytes().all(|octet| octet.is_ascii_hexdigit());
    let count = |part: &str| -> Option<usize> {
        if part.is_empty() {
            return Some(0);
        }
        part.split(':').all(is_group).then(|| part.split(':').count())
    };
    // The colon before an IPv4 address belongs to a `::` where one stands there.
    let joined = if four == 2 && head.ends_with(':') { format!("{head}:") } else { head.to_owned() };
    let compressed = joined.split_once("::");
    let (groups, short) = match compressed {
        Some((left, right)) => (count(left).zip(count(right)).map(|(left, right)| left + right), true),
        None => (count(&joined), false),
    };
    match groups.map(|groups| groups + four) {
        Some(8) if !short => Form::AddressLiteral,
        // RFC 5321 §4.1.3: `::` stands for at least two groups; for one, it is what RFC 5952 §4.2.2 forbids.
        Some(7) if short => Form::Ipv6SingleGroup,
        Some(0..=6) if short => Form::AddressLiteral,
        _ => Form::BadIpv6,
    }
}

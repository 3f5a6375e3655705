//! Command lines, as a server reads them.

use posthaste_types::{Address, Domain, ReversePath, Text};

use crate::server::HelloVerb;

/// A command line that was understood; parameters are still text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Hello(HelloVerb, Text),
    Mail { from: ReversePath, parameters: &'a str },
    Rcpt { to: Address, parameters: &'a str },
    Data,
    Bdat { size: u64, last: Last },
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    StartTls,
    Auth { mechanism: &'a str, initial: Option<&'a str> },
}

/// Whether a chunk is the last one of its message (RFC 3030 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandError {
    /// No such command: 500.
    Unknown,
    /// The beginning of another protocol's request: a browser or a proxy was led here.
    OtherProtocol,
    /// The argument is wrong, or there is none: 501.
    Argument,
    /// BDAT without a size that can be read: nobody knows where its octets end.
    Chunk,
    /// The path in it is wrong: 501 5.1.7 or 5.1.3.
    Path,
}

impl<'a> Command<'a> {
    /// Reads a line without its CRLF. `hostname` is the domain of `<Postmaster>`.
    ///
    /// QUIRK: spaces behind the colon of MAIL and RCPT, paths without angle brackets, and spaces at the
    /// end are read; many clients send them.
    pub(crate) fn parse(line: &'a [u8], hostname: &Domain) -> Result<Self, CommandError> {
        let unreadable = || if is_chunk(line) { CommandError::Chunk } else { CommandError::Argument };
        let line = std::str::from_utf8(line).map_err(|_| unreadable())?.trim_end_matches([' ', '\t']);
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(unreadable());
        }
        let (verb, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let argument = rest.trim_start_matches([' ', '\t']);
        let mut upper = [0; LONGEST_VERB];
        match upper_case(verb, &mut upper) {
            b"EHLO" => hello(HelloVerb::Ehlo, argument),
            b"HELO" => hello(HelloVerb::Helo, argument),
            b"LHLO" => hello(HelloVerb::Lhlo, argument),
            b"MAIL" => {
                let (path, parameters) = path_behind("FROM:", argument)?;
                let from = parse_reverse(path).ok_or(CommandError::Path)?;
                Ok(Self::Mail { from, parameters })
            }
            b"RCPT" => {
                let (path, parameters) = path_behind("TO:", argument)?;
                let to = parse_forward(path, hostname).ok_or(CommandError::Path)?;
                Ok(Self::Rcpt { to, parameters })
            }
            b"DATA" => alone(Self::Data, argument),
            b"BDAT" => bdat(argument),
            b"RSET" => alone(Self::Rset, argument),
            b"QUIT" => alone(Self::Quit, argument),
            b"STARTTLS" => alone(Self::StartTls, argument),
            b"NOOP" => Ok(Self::Noop),
            b"HELP" => Ok(Self::Help),
            b"VRFY" if !argument.is_empty() => Ok(Self::Vrfy),
            b"EXPN" if !argument.is_empty() => Ok(Self::Expn),
            b"AUTH" => auth(argument),
            b"VRFY" | b"EXPN" => Err(CommandError::Argument),
            b"CONNECT" | b"GET" | b"HEAD" | b"OPTIONS" | b"POST" | b"PUT" => Err(CommandError::OtherProtocol),
            _ if is_chunk(line.as_bytes()) => Err(CommandError::Chunk),
            _ => Err(CommandError::Unknown),
        }
    }
}

/// Empty where it is longer than all verbs.
fn upper_case<'u>(verb: &str, upper: &'u mut [u8; LONGEST_VERB]) -> &'u [u8] {
    let Some(upper) = upper.get_mut(..verb.len()) else { return b"" };
    upper.copy_from_slice(verb.as_bytes());
    upper.make_ascii_uppercase();
    upper
}

/// Whether a line can be meant as BDAT: then octets are on their way behind it, and nobody knows how many if it cannot be
/// read.
pub(crate) fn is_chunk(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let verb = line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"));
    verb && line.get(4).is_none_or(|octet| !octet.is_ascii_alphanumeric())
}

fn alone<'a>(command: Command<'a>, argument: &str) -> Result<Command<'a>, CommandError> {
    if argument.is_empty() { Ok(command) } else { Err(CommandError::Argument) }
}

/// Clients call themselves anything (RFC 5321 §4.1.4 forbids refusing them for it): what they say is text.
fn hello(verb: HelloVerb, argument: &str) -> Result<Command<'_>, CommandError> {
    match Text::parse(argument) {
        Ok(name) if !name.is_empty() => Ok(Command::Hello(verb, name)),
        _ => Err(CommandError::Argument),
    }
}

/// RFC 3030 §2: `BDAT size [LAST]`.
fn bdat(argument: &str) -> Result<Command<'_>, CommandError> {
    let mut words = argument.split([' ', '\t']).filter(|word| !word.is_empty());
    let size = words.next().filter(|size| size.bytes().all(|octet| octet.is_ascii_digit()));
    let size = size.and_then(|size| size.parse().ok()).ok_or(CommandError::Chunk)?;
    match (words.next(), words.next()) {
        (None, _) => Ok(Command::Bdat { size, last: Last::No }),
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => Ok(Command::Bdat { size, last: Last::Yes }),
        _ => Err(CommandError::Chunk),
    }
}

fn auth(argument: &str) -> Result<Command<'_>, CommandError> {
    let mut words = argument.split([' ', '\t']).filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(mechanism), initial, None) => Ok(Command::Auth { mechanism, initial }),
        _ => Err(CommandError::Argument),
    }
}

/// Splits `FROM:<path> parameters`. The path ends at the `>` outside quotes, or at a space if it has no
/// brackets.
fn path_behind<'a>(keyword: &str, argument: &'a str) -> Result<(&'a str, &'a str), CommandError> {
    let head = argument.get(..keyword.len()).filter(|head| head.eq_ignore_ascii_case(keyword));
    let rest = head.and_then(|_| argument.get(keyword.len()..)).ok_or(CommandError::Argument)?;
    let rest = rest.trim_start_matches([' ', '\t']);
    if rest.is_empty() {
        return Err(CommandError::Argument);
    }
    let brackets = rest.starts_with('<');
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if brackets && !quoted => {
                let parameters = rest.get(at + 1..).unwrap_or_default();
                let fine = parameters.is_empty() || parameters.starts_with([' ', '\t']);
                let path = rest.get(1..at).unwrap_or_default();
                return if fine { Ok((path, parameters)) } else { Err(CommandError::Path) };
            }
            ' ' | '\t' if !brackets && !quoted => return Ok(rest.split_at(at)),
            _ => {}
        }
    }
    if brackets { Err(CommandError::Path) } else { Ok((rest, "")) }
}

fn parse_reverse(path: &str) -> Option<ReversePath> {
    if path.is_empty() {
        return Some(ReversePath::Null);
    }
    Address::parse(without_route(path)).ok().map(ReversePath::from)
}

fn parse_forward(path: &str, hostname: &Domain) -> Option<Address> {
    // RFC 5321 §4.1.1.3: "Postmaster" without a domain must be taken.
    if path.eq_ignore_ascii_case("postmaster") {
        return Address::new(path, hostname.clone()).ok();
    }
    Address::parse(without_route(path)).ok()
}

/// RFC 5321 §4.1.1.3, appendix C: a source route is read and ignored.
fn without_route(path: &str) -> &str {
    match path.split_once(':') {
        Some((route, rest)) if route.starts_with('@') => rest,
        _ => path,
    }
}

/// STARTTLS.
const LONGEST_VERB: usize = 8;

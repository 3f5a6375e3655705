//! One address: whether it is one, and in which form.

use std::borrow::Cow;

use posthaste_types::{Address, ParseError};

use crate::form::{Category, Form, Forms};
use crate::scan::Scan;

/// The longest text that [`check`] reads, in octets: an address of 254 with comments and folds around it (RFC 5322
/// §2.1.1 bounds a line to 998).
pub const MAX_INPUT: usize = 4096;

/// An address and what was found of its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Syntax<'a> {
    address: Cow<'a, str>,
    at: usize,
    forms: Forms,
    offset: usize,
}

impl<'a> Syntax<'a> {
    /// The form for sending: as given, without the comments and the white space around its parts, which are not part
    /// of it (RFC 5322 §3.4.1). `None` for what is not an address.
    ///
    /// The obsolete forms may hold a line end behind a backslash: before it goes into a command, it has to be an
    /// [`Address`] ([`to_address`](Self::to_address)).
    pub fn address(&self) -> Option<&str> {
        (self.category() != Category::Invalid).then_some(&*self.address)
    }

    /// The address as one that can be mailed to. Its domain is in A-labels; its local part keeps its spelling, but for
    /// quotes that it does not need.
    ///
    /// # Errors
    /// [`ParseError`] for what SMTP does not know, and for address literals.
    pub fn to_address(&self) -> Result<Address, ParseError> {
        Address::parse(self.address().unwrap_or_default())
    }

    /// The local part, as given. Empty for what is not an address.
    pub fn local(&self) -> &str {
        self.address().and_then(|address| address.get(..self.at)).unwrap_or_default()
    }

    /// The domain or domain literal, as given. Empty for what is not an address.
    pub fn domain(&self) -> &str {
        self.address().and_then(|address| address.get(self.at.saturating_add(1)..)).unwrap_or_default()
    }

    /// How far its form is from what one mails.
    pub fn category(&self) -> Category {
        // A form's category never falls as its weight grows.
        self.worst().map_or(Category::Valid, Form::category)
    }

    /// Everything that was found.
    pub fn forms(&self) -> Forms {
        self.forms
    }

    /// What weighs most; `None` for an address without anything to say of it.
    pub fn worst(&self) -> Option<Form> {
        self.forms.worst()
    }

    /// The octet at which reading stopped, for what is not an address.
    pub fn offset(&self) -> Option<usize> {
        (self.category() == Category::Invalid).then_some(self.offset)
    }

    pub(crate) fn new(address: Cow<'a, str>, at: usize, forms: Forms, offset: usize) -> Self {
        Self { address, at, forms, offset }
    }
}

/// Reads one address, without a display name, and says which form it has.
///
/// Never fails: what is not an address has the category [`Invalid`](Category::Invalid), with the reason and the
/// offset. Plain addresses are read without allocation.
///
/// ```
/// use posthaste_hygiene::{Category, Form, check};
///
/// assert_eq!(check("ada@example.org").category(), Category::Valid);
/// assert_eq!(check("ada(home)@example.org").worst(), Some(Form::CfwsNearAt));
/// assert_eq!(check("ada..l@example.org").worst(), Some(Form::ConsecutiveDots));
/// ```
pub fn check(text: &str) -> Syntax<'_> {
    match plain(text.as_bytes()) {
        Some(at) => Syntax::new(Cow::Borrowed(text), at, Forms::default(), 0),
        None => Scan::new(text).run(),
    }
}

/// Where the `@` of a plain address stands: a dot-string, and a host name of two labels or more.
fn plain(text: &[u8]) -> Option<usize> {
    if text.len() > 254 {
        return None;
    }
    let at = text.iter().position(|octet| CLASS[usize::from(*octet)] & ATEXT == 0 && *octet != b'.')?;
    let (local, rest) = text.split_at_checked(at)?;
    let (b'@', domain) = rest.split_first()? else { return None };
    (local.len() <= 64 && is_dot_string(local) && is_host(domain)).then_some(at)
}

fn is_dot_string(local: &[u8]) -> bool {
    let mut before = b'.';
    for octet in local {
        if *octet == b'.' && before == b'.' {
            return false;
        }
        before = *octet;
    }
    before != b'.'
}

fn is_host(domain: &[u8]) -> bool {
    let (mut length, mut labels, mut first, mut before) = (0_u32, 1, b'.', b'.');
    for octet in domain.iter().copied() {
        if octet == b'.' {
            if length == 0 || length > 63 || before == b'-' {
                return false;
            }
            (length, labels) = (0, labels + 1);
        } else {
            if CLASS[usize::from(octet)] & LDH == 0 || (length == 0 && octet == b'-') {
                return false;
            }
            if length == 0 {
                first = octet;
            }
            length += 1;
        }
        before = octet;
    }
    labels > 1 && (1..=63).contains(&length) && before != b'-' && !first.is_ascii_digit()
}

pub(crate) fn is_atext(octet: u8) -> bool {
    CLASS[usize::from(octet)] & ATEXT != 0
}

const ATEXT: u8 = 1;
const LDH: u8 = 2;

const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut octet = 0;
    while octet < 128_u8 {
        if octet.is_ascii_alphanumeric() || octet == b'-' {
            class[octet as usize] |= LDH;
        }
        if octet.is_ascii_alphanumeric() {
            class[octet as usize] |= ATEXT;
        }
        octet += 1;
    }
    let marks = b"!#$%&'*+-/=?^_`{|}~";
    let mut at = 0;
    while at < marks.len() {
        class[marks[at] as usize] |= ATEXT;
        at += 1;
    }
    class
};

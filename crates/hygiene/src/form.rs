//! What can be said of an address's form, and how far it is from what one mails.

/// How far an address's form is from what one mails, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Category {
    /// A dot-string before a domain of two labels or more (RFC 5321 §4.1.2).
    Valid,
    /// Legal in SMTP, with something unusual about it.
    Rfc5321,
    /// Legal where SMTPUTF8 is offered (RFC 6531).
    Rfc6531,
    /// Legal in a header field: comments or folding white space around the address (RFC 5322 §3.2.2).
    Cfws,
    /// Legal only as an obsolete form, which must not be written any more (RFC 5322 §4).
    Deprecated,
    /// Legal by the grammar of RFC 5322, and not in SMTP.
    Rfc5322,
    /// Not an address.
    Invalid,
}

macro_rules! forms {
    ($($(#[doc = $doc:literal])+ $name:ident: $category:ident, $section:literal;)+) => {
        /// One thing to say of an address's form. Later ones weigh more.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Form { $($(#[doc = $doc])+ $name,)+ }

        impl Form {
            /// All of them, the lightest first.
            pub const ALL: &'static [Form] = &[$(Form::$name),+];

            /// The category that it puts an address into.
            pub const fn category(self) -> Category {
                match self { $(Form::$name => Category::$category,)+ }
            }

            /// The standard and section that says so.
            pub const fn section(self) -> &'static str {
                match self { $(Form::$name => $section,)+ }
            }
        }
    };
}

forms! {
    /// The domain is a single label.
    SingleLabel: Rfc5321, "RFC 5321 §2.3.5";
    /// The last label begins with a digit.
    NumericTopLevel: Rfc5321, "RFC 1123 §2.1";
    /// The local part is a quoted string.
    QuotedString: Rfc5321, "RFC 5321 §4.1.2";
    /// The domain is an address literal.
    AddressLiteral: Rfc5321, "RFC 5321 §4.1.3";
    /// The local part holds characters beyond ASCII.
    InternationalLocal: Rfc6531, "RFC 6531 §3.3";
    /// The domain holds U-labels.
    InternationalDomain: Rfc6531, "RFC 6531 §3.3";
    /// A comment stands around the address.
    Comment: Cfws, "RFC 5322 §3.2.2";
    /// White space stands around the address, or folds a quoted string.
    FoldingWhiteSpace: Cfws, "RFC 5322 §3.2.2";
    /// `::` of an IPv6 literal stands for a single group.
    Ipv6SingleGroup: Deprecated, "RFC 5321 §4.1.3";
    /// The local part mixes atoms and quoted strings, or has comments around its dots.
    ObsoleteLocal: Deprecated, "RFC 5322 §4.4";
    /// White space within the address, or a fold of white space alone.
    ObsoleteFws: Deprecated, "RFC 5322 §4.2";
    /// A control in a quoted string.
    ObsoleteQtext: Deprecated, "RFC 5322 §4.1";
    /// A control behind a backslash.
    ObsoleteQuotedPair: Deprecated, "RFC 5322 §4.1";
    /// A comment before an element that is not the first.
    ObsoleteComment: Deprecated, "RFC 5322 §4.4";
    /// A control in a comment.
    ObsoleteCtext: Deprecated, "RFC 5322 §4.1";
    /// A comment or white space beside the `@`.
    CfwsNearAt: Deprecated, "RFC 5322 §3.4.1";
    /// The domain holds characters that no host name has.
    NotAHostName: Rfc5322, "RFC 5321 §4.1.2";
    /// The address is longer than 254 octets.
    TooLong: Rfc5322, "RFC 5321 §4.5.3.1.3";
    /// The local part is longer than 64 octets.
    LocalTooLong: Rfc5322, "RFC 5321 §4.5.3.1.1";
    /// The domain is longer than 255 octets.
    DomainTooLong: Rfc5322, "RFC 5321 §4.5.3.1.2";
    /// A label of the domain is longer than 63 octets.
    LabelTooLong: Rfc5322, "RFC 1035 §2.3.4";
    /// A domain literal that is not an address literal.
    DomainLiteral: Rfc5322, "RFC 5322 §3.4.1";
    /// A quoted pair or a control in a domain literal.
    ObsoleteDtext: Rfc5322, "RFC 5322 §4.4";
    /// An IPv6 literal that is not an address.
    BadIpv6: Rfc5322, "RFC 5321 §4.1.3";
    /// A character that a domain literal may not hold.
    ExpectingDtext: Invalid, "RFC 5322 §3.4.1";
    /// Nothing before the `@`.
    NoLocal: Invalid, "RFC 5321 §4.1.2";
    /// No `@`, or nothing behind it.
    NoDomain: Invalid, "RFC 5321 §4.1.2";
    /// Two dots in a row.
    ConsecutiveDots: Invalid, "RFC 5321 §4.1.2";
    /// Text behind a comment or white space.
    TextAfterCfws: Invalid, "RFC 5322 §3.2.3";
    /// Text behind a quoted string.
    TextAfterQuoted: Invalid, "RFC 5322 §3.4.1";
    /// Text behind a domain literal.
    TextAfterLiteral: Invalid, "RFC 5322 §3.4.1";
    /// A character that a quoted pair may not hold.
    ExpectingQuotedPair: Invalid, "RFC 5322 §3.2.1";
    /// A character that an atom may not hold.
    ExpectingAtext: Invalid, "RFC 5322 §3.2.3";
    /// A character that a quoted string may not hold.
    ExpectingQtext: Invalid, "RFC 5322 §3.2.4";
    /// A character that a comment may not hold.
    ExpectingCtext: Invalid, "RFC 5322 §3.2.2";
    /// The text ends behind a backslash.
    BackslashEnd: Invalid, "RFC 5322 §3.2.1";
    /// A dot at the start of the local part or the domain.
    DotStart: Invalid, "RFC 5321 §4.1.2";
    /// A dot at the end of the local part or the domain.
    DotEnd: Invalid, "RFC 5321 §4.1.2";
    /// A label begins with a hyphen.
    HyphenStart: Invalid, "RFC 5321 §4.1.2";
    /// A label ends with a hyphen.
    HyphenEnd: Invalid, "RFC 5321 §4.1.2";
    /// A quoted string is not closed.
    UnclosedQuoted: Invalid, "RFC 5322 §3.2.4";
    /// A comment is not closed.
    UnclosedComment: Invalid, "RFC 5322 §3.2.2";
    /// A domain literal is not closed.
    UnclosedLiteral: Invalid, "RFC 5322 §3.4.1";
    /// Two line ends in a row.
    DoubleCrlf: Invalid, "RFC 5322 §3.2.2";
    /// A line end without white space behind it.
    CrlfEnd: Invalid, "RFC 5322 §3.2.2";
    /// A carriage return without a line feed.
    BareCr: Invalid, "RFC 5322 §3.2.2";
    /// Longer than this reader looks at ([`MAX_INPUT`](crate::MAX_INPUT)).
    InputTooLong: Invalid, "RFC 5322 §2.1.1";
}

/// What was found of an address: a set, without allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Forms(u64);

impl Forms {
    pub(crate) const fn put(&mut self, form: Form) {
        self.0 |= 1 << form as u8;
    }

    /// Whether it was found.
    pub const fn has(self, form: Form) -> bool {
        self.0 & (1 << form as u8) != 0
    }

    /// What was found, the lightest first.
    pub fn iter(self) -> impl Iterator<Item = Form> {
        Form::ALL.iter().copied().filter(move |form| self.has(*form))
    }

    /// What weighs most; `None` where nothing was found.
    pub fn worst(self) -> Option<Form> {
        let last = 63_usize.checked_sub(usize::try_from(self.0.leading_zeros()).ok()?)?;
        Form::ALL.get(last).copied()
    }
}

const _: () = assert!(Form::ALL.len() <= 64);

//! The whole grammar of RFC 5322 §3.4.1 with its obsolete forms, for what is not plain.

mod lexeme;

use std::borrow::Cow;

use posthaste_types::Domain;

use crate::form::{Form, Forms};
use crate::syntax::{MAX_INPUT, Syntax, is_atext};

/// Reads left to right, without recursion, and stops at the first error.
pub(crate) struct Scan<'a> {
    text: &'a str,
    pos: usize,
    forms: Forms,
    /// What is read without comments and white space around it.
    clean: String,
}

/// What stands before the place: decides what may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Text,
    Quoted,
    Literal,
    /// White space or a comment behind text.
    Cfws,
}

type Step<T = ()> = Result<T, Form>;

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, pos: 0, forms: Forms::default(), clean: String::new() }
    }

    pub(crate) fn run(mut self) -> Syntax<'a> {
        let at = self.read();
        let at = at.unwrap_or_else(|error| {
            self.forms.put(error);
            0
        });
        let address = match self.clean == self.text {
            true => Cow::Borrowed(self.text),
            false => Cow::Owned(self.clean),
        };
        Syntax::new(address, at, self.forms, self.pos)
    }

    fn read(&mut self) -> Step<usize> {
        if self.text.len() > MAX_INPUT {
            return Err(Form::InputTooLong);
        }
        self.local()?;
        let at = self.clean.len();
        if at > 64 {
            self.forms.put(Form::LocalTooLong);
        }
        self.take('@');
        self.domain()?;
        self.lengths(at)?;
        Ok(at)
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.pos..).and_then(|rest| rest.chars().next())
    }

    fn skip(&mut self, c: char) {
        self.pos += c.len_utf8();
    }

    fn take(&mut self, c: char) {
        self.clean.push(c);
        self.skip(c);
    }

    /// Up to the `@`, which is left.
    fn local(&mut self) -> Step {
        let (mut before, mut dots) = (Before::Nothing, 0_usize);
        while let Some(c) = self.peek() {
            match c {
                '@' => return self.end_of_local(before, dots),
                '.' => {
                    self.dot(before, dots)?;
                    if matches!(before, Before::Quoted | Before::Cfws) {
                        self.forms.put(Form::ObsoleteLocal);
                    }
                    (before, dots) = (Before::Nothing, dots + 1);
                }
                '"' if before == Before::Nothing => {
                    self.forms.put(if dots == 0 { Form::QuotedString } else { Form::ObsoleteLocal });
                    self.quoted()?;
                    before = Before::Quoted;
                }
                '(' | ' ' | '\t' | '\r' => {
                    let found = match c {
                        '(' if before == Before::Nothing && dots > 0 => Form::ObsoleteComment,
                        '(' => Form::Comment,
                        _ if before == Before::Nothing && dots > 0 => Form::ObsoleteFws,
                        _ => Form::FoldingWhiteSpace,
                    };
                    self.cfws(found)?;
                    if before != Before::Nothing {
                        before = Before::Cfws;
                    }
                }
                _ => {
                    self.atom(c, before)?;
                    if !c.is_ascii() {
                        self.forms.put(Form::InternationalLocal);
                    }
                    before = Before::Text;
                }
            }
        }
        Err(Form::NoDomain)
    }

    fn end_of_local(&mut self, before: Before, dots: usize) -> Step {
        match before {
            Before::Nothing if dots == 0 => Err(Form::NoLocal),
            Before::Nothing => Err(Form::DotEnd),
            Before::Cfws => {
                self.forms.put(Form::CfwsNearAt);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn dot(&mut self, before: Before, dots: usize) -> Step {
        if before == Before::Nothing {
            return Err(if dots == 0 { Form::DotStart } else { Form::ConsecutiveDots });
        }
        self.take('.');
        Ok(())
    }

    fn atom(&mut self, c: char, before: Before) -> Step {
        match before {
            Before::Cfws => return Err(Form::TextAfterCfws),
            Before::Literal => return Err(Form::TextAfterLiteral),
            Before::Quoted if c != '"' => return Err(Form::TextAfterQuoted),
            _ => {}
        }
        let allowed = match u8::try_from(c) {
            Ok(octet) if octet.is_ascii() => is_atext(octet),
            _ => !c.is_control(),
        };
        if !allowed {
            return Err(Form::ExpectingAtext);
        }
        self.take(c);
        Ok(())
    }

    fn domain(&mut self) -> Step {
        let (mut before, mut dots, mut label) = (Before::Nothing, 0_usize, self.clean.len());
        while let Some(c) = self.peek() {
            match c {
                '.' => {
                    self.end_of_label(label)?;
                    self.dot(before, dots)?;
                    (before, dots, label) = (Before::Nothing, dots + 1, self.clean.len());
                }
                '[' if before == Before::Nothing && dots == 0 => {
                    self.literal()?;
                    before = Before::Literal;
                }
                '(' | ' ' | '\t' | '\r' => {
                    let found = match c {
                        _ if before == Before::Nothing && dots == 0 => Form::CfwsNearAt,
                        '(' if before == Before::Nothing => Form::ObsoleteComment,
                        '(' => Form::Comment,
                        _ if before == Before::Nothing => Form::ObsoleteFws,
                        _ => Form::FoldingWhiteSpace,
                    };
                    self.cfws(found)?;
                    before = match before {
                        Before::Text => Before::Cfws,
                        other => other,
                    };
                }
                '-' if before == Before::Nothing => return Err(Form::HyphenStart),
                _ => {
                    self.atom(c, before)?;
                    if c.is_ascii() && !c.is_ascii_alphanumeric() && c != '-' {
                        self.forms.put(Form::NotAHostName);
                    }
                    before = Before::Text;
                }
            }
        }
        match before {
            Before::Nothing if dots == 0 => Err(Form::NoDomain),
            Before::Nothing => Err(Form::DotEnd),
            Before::Literal => Ok(()),
            _ => self.end_of_domain(label, dots),
        }
    }

    fn end_of_label(&mut self, label: usize) -> Step {
        let label = self.clean.get(label..).unwrap_or_default();
        if label.ends_with('-') {
            return Err(Form::HyphenEnd);
        }
        if label.len() > 63 {
            self.forms.put(Form::LabelTooLong);
        }
        Ok(())
    }

    fn end_of_domain(&mut self, label: usize, dots: usize) -> Step {
        self.end_of_label(label)?;
        if dots == 0 {
            self.forms.put(Form::SingleLabel);
        }
        if self.clean.get(label..).is_some_and(|label| label.starts_with(|c: char| c.is_ascii_digit())) {
            self.forms.put(Form::NumericTopLevel);
        }
        Ok(())
    }

    fn lengths(&mut self, at: usize) -> Step {
        let domain = self.clean.get(at.saturating_add(1)..).unwrap_or_default();
        if domain.len() > 255 {
            self.forms.put(Form::DomainTooLong);
        } else if self.clean.len() > 254 {
            self.forms.put(Form::TooLong);
        }
        if !domain.is_ascii() {
            let measured = self.forms.has(Form::LabelTooLong) || self.forms.has(Form::DomainTooLong);
            if !measured && !self.forms.has(Form::NotAHostName) {
                Domain::parse(domain).map_err(|_| Form::ExpectingAtext)?;
            }
            self.forms.put(Form::InternationalDomain);
        }
        Ok(())
    }
}

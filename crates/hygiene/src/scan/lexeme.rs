//! Quoted strings, comments, folding white space and domain literals (RFC 5322 §3.2, §3.4.1).

use super::{Scan, Step};
use crate::form::Form;
use crate::literal;

impl Scan<'_> {
    pub(super) fn quoted(&mut self) -> Step {
        self.take('"');
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.take(c);
                    return Ok(());
                }
                '\\' => self.quoted_pair()?,
                '\r' | '\t' => {
                    // RFC 5322 §3.2.4: the line end of a fold is no part of the string.
                    self.forms.put(Form::FoldingWhiteSpace);
                    self.fws()?;
                    self.clean.push(' ');
                }
                '\0' | '\n' => return Err(Form::ExpectingQtext),
                _ => {
                    if c.is_ascii_control() {
                        self.forms.put(Form::ObsoleteQtext);
                    } else if !c.is_ascii() {
                        self.forms.put(Form::InternationalLocal);
                    }
                    self.take(c);
                }
            }
        }
        Err(Form::UnclosedQuoted)
    }

    fn quoted_pair(&mut self) -> Step {
        self.take('\\');
        let c = self.peek().ok_or(Form::BackslashEnd)?;
        if !c.is_ascii() {
            return Err(Form::ExpectingQuotedPair);
        }
        if c.is_ascii_control() && c != '\t' {
            self.forms.put(Form::ObsoleteQuotedPair);
        }
        self.take(c);
        Ok(())
    }

    /// White space or one comment.
    pub(super) fn cfws(&mut self, found: Form) -> Step {
        self.forms.put(found);
        if self.peek() == Some('(') { self.comment() } else { self.fws() }
    }

    fn comment(&mut self) -> Step {
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' => self.fws()?,
                '\\' => {
                    let kept = self.clean.len();
                    self.quoted_pair()?;
                    self.clean.truncate(kept);
                }
                '\0' | '\n' => return Err(Form::ExpectingCtext),
                _ => {
                    if c.is_ascii_control() {
                        self.forms.put(Form::ObsoleteCtext);
                    }
                    self.skip(c);
                    match c {
                        '(' => depth += 1,
                        ')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    if depth == 0 {
                        return Ok(());
                    }
                }
            }
        }
        Err(Form::UnclosedComment)
    }

    fn fws(&mut self) -> Step {
        let mut folds = 0_usize;
        while let Some(c @ (' ' | '\t' | '\r')) = self.peek() {
            self.skip(c);
            if c != '\r' {
                continue;
            }
            if self.peek() != Some('\n') {
                return Err(Form::BareCr);
            }
            self.skip('\n');
            match self.peek() {
                Some(' ' | '\t') => {}
                Some('\r') => return Err(Form::DoubleCrlf),
                _ => return Err(Form::CrlfEnd),
            }
            folds += 1;
            if folds > 1 {
                self.forms.put(Form::ObsoleteFws);
            }
        }
        Ok(())
    }

    pub(super) fn literal(&mut self) -> Step {
        self.take('[');
        let start = self.clean.len();
        while let Some(c) = self.peek() {
            match c {
                ']' => {
                    let inside = self.clean.get(start..).unwrap_or_default();
                    self.forms.put(literal::form(inside));
                    if literal::form(inside) == Form::Ipv6SingleGroup {
                        self.forms.put(Form::AddressLiteral);
                    }
                    self.take(c);
                    return Ok(());
                }
                '\\' => {
                    self.forms.put(Form::ObsoleteDtext);
                    self.quoted_pair()?;
                }
                ' ' | '\t' | '\r' => {
                    self.forms.put(Form::FoldingWhiteSpace);
                    self.fws()?;
                    self.clean.push(' ');
                }
                '[' | '\0' => return Err(Form::ExpectingDtext),
                _ if !c.is_ascii() => return Err(Form::ExpectingDtext),
                _ => {
                    if c.is_ascii_control() {
                        self.forms.put(Form::ObsoleteDtext);
                    }
                    self.take(c);
                }
            }
        }
        Err(Form::UnclosedLiteral)
    }
}

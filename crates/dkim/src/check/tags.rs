//! Tag lists (RFC 6376 §3.2).

use std::ops::Range;

use super::result::DkimReason;

/// The tags of a signature or of a key record. No name stands twice.
pub(crate) struct TagList<'a> {
    tags: Vec<Tag<'a>>,
}

struct Tag<'a> {
    name: &'a [u8],
    value: &'a [u8],
    /// Where the value stands, white space around it included.
    range: Range<usize>,
}

impl<'a> TagList<'a> {
    /// Reads a list.
    ///
    /// Names that differ in case only count as one: tag names are case-sensitive, but not every reader
    /// knows, and no honest signer writes both.
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, DkimReason> {
        let mut tags: Vec<Tag<'a>> = Vec::new();
        let mut start = 0;
        for part in text.split(|octet| *octet == b';') {
            let end = start + part.len();
            if let Some(equals) = part.iter().position(|octet| *octet == b'=') {
                let name = part[..equals].trim_ascii();
                let first = name.first().is_some_and(u8::is_ascii_alphabetic);
                if !first || !name.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'_') {
                    return Err(DkimReason::Syntax("?"));
                }
                if tags.len() == MAX_TAGS {
                    return Err(DkimReason::Syntax("?"));
                }
                if tags.iter().any(|tag| tag.name.eq_ignore_ascii_case(name)) {
                    return Err(DkimReason::DuplicateTag);
                }
                let value = part[equals + 1..].trim_ascii();
                tags.push(Tag { name, value, range: start + equals + 1..end });
            } else if !part.trim_ascii().is_empty() {
                return Err(DkimReason::Syntax("?"));
            }
            start = end + 1;
        }
        Ok(Self { tags })
    }

    /// Reads a list by the letter of the grammar: nothing is left empty but what follows the last semicolon.
    pub(crate) fn strict(text: &'a [u8]) -> Result<Self, DkimReason> {
        let mut parts = text.split(|octet| *octet == b';').rev().skip(1);
        if parts.any(|part| part.trim_ascii().is_empty()) {
            return Err(DkimReason::Syntax("?"));
        }
        Self::parse(text)
    }

    /// The value of a tag, without the white space around it.
    pub(crate) fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.tag(name).map(|tag| tag.value)
    }

    /// The value of a tag that must be there, and not be empty.
    pub(crate) fn required(&self, name: &'static str) -> Result<&'a [u8], DkimReason> {
        self.value(name).filter(|value| !value.is_empty()).ok_or(DkimReason::MissingTag(name))
    }

    /// The items of a tag's value that are parted by colons.
    pub(crate) fn items(&self, name: &str) -> Option<impl Iterator<Item = &'a [u8]> + Clone> {
        self.value(name).map(|value| value.split(|octet| *octet == b':').map(<[u8]>::trim_ascii))
    }

    /// The value of a tag that is a number of at most twelve digits.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u64>, DkimReason> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let digits = !value.is_empty() && value.len() <= 12 && value.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(value).ok().filter(|_| digits);
        text.and_then(|text| text.parse().ok()).map(Some).ok_or(DkimReason::Syntax(name))
    }

    /// Where a tag's value stands, white space around it included.
    pub(crate) fn range(&self, name: &str) -> Option<Range<usize>> {
        self.tag(name).map(|tag| tag.range.clone())
    }

    /// The name of the first tag.
    pub(crate) fn first_name(&self) -> Option<&'a [u8]> {
        self.tags.first().map(|tag| tag.name)
    }

    fn tag(&self, name: &str) -> Option<&Tag<'a>> {
        self.tags.iter().find(|tag| tag.name == name.as_bytes())
    }
}

/// A signature has eleven tags that are known.
const MAX_TAGS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_their_places() {
        let text = b" v=1; a = rsa-sha256;\r\n\tb=a\r\n b ; h=From : To;";
        let tags = TagList::parse(text).unwrap();
        assert_eq!(tags.value("v"), Some(&b"1"[..]));
        assert_eq!(tags.value("a"), Some(&b"rsa-sha256"[..]));
        assert_eq!(tags.value("b"), Some(&b"a\r\n b"[..]));
        assert_eq!(&text[tags.range("b").unwrap()], b"a\r\n b ");
        assert_eq!(tags.items("h").unwrap().collect::<Vec<_>>(), [&b"From"[..], b"To"]);
        assert_eq!(tags.value("A"), None);
        assert_eq!(tags.required("d"), Err(DkimReason::MissingTag("d")));
    }

    #[test]
    fn what_is_no_tag_list() {
        for (text, reason) in [
            (&b"v=1; v=1"[..], DkimReason::DuplicateTag),
            (b"v=1; V=1", DkimReason::DuplicateTag),
            (b"v=1; x", DkimReason::Syntax("?")),
            (b"=1", DkimReason::Syntax("?")),
            (b"1a=1", DkimReason::Syntax("?")),
            (b"a b=1", DkimReason::Syntax("?")),
        ] {
            assert_eq!(TagList::parse(text).err(), Some(reason), "{text:?}");
        }
        let many: String = (0..65).map(|i| format!("a{i}=1;")).collect();
        assert!(TagList::parse(many.as_bytes()).is_err());
        assert!(TagList::parse(b"").is_ok());
    }

    #[test]
    fn numbers() {
        for (text, expected) in [
            (&b"t=12"[..], Ok(Some(12))),
            (b"", Ok(None)),
            (b"t=", Err(DkimReason::Syntax("t"))),
            (b"t=-1", Err(DkimReason::Syntax("t"))),
            (b"t=1234567890123", Err(DkimReason::Syntax("t"))),
        ] {
            assert_eq!(TagList::parse(text).unwrap().number("t"), expected, "{text:?}");
        }
    }
}

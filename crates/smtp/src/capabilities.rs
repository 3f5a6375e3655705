//! What a server says in its answer to EHLO.

use posthaste_types::Reply;

/// The service extensions of a server, as its answer to EHLO lists them (RFC 5321 §4.1.1.1).
///
/// Keywords are compared without case. What the list says twice counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    extensions: Vec<(Box<str>, Box<str>)>,
}

impl Capabilities {
    /// Reads the lines of a reply to EHLO; the first is the greeting.
    ///
    /// QUIRK: `AUTH=PLAIN LOGIN`, of servers older than RFC 2554, is read as AUTH.
    pub fn from_reply(reply: &Reply) -> Self {
        Self::from_lines(reply.lines().skip(1))
    }

    /// Reads the lines behind the greeting.
    pub(crate) fn from_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut extensions: Vec<(Box<str>, Box<str>)> = Vec::new();
        for line in lines {
            let line = line.trim();
            let (keyword, value) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
            let keyword = keyword.to_ascii_uppercase();
            if !keyword.is_empty() && !extensions.iter().any(|(known, _)| **known == *keyword) {
                extensions.push((keyword.into(), value.trim().into()));
            }
        }
        Self { extensions }
    }

    /// Whether an extension is offered.
    pub fn offers(&self, keyword: &str) -> bool {
        self.value(keyword).is_some()
    }

    /// What stands behind the keyword of an extension: empty if nothing does, `None` if it is not offered.
    pub fn value(&self, keyword: &str) -> Option<&str> {
        let mut all = self.extensions.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(keyword)).map(|(_, value)| &**value)
    }

    /// The largest message, in octets, if the server names a limit (RFC 1870 §4; 0 is none).
    pub fn size_limit(&self) -> Option<u64> {
        self.value("SIZE")?.parse().ok().filter(|limit| *limit > 0)
    }

    /// A limit that the server names (RFC 9422 §3), such as `RCPTMAX`; 0 is none.
    pub fn limit(&self, name: &str) -> Option<u64> {
        let mut all = self.value("LIMITS")?.split([' ', '\t']).filter_map(|limit| limit.split_once('='));
        let (_, value) = all.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        value.parse().ok().filter(|limit| *limit > 0)
    }

    /// Whether an AUTH mechanism is offered (RFC 4954 §3).
    pub fn offers_auth(&self, mechanism: &str) -> bool {
        let mut all = self.value("AUTH").unwrap_or_default().split([' ', '\t']);
        all.any(|offered| offered.eq_ignore_ascii_case(mechanism))
    }

    /// The keywords, in upper case, in the server's order.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.extensions.iter().map(|(keyword, _)| &**keyword)
    }
}

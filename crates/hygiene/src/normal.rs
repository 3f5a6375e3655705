//! The form for comparing addresses.

use std::fmt;

use posthaste_types::Domain;
use unicode_normalization::UnicodeNormalization;

use crate::form::Category;
use crate::syntax::check;

/// An address in the form for comparing: two spellings of one mailbox are equal.
///
/// For keys of deduplication and suppression only. Never mail to it: a provider may give the spelling a meaning, and
/// RFC 5321 §2.4 leaves the local part to its host.
///
/// The local part in lower case and NFC, without quotes that it does not need; the domain in A-labels; and for the
/// consumer domains of the large providers, what they themselves ignore: `+tag`, dots, names of one domain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NormalForm(Box<str>);

impl NormalForm {
    /// The text: `local@domain`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NormalForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NormalForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NormalForm({:?})", self.0)
    }
}

/// The form for comparing; `None` for what is not an address that SMTP knows ([`Category::Rfc5322`] and
/// [`Category::Invalid`], or a control behind a backslash).
///
/// ```
/// use posthaste_hygiene::normal_form;
///
/// let one = normal_form("Ada.L+news@GoogleMail.com");
/// assert_eq!(one.as_ref().map(|form| form.as_str()), Some("adal@gmail.com"));
/// assert_eq!(one, normal_form("a.dal@gmail.com"));
/// ```
pub fn normal_form(address: &str) -> Option<NormalForm> {
    let syntax = check(address);
    let has_control = syntax.local().contains(char::is_control);
    if syntax.category() >= Category::Rfc5322 || has_control {
        return None;
    }
    let domain = normal_domain(syntax.domain());
    let local = normal_local(syntax.local());
    let text = match local.starts_with('"') {
        true => format!("{local}@{domain}"),
        false => apply(&local, &domain),
    };
    Some(NormalForm(text.into()))
}

fn normal_domain(domain: &str) -> String {
    match Domain::parse(domain) {
        Ok(domain) => domain.as_str().to_owned(),
        Err(_) => domain.to_ascii_lowercase(),
    }
}

/// Lower case, NFC, and quotes only where they must be (RFC 5321 §4.1.2).
fn normal_local(local: &str) -> String {
    let folded: String = local.nfc().flat_map(char::to_lowercase).nfc().collect();
    if !folded.contains('"') {
        return folded;
    }
    let content = content(&folded);
    if is_plain(&content) {
        return content;
    }
    let mut quoted = String::from("\"");
    for c in content.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// What the words of a local part say.
fn content(local: &str) -> String {
    let (mut content, mut chars, mut quoted) = (String::new(), local.chars(), false);
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => content.extend(chars.next()),
            _ => content.push(c),
        }
    }
    content
}

fn is_plain(content: &str) -> bool {
    let is_text = |c: char| {
        u8::try_from(c).map_or(!c.is_control(), |octet| {
            if octet.is_ascii() { crate::syntax::is_atext(octet) } else { !c.is_control() }
        })
    };
    content.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_text))
}

fn apply(local: &str, domain: &str) -> String {
    let (mut local, mut domain) = (local, domain);
    if let Some((user, rest)) =
        domain.split_once('.').filter(|(_, rest)| matches!(*rest, "fastmail.com" | "fastmail.fm"))
    {
        (local, domain) = (user, rest);
    }
    let Some(rule) = RULES.iter().find(|rule| rule.domains.contains(&domain)) else {
        return format!("{local}@{domain}");
    };
    if let Some((user, _)) = local.split_once('+').filter(|(user, _)| rule.tag == Tag::Plus && !user.is_empty()) {
        local = user;
    }
    let canonical = rule.canonical.unwrap_or(domain);
    let kept = match rule.dots {
        Dots::Ignored => local.replace('.', ""),
        Dots::Kept => local.to_owned(),
    };
    // "ada.+x" leaves a dot behind, which no address of such a host has.
    let kept = if kept.is_empty() { local } else { kept.trim_end_matches('.') };
    format!("{kept}@{canonical}")
}

/// What a provider ignores in the addresses of its consumer domains, never in those of its customers.
struct Rule {
    domains: &'static [&'static str],
    canonical: Option<&'static str>,
    tag: Tag,
    dots: Dots,
}

#[derive(PartialEq)]
enum Tag {
    Plus,
    None,
}

enum Dots {
    Ignored,
    Kept,
}

const fn rule(domains: &'static [&'static str], canonical: Option<&'static str>, tag: Tag, dots: Dots) -> Rule {
    Rule { domains, canonical, tag, dots }
}

/// From the rules of email-normalize 3.2.0. Yahoo's `base-keyword` is kept whole: the base alone is no mailbox.
const RULES: &[Rule] = &[
    rule(&["gmail.com", "googlemail.com"], Some("gmail.com"), Tag::Plus, Dots::Ignored),
    rule(&["icloud.com", "me.com", "mac.com"], Some("icloud.com"), Tag::Plus, Dots::Kept),
    rule(&["outlook.com", "hotmail.com", "live.com", "msn.com"], None, Tag::Plus, Dots::Kept),
    rule(&["yahoo.com", "ymail.com", "rocketmail.com", "aol.com"], None, Tag::None, Dots::Kept),
    rule(&["fastmail.com", "fastmail.fm"], None, Tag::Plus, Dots::Kept),
    rule(&["proton.me", "protonmail.com", "pm.me"], None, Tag::Plus, Dots::Kept),
    rule(&["yandex.ru", "yandex.com", "ya.ru", "yandex.by", "yandex.kz", "yandex.ua"], None, Tag::Plus, Dots::Kept),
];

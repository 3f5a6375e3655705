//! What a domain may have been meant to be.

use posthaste_types::Domain;

use crate::set::WordSet;

/// Another domain that was probably meant. Only to be shown, or applied where a person or the caller's policy accepts
/// it: domains one letter beside a provider's belong to spam traps, but to people too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suggestion {
    /// The domain that was probably meant.
    pub domain: String,
    /// How sure that is, in percent.
    pub confidence: u8,
    /// What makes it look so.
    pub cause: Likeness,
}

/// What makes one domain look like another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Likeness {
    /// Letters of another script that look the same (UTS 39).
    Homograph,
    /// Missing, doubled, swapped or neighbouring keys.
    Keys,
    /// The top-level domain is a misspelt one.
    TopLevel,
}

/// The domain that was probably meant by `domain`; `None` where it is well known, or like none.
///
/// `known` holds domains that are right whatever they look like. The domain may be one that is not valid, as
/// `#gmail.com`.
///
/// ```
/// use posthaste_hygiene::{WordSet, suggest_domain};
///
/// let found = suggest_domain("gmial.com", &WordSet::default());
/// assert_eq!(found.map(|found| (found.domain, found.confidence)), Some(("gmail.com".into(), 95)));
/// assert_eq!(suggest_domain("example.org", &WordSet::default()), None);
/// ```
pub fn suggest_domain(domain: &str, known: &WordSet) -> Option<Suggestion> {
    if domain.len() > 253 || !domain.contains('.') {
        return None;
    }
    let lower = domain.to_lowercase();
    if is_known(&lower, known) {
        return None;
    }
    homograph(&lower).or_else(|| nearest(&lower)).or_else(|| top_level(&lower))
}

fn is_known(domain: &str, known: &WordSet) -> bool {
    let provider = |(name, suffix): (&str, &str)| NAMES.contains(&name) && TOP_LEVEL.contains(&suffix);
    DOMAINS.contains(&domain) || domain.split_once('.').is_some_and(provider) || known.contains(domain)
}

fn homograph(domain: &str) -> Option<Suggestion> {
    if domain.is_ascii() && !domain.contains("xn--") {
        return None;
    }
    let shown = Domain::parse(domain).ok()?.to_unicode();
    let skeleton: String = shown.chars().map(latin).collect();
    DOMAINS.contains(&&*skeleton).then_some(Suggestion { domain: skeleton, confidence: 98, cause: Likeness::Homograph })
}

/// The Latin letter that looks like `c`: the ones of UTS 39 that fonts draw alike.
fn latin(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ҽ' => 'e',
        'ɡ' | 'ց' => 'g',
        'һ' => 'h',
        'і' | 'ı' | 'ι' | 'í' | 'ì' => 'i',
        'ј' => 'j',
        'ӏ' | 'ⅼ' => 'l',
        'м' => 'm',
        'о' | 'ο' | 'օ' | 'ö' | 'ó' | 'ò' | 'ọ' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        _ => c,
    }
}

fn nearest(domain: &str) -> Option<Suggestion> {
    let letters = letters(domain.as_bytes());
    let near = DOMAINS.iter().filter(|target| {
        let apart = target.len().abs_diff(domain.len());
        // One edit changes the set of letters by two at most.
        apart <= 2 && (letters ^ self::letters(target.as_bytes())).count_ones() <= 4
    });
    let costs = near.filter_map(|target| {
        let cost = cost(domain.as_bytes(), target.as_bytes());
        // Short names have honest neighbours: one slip at most.
        let limit = if target.len() < 8 { ONE } else { 2 * ONE };
        (cost <= limit).then_some((cost, *target))
    });
    let (cost, target) = costs.min_by_key(|(cost, _)| *cost)?;
    let confidence = match cost {
        0..=ONE => 95,
        3 => 80,
        _ => 60,
    };
    Some(Suggestion { domain: target.to_owned(), confidence, cause: Likeness::Keys })
}

fn top_level(domain: &str) -> Option<Suggestion> {
    let (name, suffix) = domain.split_once('.')?;
    if name.len() < 2 || suffix.contains('.') || suffix.len() < 2 {
        return None;
    }
    let (meant, confidence) = match TLD_SLIPS.iter().find(|(slip, ..)| *slip == suffix) {
        Some((_, meant, confidence)) => (*meant, *confidence),
        None if is_top_level(suffix) => return None,
        None => {
            let near = ["com", "net", "org", "de", "fr", "info"].into_iter();
            let near = near.map(|meant| (cost(suffix.as_bytes(), meant.as_bytes()), meant));
            let near = near.filter(|(cost, meant)| *cost <= ONE && meant.len() > 2).min_by_key(|(cost, _)| *cost);
            (near?.1, 80)
        }
    };
    Some(Suggestion { domain: format!("{name}.{meant}"), confidence, cause: Likeness::TopLevel })
}

/// Whether the public suffix list of this build knows the top-level domain.
pub(crate) fn is_top_level(suffix: &str) -> bool {
    psl::suffix(suffix.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// A set of letters and digits.
fn letters(text: &[u8]) -> u64 {
    text.iter().fold(0, |set, octet| set | 1 << (octet & 0x3f))
}

/// Edits between two texts: a slip to a neighbouring key counts half, a swap of two letters once (Damerau's distance,
/// each place changed once). Texts beyond 32 octets are far apart.
fn cost(from: &[u8], to: &[u8]) -> u32 {
    const WIDTH: usize = 33;
    if from.len() >= WIDTH || to.len() >= WIDTH {
        return u32::MAX;
    }
    let (mut older, mut last) = ([0_u32; WIDTH], [0_u32; WIDTH]);
    for (at, cell) in (0_u32..).zip(&mut last) {
        *cell = at * ONE;
    }
    let mut upper = None;
    for (row, one) in (1_u32..).zip(from) {
        let mut now = [row * ONE; WIDTH];
        let (mut left, mut beside) = (row * ONE, None);
        for (at, other) in to.iter().enumerate() {
            let (stay, drop) = (cell(&last, at) + slip(*one, *other), cell(&last, at + 1) + ONE);
            let mut best = stay.min(drop).min(left + ONE);
            if upper == Some(other) && beside == Some(one) && one != other {
                best = best.min(cell(&older, at.saturating_sub(1)) + ONE);
            }
            if let Some(cell) = now.get_mut(at + 1) {
                *cell = best;
            }
            (left, beside) = (best, Some(other));
        }
        (older, last) = (last, now);
        upper = Some(one);
    }
    cell(&last, to.len())
}

fn cell(row: &[u32], at: usize) -> u32 {
    row.get(at).copied().unwrap_or(1 << 16)
}

fn slip(one: u8, other: u8) -> u32 {
    match one == other {
        true => 0,
        false if are_neighbours(one, other) => ONE / 2,
        false => ONE,
    }
}

/// Neighbours on a QWERTY keyboard: side by side, or one row and at most one column apart.
fn are_neighbours(one: u8, other: u8) -> bool {
    let (one, other) = (PLACE[usize::from(one)], PLACE[usize::from(other)]);
    let apart = |shift: u32| (one >> shift & 0xf).abs_diff(other >> shift & 0xf);
    one != 0 && other != 0 && apart(0) <= 1 && apart(4) <= 1
}

const ONE: u32 = 2;

const ROWS: [&[u8]; 4] = [b"1234567890-", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];

/// Row (from 1 on) and column of each key, four bits each; 0 for what is no key.
const PLACE: [u8; 256] = {
    let mut place = [0; 256];
    let mut y = 0;
    while y < ROWS.len() {
        let mut x = 0;
        while x < ROWS[y].len() {
            place[ROWS[y][x] as usize] = (y as u8 + 1) << 4 | x as u8;
            x += 1;
        }
        y += 1;
    }
    place
};

/// Providers whose domains are often misspelt: mailcheck 1.1.1 (MIT), and later ones.
const DOMAINS: &[&str] = &[
    "gmail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "icloud.com",
    "aol.com",
    "live.com",
    "msn.com",
    "comcast.net",
    "facebook.com",
    "googlemail.com",
    "google.com",
    "protonmail.com",
    "verizon.net",
    "sbcglobal.net",
    "bellsouth.net",
    "earthlink.net",
    "charter.net",
    "rocketmail.com",
    "optonline.net",
    "btinternet.com",
    "optusnet.com.au",
    "sympatico.ca",
    "rogers.com",
    "telus.net",
    "hotmail.co.uk",
    "yahoo.co.uk",
    "hotmail.fr",
    "yahoo.fr",
    "orange.fr",
    "wanadoo.fr",
    "libero.it",
    "t-online.de",
    "freenet.de",
    "web.de",
    "gmx.de",
    "gmx.net",
    "gmx.com",
    "ymail.com",
    "att.net",
    "cox.net",
    "shaw.ca",
    "xtra.co.nz",
    "sky.com",
    "aim.com",
    "mac.com",
    "me.com",
    "qq.com",
    "163.com",
    "126.com",
    "mail.ru",
    "mail.com",
    "yandex.ru",
    "fastmail.com",
    "zoho.com",
    "naver.com",
    "proton.me",
];

/// Names that stand before many top-level domains.
const NAMES: &[&str] = &["yahoo", "hotmail", "mail", "live", "outlook", "gmx", "google"];

const TOP_LEVEL: &[&str] = &[
    "com", "com.au", "com.tw", "ca", "co.nz", "co.uk", "de", "fr", "it", "ru", "net", "org", "edu", "gov", "jp", "nl",
    "kr", "se", "eu", "ie", "co.il", "us", "at", "be", "dk", "hk", "es", "gr", "ch", "no", "cz", "in", "net.au",
    "info", "biz", "mil", "co.jp", "sg", "hu", "com.br", "com.mx", "com.ar", "co.in", "pl", "pt", "ro", "fi",
];

/// Top-level domains that exist, or nearly, and are mostly a slip.
const TLD_SLIPS: &[(&str, &str, u8)] = &[
    ("con", "com", 95),
    ("cmo", "com", 95),
    ("ocm", "com", 95),
    ("comm", "com", 95),
    ("vom", "com", 90),
    ("xom", "com", 90),
    ("cpm", "com", 90),
    ("nte", "net", 90),
    ("ner", "net", 80),
    ("ogr", "org", 90),
    ("cm", "com", 50),
    ("om", "com", 40),
    ("co", "com", 30),
];

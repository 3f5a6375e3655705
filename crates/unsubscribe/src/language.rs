//! The languages of the pages, and which one a request wants (RFC 9110 §12.5.4).

use http::{HeaderMap, header};

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Language {
    /// German.
    De,
    /// English, for everybody whose language is not here.
    #[default]
    En,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Italian.
    It,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
    /// Portuguese.
    Pt,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 8] = [Self::De, Self::En, Self::Es, Self::Fr, Self::It, Self::Nl, Self::Pl, Self::Pt];

    /// The tag of the language (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::It => "it",
            Self::Nl => "nl",
            Self::Pl => "pl",
            Self::Pt => "pt",
        }
    }

    /// The one that Accept-Language prefers; of equals the first, English if none is here.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let value = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut best = (0, Self::En);
        for range in value.split(',').take(16) {
            let mut parts = range.split(';').map(str::trim);
            let primary = parts.next().and_then(|range| range.split('-').next()).unwrap_or_default();
            let quality = parts.find_map(|it| it.strip_prefix("q=")).map_or(1000, thousandths);
            let known = Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary));
            if let Some(language) = known.filter(|_| quality > best.0) {
                best = (quality, language);
            }
        }
        best.1
    }
}

fn thousandths(quality: &str) -> u32 {
    let quality: f32 = quality.trim().parse().unwrap_or(0.0);
    (quality.clamp(0.0, 1.0) * 1000.0) as u32
}

//! The frame of a page.

use data_encoding::BASE64;
use http::HeaderValue;
use sha2::{Digest, Sha256};

/// An HTML page with places for values: `{{language}}`, `{{title}}`, `{{message}}`, `{{action}}`, `{{sender}}`.
///
/// Values are escaped for text and for quoted attributes; `{{action}}` is the form and the links, made here. The
/// pages forbid scripts; one `<style>` element is allowed by its hash (CSP).
#[derive(Clone, Debug)]
pub struct Layout {
    text: Box<str>,
    policy: HeaderValue,
}

/// Why a text is no layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A `{{` that begins none of the places, at this offset.
    #[error("an unknown place at byte {0}")]
    Unknown(usize),
    /// No `{{action}}`: the page would have no button.
    #[error("no {{{{action}}}}")]
    NoAction,
}

impl Layout {
    /// Checks a layout.
    ///
    /// # Errors
    /// [`LayoutError`].
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let unknown = |(at, _): &(usize, &str)| !PLACES.iter().any(|it| text[*at..].starts_with(it));
        if let Some((at, _)) = text.match_indices("{{").find(unknown) {
            return Err(LayoutError::Unknown(at));
        }
        if !text.contains("{{action}}") {
            return Err(LayoutError::NoAction);
        }
        Ok(Self::checked(text))
    }

    pub(crate) fn builtin() -> Self {
        Self::checked(BUILTIN)
    }

    fn checked(text: &str) -> Self {
        let style = text.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
        let style = style.map_or_else(
            || "'none'".to_owned(),
            |(style, _)| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(style.as_bytes()))),
        );
        let policy = format!(
            "default-src 'none'; style-src {style}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { text: text.into(), policy }
    }

    pub(crate) fn policy(&self) -> HeaderValue {
        self.policy.clone()
    }

    /// Fills the places in one walk: what a value holds is never taken for a place.
    pub(crate) fn fill(&self, values: [&str; 5]) -> String {
        let mut page = String::with_capacity(self.text.len() + 512);
        let mut rest = &*self.text;
        while let Some((before, from)) = rest.find("{{").map(|at| rest.split_at(at)) {
            page.push_str(before);
            let place = PLACES.iter().zip(values).find(|(place, _)| from.starts_with(**place));
            let (place, value) = place.map_or(("{{", ""), |(place, value)| (*place, value));
            page.push_str(value);
            rest = from.get(place.len()..).unwrap_or_default();
        }
        page + rest
    }
}

/// Escaped for text and for quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

const PLACES: [&str; 5] = ["{{language}}", "{{title}}", "{{message}}", "{{action}}", "{{sender}}"];

const BUILTIN: &str = r#"<!DOCTYPE html>
<html lang="{{language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>{{title}}</title>
<style>body{font:1.125rem/1.5 sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}</style>
</head>
<body>
<main>
<h1>{{title}}</h1>
<p>{{message}}</p>
{{action}}
</main>
<footer>{{sender}}</footer>
</body>
</html>
"#;

//! The results that a sealer puts into its set (RFC 8617 §4.1.1).

use posthaste_auth::results::{AuthservId, Results};
use posthaste_types::{HeaderField, ParseError};

use crate::field::ARC_RESULTS;
use crate::head::Field;

/// Where the results of a new set come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ArcVerdicts {
    /// The Authentication-Results fields of the message that this host has put there, all of them in one (RFC 8617
    /// §4.1.1), as they stand, comments too. Foreign fields of this id must have been stripped when the message came
    /// ([`strip`](posthaste_auth::results::strip)).
    InMessage(AuthservId),
    /// These.
    Given(Results),
}

impl ArcVerdicts {
    /// The field of an instance.
    pub(super) fn compose(&self, fields: &[Field<'_>], instance: u8) -> Result<HeaderField, ParseError> {
        let (id, verdicts) = match self {
            Self::InMessage(id) => (id.to_string(), in_message(fields, id)),
            Self::Given(results) => {
                let field = results.to_field()?;
                let text = unfolded(field.as_str().split_once(':').unwrap_or_default().1.as_bytes());
                let (id, verdicts) = text.split_at(head_end(&text));
                (id.to_owned(), vec![verdicts.trim_matches([';', ' ']).to_owned()])
            }
        };
        let verdicts: Vec<String> = verdicts.into_iter().filter(|one| !one.is_empty() && one != "none").collect();
        let verdicts = if verdicts.is_empty() { "none".to_owned() } else { verdicts.join("; ") };
        HeaderField::parse(&folded(&format!("{ARC_RESULTS}: i={instance}; {id}; {verdicts}")))
    }
}

/// What the fields of this host say, each without the id.
fn in_message(fields: &[Field<'_>], id: &AuthservId) -> Vec<String> {
    let ours = |field: &Field<'_>| {
        let text = unfolded(field.value);
        let (head, verdicts) = text.split_at(head_end(&text));
        let head = Results::parse(head).ok()?;
        (head.authserv_id() == Some(id)).then(|| verdicts.trim_matches([';', ' ']).to_owned())
    };
    fields.iter().filter(|field| field.is(RESULTS)).filter_map(ours).collect()
}

/// The text with one space for each run of white space and line ends.
fn unfolded(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where the id ends: at the first semicolon that is in no comment and no quoted string.
fn head_end(text: &str) -> usize {
    let (mut comments, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted || comments > 0 => escaped = true,
            b'"' if comments == 0 => quoted = !quoted,
            _ if quoted => {}
            b'(' => comments += 1,
            b')' => comments = comments.saturating_sub(1),
            b';' if comments == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Breaks a line at spaces.
fn folded(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + line.len() / 16);
    let mut column = 0;
    for word in line.split(' ') {
        if column > 0 {
            let folds = column + 1 + word.len() > COLUMNS;
            out.push_str(if folds { "\r\n " } else { " " });
            column = if folds { 1 } else { column + 1 };
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

const RESULTS: &str = "Authentication-Results";
/// RFC 5322 §2.1.1.
const COLUMNS: usize = 78;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head;

    fn composed(header: &str, id: &str) -> String {
        let fields: Vec<_> = head::fields(header.as_bytes()).flatten().collect();
        let verdicts = ArcVerdicts::InMessage(id.parse().unwrap());
        verdicts.compose(&fields, 3).unwrap().as_str().replace("\r\n ", " ")
    }

    #[test]
    fn own_fields_are_merged_and_foreign_ones_left_out() {
        let header = "Authentication-Results: MX.example.org (a; b) 1;\r\n\tspf=pass;\r\n\
                      Authentication-Results: other.example; dkim=pass\r\n\
                      Authentication-Results: mx.example.org; dkim=pass (2048; bits) reason=\"a;b\"\r\n\
                      Authentication-Results: mx.example.org; none\r\n\
                      Authentication-Results: ; dmarc=pass\r\n";
        assert_eq!(
            composed(header, "mx.example.org"),
            "ARC-Authentication-Results: i=3; mx.example.org; spf=pass; dkim=pass (2048; bits) reason=\"a;b\"\r\n"
        );
        assert_eq!(composed("", "mx.example.org"), "ARC-Authentication-Results: i=3; mx.example.org; none\r\n");
    }

    #[test]
    fn given_results_are_written_with_their_host() {
        let results = Results::parse("mx.example.org; dmarc=pass header.from=example.com").unwrap();
        let field = ArcVerdicts::Given(results).compose(&[], 1).unwrap();
        assert_eq!(
            field.as_str(),
            "ARC-Authentication-Results: i=1; mx.example.org; dmarc=pass\r\n header.from=example.com\r\n"
        );
        assert!(ArcVerdicts::Given(Results::parse("dmarc=pass").unwrap()).compose(&[], 1).is_err());
    }
}

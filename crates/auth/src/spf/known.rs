//! A record that was read, with its texts for those who are told.

use std::sync::OnceLock;

use posthaste_types::{ParseError, Text};

use super::record::Record;

/// A record and how it reads: made once, however many checks meet it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) record: Record,
    /// What the DNS said, cut to what a text can hold.
    text: Text,
    directives: OnceLock<Box<[Text]>>,
}

impl Known {
    pub(super) fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let record = Record::parse(text)?;
        Ok(Self { record, text: shown(text), directives: OnceLock::new() })
    }

    pub(super) fn text(&self) -> Text {
        self.text.clone()
    }

    /// How the directive at a place reads.
    pub(super) fn directive(&self, at: usize) -> Text {
        let texts = self.directives.get_or_init(|| self.record.directives.iter().map(Text::lossy).collect());
        texts.get(at).cloned().unwrap_or_else(|| Text::lossy(""))
    }
}

/// A record as it stands in a trace.
pub(super) fn shown(text: &[u8]) -> Text {
    Text::lossy(String::from_utf8_lossy(text.get(..Text::MAX).unwrap_or(text)))
}

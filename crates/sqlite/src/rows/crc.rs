//! Checksums over the columns of a row.

/// CRC-32 over columns, so that a flipped bit that still reads as a value is noticed.
#[derive(Default)]
pub(crate) struct Crc(crc32fast::Hasher);

impl Crc {
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    pub(crate) fn maybe(mut self, text: Option<&str>) -> Self {
        self.0.update(&[u8::from(text.is_some())]);
        match text {
            Some(text) => self.text(text),
            None => self,
        }
    }

    pub(crate) fn number(mut self, number: i64) -> Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    pub(crate) fn sum(self) -> u32 {
        self.0.finalize()
    }
}

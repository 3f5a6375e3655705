//! What reading may cost.

/// The limits of reading. What passes one is left out and named in the reading's problems; only [`Limits::input`]
/// refuses the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The file or mail as it is given, in octets. Default 64 MiB.
    pub input: usize,
    /// All that is inflated of one input, in octets, whatever the archives say of themselves. Default 64 MiB.
    pub inflated: usize,
    /// How deep archives and mails stand within one another. Default 4.
    pub nesting: usize,
    /// The parts, archive entries and documents of one input that are looked at. Default 200.
    pub entries: usize,
    /// How deep XML elements or JSON values stand within one another. Default 32.
    pub depth: usize,
    /// The attributes of an XML element that are looked at. Default 64.
    pub attributes: usize,
    /// The records of a DMARC report, and the failure details of a TLS report, of one input together. Default 200,000.
    pub records: usize,
    /// Everything smaller that repeats, of one input together: authentication results, reasons, errors, policies, policy
    /// lines. Default 500,000.
    pub items: usize,
    /// One text, in octets; the rest is cut. Default 4 KiB.
    pub text: usize,
    /// The header of an original message that a failure report carries, in octets; the rest is cut. Default 64 KiB.
    pub original: usize,
    /// The problems of one document that are kept; the rest is counted. Default 100.
    pub problems: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input: 64 << 20,
            inflated: 64 << 20,
            nesting: 4,
            entries: 200,
            depth: 32,
            attributes: 64,
            records: 200_000,
            items: 500_000,
            text: 4096,
            original: 64 << 10,
            problems: 100,
        }
    }
}

/// What is left of the limits while one input is read.
#[derive(Debug)]
pub(crate) struct Budget<'l> {
    pub(crate) limits: &'l Limits,
    pub(crate) inflated: usize,
    pub(crate) entries: usize,
    records: usize,
    items: usize,
}

impl<'l> Budget<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        let Limits { inflated, entries, records, items, .. } = *limits;
        Self { limits, inflated, entries, records, items }
    }

    pub(crate) fn take_record(&mut self) -> bool {
        take(&mut self.records)
    }

    pub(crate) fn take_item(&mut self) -> bool {
        take(&mut self.items)
    }

    pub(crate) fn take_entry(&mut self) -> bool {
        take(&mut self.entries)
    }
}

fn take(left: &mut usize) -> bool {
    let more = left.checked_sub(1);
    *left = more.unwrap_or(0);
    more.is_some()
}

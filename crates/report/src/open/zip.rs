//! zip archives (APPNOTE 6.3), without belief in what they say of themselves.
//!
//! Only what reports come in: entries that are stored or deflated. Sizes are never allocated for, an archive without its
//! directory is read by its local headers, and overlapping entries cost no more than the bound on inflated octets.

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::gzip::{Inflated, drain};
use crate::problem::ProblemKind;

/// One file of an archive.
#[derive(Debug)]
pub(super) struct Entry<'x> {
    pub(super) name: &'x [u8],
    flags: u16,
    method: u16,
    crc: u32,
    /// As the archive claims; 0 where it does not know.
    compressed: u64,
    size: u64,
    /// Where the data begins.
    data: usize,
}

/// The files of an archive, at most `most`, and whether its directory is whole.
pub(super) fn entries(octets: &[u8], most: usize) -> (Vec<Entry<'_>>, bool) {
    match directory(octets).and_then(|at| listed(octets, at, most)) {
        Some(entries) => (entries, true),
        None => (scanned(octets, most), false),
    }
}

/// Where the central directory begins (§4.3.16, and §4.3.14 for zip64).
fn directory(octets: &[u8]) -> Option<usize> {
    let tail = octets.len().saturating_sub(LONGEST_END);
    let end = tail.saturating_add(rfind(octets.get(tail..)?, b"PK\x05\x06")?);
    octets.get(end.checked_add(21)?)?;
    let at = match u32_at(octets, end.checked_add(16)?)? {
        u32::MAX => {
            let locator = end.checked_sub(20)?;
            (octets.get(locator..)?.starts_with(b"PK\x06\x07")).then_some(())?;
            let end64 = usize::try_from(u64_at(octets, locator.checked_add(8)?)?).ok()?;
            usize::try_from(u64_at(octets, end64.checked_add(48)?)?).ok()?
        }
        at => usize::try_from(at).ok()?,
    };
    // An archive without entries has its end where the directory would be.
    octets.get(at..).filter(|rest| rest.starts_with(b"PK\x01\x02") || at == end).map(|_| at)
}

/// The entries of the central directory (§4.3.12); `None` if one of them leads nowhere.
fn listed(octets: &[u8], mut at: usize, most: usize) -> Option<Vec<Entry<'_>>> {
    let mut entries = Vec::new();
    while octets.get(at..)?.starts_with(b"PK\x01\x02") && entries.len() < most {
        let name = usize::from(u16_at(octets, at.checked_add(28)?)?);
        let extra = usize::from(u16_at(octets, at.checked_add(30)?)?);
        let comment = usize::from(u16_at(octets, at.checked_add(32)?)?);
        let names = at.checked_add(46)?;
        let extras = names.checked_add(name)?;
        let mut wide = Wide::of(octets.get(extras..extras.checked_add(extra)?)?);
        let size = wide.or(u32_at(octets, at.checked_add(24)?)?);
        let compressed = wide.or(u32_at(octets, at.checked_add(20)?)?);
        let header = usize::try_from(wide.or(u32_at(octets, at.checked_add(42)?)?)).ok()?;
        entries.push(Entry {
            name: octets.get(names..extras)?,
            flags: u16_at(octets, at.checked_add(8)?)?,
            method: u16_at(octets, at.checked_add(10)?)?,
            crc: u32_at(octets, at.checked_add(16)?)?,
            compressed,
            size,
            data: data_of(octets, header)?,
        });
        at = extras.checked_add(extra)?.checked_add(comment)?;
    }
    entries.retain(|entry| entry.is_file());
    Some(entries)
}

/// The entries of an archive without a directory, by their local headers (§4.3.7).
fn scanned(octets: &[u8], most: usize) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let mut at = 0;
    while entries.len() < most
        && let Some(next) = octets.get(at..).and_then(|rest| find(rest, b"PK\x03\x04"))
    {
        let header = at.saturating_add(next);
        at = header.saturating_add(4);
        let Some(entry) = local(octets, header) else { continue };
        at = entry.data.saturating_add(usize::try_from(entry.compressed).unwrap_or(0)).max(at);
        entries.extend(Some(entry).filter(Entry::is_file));
    }
    entries
}

fn local(octets: &[u8], header: usize) -> Option<Entry<'_>> {
    let name = usize::from(u16_at(octets, header.checked_add(26)?)?);
    let names = header.checked_add(30)?;
    let known = |value: u32| if value == u32::MAX { 0 } else { u64::from(value) };
    Some(Entry {
        name: octets.get(names..names.checked_add(name)?)?,
        flags: u16_at(octets, header.checked_add(6)?)?,
        method: u16_at(octets, header.checked_add(8)?)?,
        crc: u32_at(octets, header.checked_add(14)?)?,
        compressed: known(u32_at(octets, header.checked_add(18)?)?),
        size: known(u32_at(octets, header.checked_add(22)?)?),
        data: data_of(octets, header)?,
    })
}

/// Where the data of the entry with this local header begins.
fn data_of(octets: &[u8], header: usize) -> Option<usize> {
    octets.get(header..)?.starts_with(b"PK\x03\x04").then_some(())?;
    let name = usize::from(u16_at(octets, header.checked_add(26)?)?);
    let extra = usize::from(u16_at(octets, header.checked_add(28)?)?);
    header.checked_add(30)?.checked_add(name)?.checked_add(extra).filter(|data| *data <= octets.len())
}

impl Entry<'_> {
    /// Neither a folder nor what one system puts beside the files.
    fn is_file(&self) -> bool {
        !self.name.ends_with(b"/") && !self.name.starts_with(b"__MACOSX/")
    }

    /// Inflates at most `most` octets, and compares what the archive says of them.
    pub(super) fn inflate(&self, octets: &[u8], most: usize) -> Inflated {
        let mut data = octets.get(self.data..).unwrap_or_default();
        if self.compressed > 0 {
            let claimed = usize::try_from(self.compressed).unwrap_or(usize::MAX);
            data = data.get(..claimed).unwrap_or(data);
        }
        let usual = usize::try_from(self.size).unwrap_or(0).min(data.len().saturating_mul(40));
        let (out, problem) = match (self.flags & ENCRYPTED, self.method) {
            (0, STORED) => drain(&mut data, most, usual),
            (0, DEFLATED) => drain(&mut DeflateDecoder::new(data), most, usual),
            _ => (Vec::new(), Some(ProblemKind::Unsupported)),
        };
        let problem = problem.or_else(|| self.is_other(&out).then_some(ProblemKind::Damaged));
        Inflated { octets: out, problem, at: self.data }
    }

    /// Whether the octets are not those that the archive was made of.
    fn is_other(&self, out: &[u8]) -> bool {
        // Both stand behind the data, where a local header is all there is.
        if self.flags & DESCRIBED_BEHIND != 0 && self.crc == 0 && self.size == 0 {
            return false;
        }
        let mut crc = Crc::new();
        crc.update(out);
        crc.sum() != self.crc || u64::try_from(out.len()) != Ok(self.size)
    }
}

/// The values of a zip64 extra field (§4.5.3), in their order.
struct Wide<'x>(&'x [u8]);

impl<'x> Wide<'x> {
    fn of(mut extra: &'x [u8]) -> Self {
        while let (Some(id), Some(size)) = (u16_at(extra, 0), u16_at(extra, 2)) {
            let Some((field, rest)) = extra.get(4..).and_then(|rest| rest.split_at_checked(size.into())) else { break };
            if id == 1 {
                return Self(field);
            }
            extra = rest;
        }
        Self(&[])
    }

    /// The value, or the next one of this field where the narrow place is full.
    fn or(&mut self, narrow: u32) -> u64 {
        if narrow != u32::MAX {
            return narrow.into();
        }
        let value = u64_at(self.0, 0).unwrap_or(u64::MAX);
        self.0 = self.0.get(8..).unwrap_or_default();
        value
    }
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|value| u16::from_le_bytes(*value))
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|value| u32::from_le_bytes(*value))
}

fn u64_at(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..)?.first_chunk().map(|value| u64::from_le_bytes(*value))
}

fn find(octets: &[u8], mark: &[u8; 4]) -> Option<usize> {
    octets.windows(4).position(|window| window == mark)
}

fn rfind(octets: &[u8], mark: &[u8; 4]) -> Option<usize> {
    octets.windows(4).rposition(|window| window == mark)
}

const ENCRYPTED: u16 = 1;
const DESCRIBED_BEHIND: u16 = 8;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// The end of the directory with its longest comment.
const LONGEST_END: usize = 22 + 65_535;

//! JSON documents with a bound on their size. serde_json bounds the depth: 128.

use serde_json::Value;

/// Why a document is no JSON, and the line and column of it.
pub(crate) enum Fault {
    TooLong { limit: usize },
    Syntax { line: usize, column: usize },
}

pub(crate) fn parse(octets: &[u8], limit: usize) -> Result<Value, Fault> {
    if octets.len() > limit {
        return Err(Fault::TooLong { limit });
    }
    let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    serde_json::from_slice(octets).map_err(|error| Fault::Syntax { line: error.line(), column: error.column() })
}

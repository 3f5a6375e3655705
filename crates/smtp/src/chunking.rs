//! Content as one chunk (RFC 3030), whose octets are counted.

use crate::payload::Payload;

/// Writes content as it is into bounded buffers: all but its last octet, without which the peer has no chunk.
#[derive(Debug)]
pub(crate) struct ChunkWriter {
    payload: Payload,
    segment: usize,
    offset: usize,
    left: usize,
}

impl ChunkWriter {
    pub(crate) fn new(payload: Payload) -> Self {
        let left = payload.len().saturating_sub(1);
        Self { payload, segment: 0, offset: 0, left }
    }

    /// Appends up to `room` octets.
    pub(crate) fn fill(&mut self, out: &mut Vec<u8>, room: usize) -> usize {
        let before = out.len();
        while !self.is_done() && out.len() - before < room {
            let Some(chunk) = self.payload.chunk(self.segment) else { break };
            let rest = chunk.get(self.offset..).unwrap_or_default();
            let run = rest.get(..room.saturating_sub(out.len() - before).min(self.left)).unwrap_or(rest);
            out.extend_from_slice(run);
            self.left = self.left.saturating_sub(run.len());
            self.offset += run.len();
            if self.offset == chunk.len() {
                (self.segment, self.offset) = (self.segment + 1, 0);
            }
        }
        out.len() - before
    }

    /// Whether all but the last octet is written.
    pub(crate) fn is_done(&self) -> bool {
        self.left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use posthaste_types::{Content, HeaderField};

    #[test]
    fn every_room() {
        let body = Content::from_canonical(b".dot\r\n\r\n.\r\n".to_vec()).unwrap();
        let content = body.with_headers(&[HeaderField::parse("X: y\r\n").unwrap()]);
        for room in 1..20 {
            let (mut writer, mut out) = (ChunkWriter::new(Payload::Lines(content.clone())), Vec::new());
            while !writer.is_done() {
                let written = writer.fill(&mut out, room);
                assert!((1..=room).contains(&written));
            }
            assert_eq!(writer.fill(&mut out, room), 0);
            out.push(Payload::Lines(content.clone()).last());
            assert_eq!(out, content.to_vec());
        }
    }
}

//! The walk over the XML of an aggregate report.

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::place::Place;
use super::state::State;
use super::{Aggregate, Schema};
use crate::limits::Budget;
use crate::problem::{ProblemKind, Problems};

/// Whether a text is worth reading as an aggregate report.
pub(crate) fn looks_like_report(text: &str) -> bool {
    let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or(text);
    head.contains("<feedback")
        || head.contains(":feedback")
        || head.contains("<record>")
        || head.contains("<report_metadata")
}

/// Reads the text of a document; `None` if nothing of a report is in it.
pub(crate) fn read_document(text: &str, budget: &mut Budget<'_>) -> (Option<Aggregate>, Problems) {
    let mut walk = Walk { text, base: 0, stack: Vec::new(), root: None, state: State::new(budget) };
    let mut restarts = 0;
    loop {
        match walk.run() {
            Stop::End => break,
            Stop::Tag(at) => walk.base = at,
            // What stands behind is read from the next record on.
            Stop::Syntax(at) => match text.get(at..).and_then(|rest| rest.find("<record")) {
                Some(next) if restarts < MOST_RESTARTS => {
                    restarts += 1;
                    walk.restart(at.saturating_add(next));
                }
                _ => break,
            },
        }
    }
    walk.end()
}

/// Why the reader stopped.
enum Stop {
    End,
    /// The grammar is violated before this place, and the reader cannot tell what follows.
    Syntax(usize),
    /// A tag that was never closed swallowed the one that begins here.
    Tag(usize),
}

struct Walk<'x, 'b, 'l> {
    text: &'x str,
    /// Where the present reader began.
    base: usize,
    /// The open elements.
    stack: Vec<(&'x str, Place)>,
    /// The prefix of the root element, if there was a root: elements with another one are extensions.
    root: Option<Option<&'x str>>,
    state: State<'b, 'l>,
}

impl<'x> Walk<'x, '_, '_> {
    /// Reads to the end, or to a place from which the reader cannot go on.
    fn run(&mut self) -> Stop {
        let text = self.text;
        let mut reader = Reader::from_str(text.get(self.base..).unwrap_or_default());
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        let mut at = self.base;
        loop {
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => return self.fault(&error, usize::try_from(reader.error_position()).unwrap_or(0), at),
            };
            match event {
                Event::Start(tag) | Event::Empty(tag) if tag.contains('<') => {
                    self.state.note(ProblemKind::Syntax, "xml", at);
                    let inner = tag.rfind('<').unwrap_or(0);
                    return Stop::Tag(at.saturating_add(1).saturating_add(inner));
                }
                Event::Start(tag) => self.start(&tag, at),
                Event::Empty(tag) => {
                    self.start(&tag, at);
                    self.pop(at);
                }
                Event::End(tag) => self.close(tag.name().into_inner(), at),
                Event::Text(words) => self.state.text(&words, at),
                Event::CData(words) => self.state.text(&words, at),
                Event::GeneralRef(name) => self.reference(&name, at),
                Event::DocType(_) => self.state.note_once(ProblemKind::Doctype, "xml", at),
                Event::Eof => return Stop::End,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
            at = self.base.saturating_add(usize::try_from(reader.buffer_position()).unwrap_or(0));
        }
    }

    fn fault(&mut self, error: &quick_xml::Error, found: usize, at: usize) -> Stop {
        let found = self.base.saturating_add(found).max(at);
        let rest = self.text.get(at..).unwrap_or_default();
        // An unclosed tag at the end of what there is: the document was cut.
        let kind = match error {
            _ if !rest.contains('>') => ProblemKind::Truncated,
            quick_xml::Error::IllFormed(_) => ProblemKind::Mismatched,
            _ => ProblemKind::Syntax,
        };
        self.state.note(kind, "xml", found);
        Stop::Syntax(self.text.ceil_char_boundary(found.saturating_add(1)))
    }

    /// Closes what is open but the root, and goes on at a record.
    fn restart(&mut self, at: usize) {
        while self.stack.len() > 1 {
            self.pop(at);
        }
        self.base = at;
    }

    fn start(&mut self, tag: &BytesStart<'_>, at: usize) {
        let length = tag.name().into_inner().len();
        let begin = at.saturating_add(1);
        let name = self.text.get(begin..begin.saturating_add(length)).unwrap_or_default();
        let (prefix, local) = name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local));
        let mut place = match self.root {
            Some(root) if prefix.is_some() && prefix != root => Place::Unknown,
            _ => self.place_of(local, at),
        };
        let depth = self.state.limits().depth;
        if self.stack.len() >= depth {
            self.state.note_once(ProblemKind::Depth, "xml", at);
            place = Place::Unknown;
        }
        if place == Place::Feedback {
            self.root = Some(prefix);
            self.attributes(tag, at);
        }
        // Depth beyond the limit is not remembered: end tags find their element by name, or close nothing.
        if self.stack.len() < depth.saturating_mul(2) {
            self.stack.push((name, place));
            self.state.open(place, at);
        }
    }

    /// What an element of this name is here. If it cannot stand here but in an element around this one, then an end tag is
    /// missing.
    fn place_of(&mut self, name: &str, at: usize) -> Place {
        let here = self.stack.last().map_or(Place::Outside, |(_, place)| *place);
        let place = here.child(name);
        if here == Place::Unknown && name == "record" {
            return self.record_within_unknown(at);
        }
        if place != Place::Unknown || matches!(here, Place::Unknown | Place::Outside) {
            return place;
        }
        let beside = matches!(here, Place::Leaf(_));
        let around = self.stack.iter().enumerate().rev().skip(1);
        let mut fitting = around.map(|(index, (_, around))| (index, around.child(name)));
        let nearest = self.stack.len().saturating_sub(2);
        let found = fitting.find(|(index, place)| match place {
            Place::Unknown | Place::Feedback => false,
            Place::Leaf(_) => beside && *index == nearest,
            _ => true,
        });
        let Some((index, place)) = found else { return Place::Unknown };
        self.state.note(ProblemKind::Mismatched, "xml", at);
        while self.stack.len() > index.saturating_add(1) {
            self.pop(at);
        }
        place
    }

    /// What an extension brings has a prefix, so that an element which is not known and not closed costs no records.
    fn record_within_unknown(&mut self, at: usize) -> Place {
        let Some(index) = self.stack.iter().rposition(|(_, place)| *place == Place::Feedback) else {
            return Place::Unknown;
        };
        self.state.note(ProblemKind::Mismatched, "xml", at);
        while self.stack.len() > index.saturating_add(1) {
            self.pop(at);
        }
        Place::Record
    }

    /// The end tag of an element: it closes what is open within it as well.
    fn close(&mut self, name: &str, at: usize) {
        let name = name.trim_end();
        match self.stack.iter().rposition(|(open, _)| *open == name) {
            Some(index) => {
                if index.saturating_add(1) != self.stack.len() {
                    self.state.note(ProblemKind::Mismatched, "xml", at);
                }
                while self.stack.len() > index {
                    self.pop(at);
                }
            }
            None => self.state.note(ProblemKind::Mismatched, "xml", at),
        }
    }

    fn pop(&mut self, at: usize) {
        if let Some((_, place)) = self.stack.pop() {
            self.state.close(place, at);
        }
    }

    fn reference(&mut self, name: &quick_xml::events::BytesRef<'_>, at: usize) {
        let known = match name.resolve_char_ref() {
            Ok(Some(c)) => Some(c),
            Ok(None) => predefined(name),
            Err(_) => None,
        };
        match known {
            Some(c) => self.state.text(c.encode_utf8(&mut [0; 4]), at),
            None => self.state.note_once(ProblemKind::Entity, "xml", at),
        }
    }

    fn attributes(&mut self, tag: &BytesStart<'_>, at: usize) {
        let mut attributes = tag.attributes();
        // The check for duplicates compares each with each.
        attributes.with_checks(false);
        let most = self.state.limits().attributes;
        for (index, attribute) in attributes.enumerate() {
            if index >= most {
                self.state.note_once(ProblemKind::Attributes, "feedback", at);
                return;
            }
            let Ok(attribute) = attribute else { return };
            let value: &str = &attribute.value;
            if attribute.key.into_inner().starts_with("xmlns") && value.trim() == NAMESPACE {
                self.state.report.schema = Schema::Rfc9990;
            }
        }
    }

    fn end(mut self) -> (Option<Aggregate>, Problems) {
        let at = self.text.len();
        if !self.stack.is_empty() {
            self.state.note_once(ProblemKind::Truncated, "xml", at);
        }
        while !self.stack.is_empty() {
            self.pop(at);
        }
        self.state.end(at)
    }
}

/// The entities that XML knows by itself (XML 1.0 §4.6).
fn predefined(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "apos" => Some('\''),
        "gt" => Some('>'),
        "lt" => Some('<'),
        "quot" => Some('"'),
        _ => None,
    }
}

/// RFC 9990.
pub(super) const NAMESPACE: &str = "urn:ietf:params:xml:ns:dmarc-2.0";

/// How much of a text is looked at to see what it is.
const HEAD: usize = 8 << 10;

/// How often reading begins again behind a fault: each time may look at all that follows.
const MOST_RESTARTS: usize = 100;

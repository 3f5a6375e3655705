//! What lies between the client's content and the handler that takes it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use posthaste_smtp::Abort;

use crate::limits::Reserved;

/// Pieces that the handler has not taken yet: few, for the client is not read while there is no room.
#[derive(Debug, Default)]
pub(crate) struct Pipe(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<Vec<u8>>,
    octets: usize,
    /// How many pieces were taken, or thrown away.
    taken: u64,
    end: End,
    reader: Reader,
    waker: Option<Waker>,
    reserved: Option<Reserved>,
}

#[derive(Clone, Copy, Debug, Default)]
enum End {
    #[default]
    Open,
    Whole,
    Aborted(Abort),
}

/// How far the handler is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reader {
    #[default]
    Reading,
    /// It knows that it has the whole.
    SawWhole,
    /// It wants no more.
    Gone,
}

impl Pipe {
    /// Puts a piece in; whoever reads is polled by the caller, unless it waits with a waker of its own.
    pub(crate) fn push(&self, piece: Vec<u8>) {
        let mut state = self.state();
        if state.reader == Reader::Reading {
            state.octets = state.octets.saturating_add(piece.len());
            state.pieces.push_back(piece);
            state.wake();
        }
    }

    /// Nothing more comes: it is the whole, or will never be.
    pub(crate) fn end(&self, aborted: Option<Abort>) {
        let mut state = self.state();
        state.end = aborted.map_or(End::Whole, End::Aborted);
        if aborted.is_some() {
            state.pieces.clear();
        }
        state.wake();
    }

    /// Whether more of the client's octets may be read.
    pub(crate) fn has_room(&self) -> bool {
        let state = self.state();
        state.octets < ROOM || state.reader != Reader::Reading
    }

    /// Changes whenever the reader has taken something.
    pub(crate) fn taken(&self) -> u64 {
        self.state().taken
    }

    /// Whether the reader was told of the end of the whole content.
    pub(crate) fn was_read_whole(&self) -> bool {
        self.state().reader == Reader::SawWhole
    }

    /// The next piece, none at the end.
    pub(crate) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Abort>> {
        let mut state = self.state();
        if let Some(piece) = state.pieces.pop_front() {
            state.octets = state.octets.saturating_sub(piece.len());
            state.taken = state.taken.wrapping_add(1);
            return Poll::Ready(Ok(Some(piece)));
        }
        match state.end {
            End::Aborted(why) => Poll::Ready(Err(why)),
            End::Whole => {
                state.reader = Reader::SawWhole;
                Poll::Ready(Ok(None))
            }
            End::Open => {
                match &mut state.waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    none => *none = Some(context.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// The reader is dropped.
    pub(crate) fn leave(&self) {
        let mut state = self.state();
        if state.reader == Reader::Reading {
            state.reader = Reader::Gone;
        }
        (state.octets, state.pieces, state.taken) = (0, VecDeque::new(), state.taken.wrapping_add(1));
    }

    /// Keeps memory counted as long as the transaction lasts.
    pub(crate) fn keep(&self, reserved: Reserved) {
        self.state().reserved = Some(reserved);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Below so many octets that wait for the handler, the client is read.
const ROOM: usize = 65_536;

//! The web of a test.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use posthaste_types::Tick;

use crate::error::{FetchError, FetchErrorKind};
use crate::port::Fetch;
use crate::request::Request;
use crate::response::Response;
use crate::url::Url;

/// The whole web of a test, in memory: a [`Fetch`] that knows these URLs and no others.
///
/// A handle: clones share what is there, which may change at any time. What was not put in is
/// [`FetchErrorKind::Unreachable`]. It has no clock: a request that is to time out does so at once.
#[derive(Clone, Default)]
pub struct MemoryFetch(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    pages: HashMap<Url, Page>,
    requests: Vec<Request>,
}

enum Page {
    Answer(Response),
    Echo,
    Fault(FetchErrorKind),
}

impl MemoryFetch {
    /// A web without any page.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on requests to this URL get this response.
    pub fn answer(&self, url: &Url, response: Response) {
        self.state().pages.insert(url.clone(), Page::Answer(response));
    }

    /// From now on requests to this URL get their own body back, with status 200.
    pub fn echo(&self, url: &Url) {
        self.state().pages.insert(url.clone(), Page::Echo);
    }

    /// From now on requests to this URL fail so.
    pub fn fail(&self, url: &Url, fault: FetchErrorKind) {
        self.state().pages.insert(url.clone(), Page::Fault(fault));
    }

    /// The requests that came, oldest first; only the first [`MAX_KEPT`](Self::MAX_KEPT) are kept.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// How many requests are kept.
    pub const MAX_KEPT: usize = 10_000;

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Fetch for MemoryFetch {
    async fn fetch(&self, request: &Request, _by: Tick) -> Result<Response, FetchError> {
        let mut state = self.state();
        if state.requests.len() < Self::MAX_KEPT {
            state.requests.push(request.clone());
        }
        let response = match state.pages.get(request.url()) {
            None => return Err(FetchErrorKind::Unreachable.into()),
            Some(Page::Fault(fault)) => return Err((*fault).into()),
            Some(Page::Answer(response)) => response.clone(),
            Some(Page::Echo) => Response::new(200).with_body(request.body().to_vec()),
        };
        if response.body().len() > request.max_body() {
            return Err(FetchErrorKind::TooLarge.into());
        }
        Ok(response)
    }
}

impl fmt::Debug for MemoryFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MemoryFetch")
            .field("pages", &state.pages.len())
            .field("requests", &state.requests.len())
            .finish()
    }
}

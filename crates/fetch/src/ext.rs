//! Comfort on top of the port.

use async_trait::async_trait;
use posthaste_types::Tick;

use crate::error::{FetchError, FetchErrorKind};
use crate::port::Fetch;
use crate::request::{Method, Request};
use crate::response::Response;
use crate::url::Scheme;

/// Comfort on top of [`Fetch`]; every implementation has it.
#[async_trait]
pub trait FetchExt: Fetch {
    /// Makes a GET request and follows up to `redirects` redirects, never from `https` to `http`, and never with header
    /// fields to another host or port.
    ///
    /// # Errors
    /// [`FetchError`] if there is no whole response; [`FetchErrorKind::Forbidden`] for a redirect too many, or into the
    /// clear, or for a request that is not GET.
    async fn follow(&self, request: &Request, redirects: usize, by: Tick) -> Result<Response, FetchError> {
        let forbidden = |why: &'static str| FetchError::new(FetchErrorKind::Forbidden, why);
        if request.method() != Method::Get {
            return Err(forbidden("only GET follows redirects"));
        }
        let mut request = request.clone();
        for _ in 0..=redirects {
            let response = self.fetch(&request, by).await?;
            let Some(next) = response.redirect(request.url()) else { return Ok(response) };
            if request.url().scheme() == Scheme::Https && next.scheme() != Scheme::Https {
                return Err(forbidden("a redirect from https to http"));
            }
            let same = request.url().authority() == next.authority() && request.url().scheme() == next.scheme();
            request = if same { request.to(next) } else { Request::get(next).with_max_body(request.max_body()) };
        }
        Err(forbidden("too many redirects"))
    }
}

impl<F: Fetch + ?Sized> FetchExt for F {}

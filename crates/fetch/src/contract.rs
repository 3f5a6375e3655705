//! The contract suite: what every [`Fetch`] must hold, as code that anybody's implementation can run.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_types::{Clock, Tick};

use crate::error::FetchErrorKind;
use crate::port::Fetch;
use crate::request::Request;
use crate::url::Url;

/// What the suite must know of an implementation, and of the web that it sees.
#[async_trait]
pub trait FetchFixture: Send + Sync {
    /// The implementation, always the same one.
    fn fetch(&self) -> Arc<dyn Fetch>;

    /// Where a page stands; `None` if there can be none, which is printed as skipped.
    fn url(&self, page: Page) -> Option<Url>;

    /// The clock by which the implementation keeps deadlines.
    fn clock(&self) -> Arc<dyn Clock>;

    /// Makes so much time pass on that clock.
    async fn advance(&self, by: Duration);
}

/// The pages that the suite asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Page {
    /// Nobody listens there.
    Closed,
    /// A body of more than 1 MiB, of whatever form.
    Endless,
    /// Status 200, and the body of the request.
    Echo,
    /// An address that the settings forbid.
    Forbidden,
    /// Status 200, `Content-Type: text/plain; charset=utf-8`, and the body `hello`.
    Hello,
    /// Status 404.
    Missing,
    /// Status 302, `Location:` that of [`Hello`](Self::Hello).
    Moved,
    /// Takes the request and never answers.
    Silent,
    /// A certificate that is not valid.
    Untrusted,
}

/// Checks every clause of the contract of [`Fetch`].
///
/// # Panics
/// At the first clause that does not hold, naming it.
pub async fn check<F: FetchFixture + ?Sized>(fixture: &F) {
    every_status_is_a_response(fixture).await;
    a_body_is_handed_in(fixture).await;
    redirects_are_not_followed(fixture).await;
    the_body_is_bounded(fixture).await;
    errors_have_their_kinds(fixture).await;
    silence_ends_at_the_deadline(fixture).await;
}

async fn every_status_is_a_response<F: FetchFixture + ?Sized>(fixture: &F) {
    if let Some(url) = url(fixture, Page::Hello) {
        let response = fixture.fetch().fetch(&Request::get(url), soon(fixture)).await;
        let response = response.unwrap_or_else(|error| panic!("the page is there: {error}"));
        assert_eq!((response.status(), response.body()), (200, b"hello".as_slice()));
        assert_eq!(response.header("CONTENT-type"), Some("text/plain; charset=utf-8"), "names have no case");
        assert_eq!(response.media_type(), Some("text/plain"));
    }
    if let Some(url) = url(fixture, Page::Missing) {
        let response = fixture.fetch().fetch(&Request::get(url), soon(fixture)).await;
        assert_eq!(response.map(|response| response.status()).ok(), Some(404), "404 is a response");
    }
}

async fn a_body_is_handed_in<F: FetchFixture + ?Sized>(fixture: &F) {
    let Some(url) = url(fixture, Page::Echo) else { return };
    let body = b"line\r\n\0\xff".repeat(1000);
    let response = fixture.fetch().fetch(&Request::post(url, body.clone()), soon(fixture)).await;
    assert!(response.is_ok_and(|response| response.body() == body), "the body comes as it was given");
}

async fn redirects_are_not_followed<F: FetchFixture + ?Sized>(fixture: &F) {
    let (Some(moved), Some(hello)) = (url(fixture, Page::Moved), url(fixture, Page::Hello)) else { return };
    let response = fixture.fetch().fetch(&Request::get(moved.clone()), soon(fixture)).await;
    let response = response.unwrap_or_else(|error| panic!("a redirect is a response: {error}"));
    assert_eq!(response.status(), 302, "a redirect is not followed");
    assert_eq!(response.redirect(&moved), Some(hello));
}

async fn the_body_is_bounded<F: FetchFixture + ?Sized>(fixture: &F) {
    if let Some(url) = url(fixture, Page::Hello) {
        let (exact, less) = (Request::get(url.clone()).with_max_body(5), Request::get(url).with_max_body(4));
        assert!(fixture.fetch().fetch(&exact, soon(fixture)).await.is_ok(), "exactly the limit is allowed");
        assert_eq!(kind(fixture, &less).await, Some(FetchErrorKind::TooLarge), "one more is not");
    }
    if let Some(url) = url(fixture, Page::Endless) {
        assert_eq!(kind(fixture, &Request::get(url)).await, Some(FetchErrorKind::TooLarge));
    }
}

async fn errors_have_their_kinds<F: FetchFixture + ?Sized>(fixture: &F) {
    let table = [
        (Page::Closed, FetchErrorKind::Unreachable),
        (Page::Forbidden, FetchErrorKind::Forbidden),
        (Page::Untrusted, FetchErrorKind::Tls),
    ];
    for (page, expected) in table {
        if let Some(url) = url(fixture, page) {
            assert_eq!(kind(fixture, &Request::get(url)).await, Some(expected), "{page:?}");
        }
    }
}

async fn silence_ends_at_the_deadline<F: FetchFixture + ?Sized>(fixture: &F) {
    let Some(url) = url(fixture, Page::Silent) else { return };
    let (fetch, request) = (fixture.fetch(), Request::get(url));
    let mut waiting = pin!(fetch.fetch(&request, soon(fixture)));
    let early = poll_once(waiting.as_mut()).await;
    fixture.advance(SOON).await;
    let result = match early {
        Some(result) => result,
        None => waiting.await,
    };
    assert_eq!(result.map_err(|error| error.kind()), Err(FetchErrorKind::Timeout), "the deadline is kept");
    let late = fetch.fetch(&request, fixture.clock().tick()).await;
    assert_eq!(late.map_err(|error| error.kind()), Err(FetchErrorKind::Timeout), "no time is left");
}

async fn kind<F: FetchFixture + ?Sized>(fixture: &F, request: &Request) -> Option<FetchErrorKind> {
    fixture.fetch().fetch(request, soon(fixture)).await.err().map(|error| error.kind())
}

fn soon<F: FetchFixture + ?Sized>(fixture: &F) -> Tick {
    fixture.clock().tick().saturating_add(SOON)
}

fn url<F: FetchFixture + ?Sized>(fixture: &F, page: Page) -> Option<Url> {
    let url = fixture.url(page);
    if url.is_none() {
        println!("skipped: {page:?}");
    }
    url
}

async fn poll_once<T: Future>(mut future: Pin<&mut T>) -> Option<T::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

const SOON: Duration = Duration::from_secs(30);

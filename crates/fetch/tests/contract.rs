//! The fake holds the contract.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use posthaste_fetch::contract::{self, FetchFixture, Page};
use posthaste_fetch::{Fetch, FetchErrorKind, FetchExt, MemoryFetch, Request, Response, Url};
use posthaste_types::{Clock, Tick, Timestamp};

#[derive(Debug)]
struct StandingClock;

impl Clock for StandingClock {
    fn wall(&self) -> Timestamp {
        Timestamp::default()
    }
    fn tick(&self) -> Tick {
        Tick::from_start(Duration::ZERO)
    }
    fn sleep_until(&self, _: Tick) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

struct Fixture(MemoryFetch);

fn at(page: Page) -> Url {
    Url::parse(&format!("https://web.example/{page:?}")).unwrap()
}

#[async_trait]
impl FetchFixture for Fixture {
    fn fetch(&self) -> Arc<dyn Fetch> {
        Arc::new(self.0.clone())
    }
    fn url(&self, page: Page) -> Option<Url> {
        Some(at(page))
    }
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(StandingClock)
    }
    async fn advance(&self, _by: Duration) {}
}

fn web() -> MemoryFetch {
    let web = MemoryFetch::new();
    let hello = Response::new(200).with_header("content-type", b"text/plain; charset=utf-8");
    web.answer(&at(Page::Hello), hello.with_body(b"hello".to_vec()));
    web.answer(&at(Page::Missing), Response::new(404));
    web.answer(&at(Page::Moved), Response::new(302).with_header("location", b"/Hello"));
    web.answer(&at(Page::Endless), Response::new(200).with_body(vec![0; 2 << 20]));
    web.echo(&at(Page::Echo));
    web.fail(&at(Page::Silent), FetchErrorKind::Timeout);
    web.fail(&at(Page::Forbidden), FetchErrorKind::Forbidden);
    web.fail(&at(Page::Untrusted), FetchErrorKind::Tls);
    web
}

#[tokio::test]
async fn memory() {
    let web = web();
    contract::check(&Fixture(web.clone())).await;
    assert!(web.requests().iter().any(|request| request.url() == &at(Page::Echo)));
}

#[tokio::test]
async fn redirects_where_they_are_wanted() {
    let (web, by) = (web(), StandingClock.tick());
    let get = |page| Request::get(at(page)).with_header("authorization", "secret").unwrap();
    assert_eq!(web.follow(&get(Page::Moved), 1, by).await.unwrap().body(), b"hello");
    let kind = async |request: &Request, redirects| web.follow(request, redirects, by).await.unwrap_err().kind();
    assert_eq!(kind(&get(Page::Moved), 0).await, FetchErrorKind::Forbidden);
    assert_eq!(kind(&Request::post(at(Page::Echo), "x"), 1).await, FetchErrorKind::Forbidden);

    let moved = |to: &str| Response::new(301).with_header("Location", to.as_bytes());
    web.answer(&at(Page::Moved), moved("http://web.example/Hello"));
    assert_eq!(kind(&get(Page::Moved), 5).await, FetchErrorKind::Forbidden, "into the clear");
    let other = Url::parse("https://other.example/").unwrap();
    web.answer(&other, Response::new(204));
    web.answer(&at(Page::Moved), moved("https://other.example"));
    assert_eq!(web.follow(&get(Page::Moved), 5, by).await.unwrap().status(), 204);
    assert_eq!(web.requests().last().unwrap().headers().count(), 0, "secrets stay with their host");
}

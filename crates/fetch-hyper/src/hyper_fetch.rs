//! The adapter.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use async_trait::async_trait;
use posthaste_dns::Resolve;
use posthaste_fetch::{Fetch, FetchError, FetchErrorKind, Request, Response, Scheme};
use posthaste_types::{Clock, Tick};
use rustls::ClientConfig;

use crate::config::{FetchConfig, PlainHttp};
use crate::connect;
use crate::exchange;

/// Makes each request on a connection of its own.
pub struct HyperFetch {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: FetchConfig,
    tls: OnceLock<Result<Arc<ClientConfig>, rustls::Error>>,
}

impl HyperFetch {
    /// Asks `resolver` for addresses; `clock` is the one that it keeps deadlines by, too.
    pub fn new(resolver: Arc<dyn Resolve>, clock: Arc<dyn Clock>, config: FetchConfig) -> Self {
        Self { resolver, clock, config, tls: OnceLock::new() }
    }

    /// What `work` gives, unless `by` comes first.
    pub(crate) async fn within<T>(
        &self,
        by: Tick,
        work: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        let (mut work, mut late) = (pin!(work), pin!(self.clock.sleep_until(by)));
        poll_fn(|context| {
            if let Poll::Ready(result) = work.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            late.as_mut().poll(context).map(|()| Err(FetchErrorKind::Timeout.into()))
        })
        .await
    }

    pub(crate) fn tls(&self) -> Result<Arc<ClientConfig>, FetchError> {
        let made = self.tls.get_or_init(|| self.config.roots.client_config().map(Arc::new));
        made.clone().map_err(|error| FetchError::new(FetchErrorKind::Tls, error))
    }
}

#[async_trait]
impl Fetch for HyperFetch {
    async fn fetch(&self, request: &Request, by: Tick) -> Result<Response, FetchError> {
        if request.url().scheme() != Scheme::Https && self.config.plain_http == PlainHttp::Refuse {
            return Err(FetchError::new(FetchErrorKind::Forbidden, "only https is allowed"));
        }
        if self.clock.tick() >= by {
            return Err(FetchErrorKind::Timeout.into());
        }
        self.within(by, async {
            let stream = connect::dial(self, request.url(), by).await?;
            match request.url().scheme() {
                Scheme::Https => exchange::exchange(connect::secure(self, request.url(), stream).await?, request).await,
                _ => exchange::exchange(stream, request).await,
            }
        })
        .await
    }
}

impl fmt::Debug for HyperFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperFetch").field("config", &self.config).finish_non_exhaustive()
    }
}

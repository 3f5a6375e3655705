//! The port.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use posthaste_types::Tick;

use crate::error::FetchError;
use crate::request::Request;
use crate::response::Response;

/// Makes one HTTP request.
///
/// # Contract
/// * Every status is a response (`Ok`), 404 and 500 too; `Err` means that there is no whole response.
/// * A redirect is a response like others, and is not followed: [`FetchExt`](crate::FetchExt) can.
/// * A body of more than [`Request::max_body`] octets is [`FetchErrorKind::TooLarge`](crate::FetchErrorKind::TooLarge),
///   and no more of it is held in memory; a body of exactly so many is not.
/// * The response or the error comes by `by`, a moment of the clock that the implementation holds; too late is
///   [`FetchErrorKind::Timeout`](crate::FetchErrorKind::Timeout).
/// * `https` means a certificate that is valid for the host. `http`, and addresses that are not of the public Internet,
///   are [`FetchErrorKind::Forbidden`](crate::FetchErrorKind::Forbidden) unless the user allowed them; the address that
///   is dialled is the one that was checked.
/// * Any number of requests may be under way at once. Dropping the future cuts the connection.
///
/// [`contract::check`](crate::contract::check) holds an implementation to this.
#[async_trait]
pub trait Fetch: fmt::Debug + Send + Sync {
    /// Makes a request.
    ///
    /// Cancel safe in the sense that nothing of ours is left behind; the server may have got the request.
    ///
    /// # Errors
    /// [`FetchError`] if there is no whole response.
    async fn fetch(&self, request: &Request, by: Tick) -> Result<Response, FetchError>;
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<F: Fetch + ?Sized> Fetch for Arc<F> {
    async fn fetch(&self, request: &Request, by: Tick) -> Result<Response, FetchError> {
        (**self).fetch(request, by).await
    }
}

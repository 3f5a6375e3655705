//! One request and its response, over an open connection.

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper_util::rt::TokioIo;
use posthaste_fetch::{FetchError, FetchErrorKind, Method, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

pub(crate) async fn exchange<S>(stream: S, request: &Request) -> Result<Response, FetchError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handshake = http1::Builder::new().max_buf_size(MAX_HEADER).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(fault)?;
    // Dropped with this future: then the connection is cut.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(message(request)?).await.map_err(fault)?;
    let (head, body) = response.into_parts();
    let mut whole = Response::new(head.status.as_u16());
    for (name, value) in &head.headers {
        whole = whole.with_header(name.as_str(), value.as_bytes());
    }
    Ok(whole.with_body(read(body, request.max_body()).await?))
}

fn message(request: &Request) -> Result<hyper::Request<Full<Bytes>>, FetchError> {
    let bad = |error: hyper::http::Error| FetchError::new(FetchErrorKind::Protocol, error);
    let method = match request.method() {
        Method::Post => hyper::Method::POST,
        _ => hyper::Method::GET,
    };
    let mut message = hyper::Request::builder()
        .method(method)
        .uri(request.url().path())
        .header(HOST, request.url().authority())
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::copy_from_slice(request.body())))
        .map_err(bad)?;
    for (name, value) in request.headers() {
        let name = HeaderName::try_from(name).map_err(|error| bad(error.into()))?;
        let value = HeaderValue::try_from(value).map_err(|error| bad(error.into()))?;
        if name != HOST && name != CONTENT_LENGTH {
            message.headers_mut().append(name, value);
        }
    }
    Ok(message)
}

async fn read(mut body: Incoming, max: usize) -> Result<Vec<u8>, FetchError> {
    let too_large = || FetchError::from(FetchErrorKind::TooLarge);
    if body.size_hint().lower() > u64::try_from(max).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        // Trailers are of no use here.
        let Ok(data) = frame.map_err(fault)?.into_data() else { continue };
        if data.len() > max.saturating_sub(whole.len()) {
            return Err(too_large());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

fn fault(error: hyper::Error) -> FetchError {
    let kind = if error.is_parse() { FetchErrorKind::Protocol } else { FetchErrorKind::Closed };
    FetchError::new(kind, error)
}

const AGENT: &str = concat!("posthaste/", env!("CARGO_PKG_VERSION"));
const MAX_HEADER: usize = 64 * 1024;

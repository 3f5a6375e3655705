//! A request, and its answer (RFC 8058 §3.2).

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use posthaste_types::Timestamp;

use crate::body::{Asked, asked};
use crate::endpoint::Unsubscribe;
use crate::language::Language;
use crate::pages::PageKind;
use crate::reference::{Decision, Via};

/// The answer, and what must be stored before it is sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Handled {
    /// To be sent once the decision is stored; if it cannot be, send [`Unsubscribe::unavailable`] instead.
    pub response: Response<String>,
    /// What the recipient decided, if the request acts.
    pub decision: Option<Decision>,
}

impl Unsubscribe {
    /// Answers a request; the last segment of its path is the token, so a router may have cut off what stands before it.
    ///
    /// | request | status | acts |
    /// |---|---|---|
    /// | GET, HEAD, a token of ours | 200, a page with a button | no |
    /// | POST, a token of ours, `List-Unsubscribe=One-Click` | 200 | yes |
    /// | POST, a token of ours, another form | 400 | no |
    /// | POST of another media type | 415 | no |
    /// | POST above [`MAX_BODY`](Self::MAX_BODY) | 413 | no |
    /// | any other token | 404, always the same page | no |
    /// | another method | 405 | no |
    pub fn handle<B: AsRef<[u8]>>(&self, request: &Request<B>, now: Timestamp) -> Handled {
        let post = request.method() == Method::POST;
        let show = |status, kind| self.answer(request, status, kind, None);
        if !post && request.method() != Method::GET && request.method() != Method::HEAD {
            let mut handled = show(StatusCode::METHOD_NOT_ALLOWED, PageKind::Invalid);
            let allowed = HeaderValue::from_static("GET, HEAD, POST");
            handled.response.headers_mut().insert(header::ALLOW, allowed);
            return handled;
        }
        let body = request.body().as_ref();
        if post && body.len() > Self::MAX_BODY {
            return show(StatusCode::PAYLOAD_TOO_LARGE, PageKind::Invalid);
        }
        let token = request.uri().path().rsplit('/').next().unwrap_or_default();
        let decision = self.decide(token, now, Via::OneClick);
        // Links are written in lower case; looked at behind the MAC, so that its time tells nothing.
        let Some(decision) = decision.filter(|_| !token.bytes().any(|octet| octet.is_ascii_uppercase())) else {
            return show(StatusCode::NOT_FOUND, PageKind::Invalid);
        };
        let (status, kind, via) = match post.then(|| asked(request.headers(), body)) {
            None => (StatusCode::OK, PageKind::Ask, None),
            Some(Asked::Nothing) => (StatusCode::BAD_REQUEST, PageKind::Ask, None),
            Some(Asked::Unsupported) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, PageKind::Ask, None),
            Some(Asked::OneClick) => (StatusCode::OK, PageKind::Done, Some(Via::OneClick)),
            Some(Asked::Page) => (StatusCode::OK, PageKind::Done, Some(Via::Page)),
        };
        let mut handled = self.answer(request, status, kind, self.preferences_uri(token));
        handled.decision = via.map(|via| Decision { via, ..decision });
        handled
    }

    /// What to send when the decision could not be stored: 503, so that the mailbox provider may try again.
    pub fn unavailable<B>(&self, request: &Request<B>) -> Response<String> {
        let mut response = self.answer(request, StatusCode::SERVICE_UNAVAILABLE, PageKind::Failed, None).response;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        response
    }

    fn answer<B>(
        &self,
        request: &Request<B>,
        status: StatusCode,
        kind: PageKind,
        preferences: Option<String>,
    ) -> Handled {
        let language = Language::of(request.headers());
        let page = self.pages.render(kind, language, preferences.as_deref());
        let mut response = Response::new(String::new());
        *response.status_mut() = status;
        self.head(response.headers_mut(), language, page.len());
        if request.method() != Method::HEAD {
            *response.body_mut() = page;
        }
        Handled { response, decision: None }
    }

    fn head(&self, headers: &mut HeaderMap, language: Language, length: usize) {
        let fixed = [
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_LANGUAGE, language.tag()),
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::VARY, "Accept-Language"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        ];
        headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(header::CONTENT_SECURITY_POLICY, self.pages.policy());
    }
}

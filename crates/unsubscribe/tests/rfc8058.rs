//! RFC 8058: header fields, requests, tokens, pages.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use http::{Method, Request, header};
use posthaste_message::{Limits, Message, Stamp, read};
use posthaste_token::{KeyId, KeyRing, MasterSecret, Purpose};
use posthaste_types::{MailId, Timestamp};
use posthaste_unsubscribe::{
    ConfigError, Flaw, Handled, Language, Layout, LayoutError, PageKind, Pages, Reference, Unsubscribe, Via, check,
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_unix_secs(1_795_513_304);
const URLENCODED: &str = "application/x-www-form-urlencoded";

fn ring(secret: u8) -> KeyRing {
    KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([secret; 32]))
}

fn endpoint() -> Unsubscribe {
    let endpoint = Unsubscribe::new(ring(7), "https://news.example.com/u").unwrap();
    endpoint.mailto("u", "news.example.com".parse().unwrap()).unwrap()
}

fn mail() -> Reference {
    Reference::mail(MailId::from_bytes([9; 16]))
}

fn ask(method: Method, uri: &str, kind: &str, body: &[u8]) -> Handled {
    let request = Request::builder().method(method).uri(uri).header("Content-Type", kind).body(body).unwrap();
    endpoint().handle(&request, NOW)
}

fn post(uri: &str, kind: &str, body: &[u8]) -> Handled {
    ask(Method::POST, uri, kind, body)
}

fn link() -> String {
    endpoint().links(&mail(), NOW).unwrap().https().to_owned()
}

#[test]
fn fields_have_one_https_uri_and_the_exact_value_3_1() {
    let links = endpoint().links(&mail(), NOW).unwrap();
    let [list, post] = links.fields().unwrap();
    assert_eq!(list.as_str(), format!("List-Unsubscribe: <{}>,\r\n <{}>\r\n", links.https(), links.mailto().unwrap()));
    assert_eq!(post.as_str(), "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    let message = links.apply(Message::builder().from("a@news.example.com").to("b@example.org").subject("s").text("t"));
    let stamp = Stamp::new(NOW, "1@news.example.com".parse().unwrap());
    let octets = message.build().unwrap().render(&stamp).unwrap().to_vec();
    assert_eq!(check(&read(&octets, &Limits::default()).unwrap()), [Flaw::Uncovered]);
}

#[test]
fn a_signature_covers_both_fields_4() {
    let both = "List-Unsubscribe: <https://a.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
    let signed = |h: &str| format!("DKIM-Signature: v=1; d=a.example; h={h}; bh=; b=\r\n");
    let rows: &[(String, &[Flaw])] = &[
        (signed("From:list-unsubscribe:\r\n List-Unsubscribe-Post") + both, &[]),
        (signed("From : List-Unsubscribe : List-Unsubscribe-Post : List-Unsubscribe") + both, &[]),
        (signed("From:List-Unsubscribe") + both, &[Flaw::Uncovered]),
        (signed("From:List-Unsubscribe-Post") + both, &[Flaw::Uncovered]),
        // Each by another signature is not both by one.
        (signed("List-Unsubscribe") + &signed("List-Unsubscribe-Post") + both, &[Flaw::Uncovered]),
        (signed("List-Unsubscribe:List-Unsubscribe-Post") + both + both, &[Flaw::Field, Flaw::Post]),
        (
            signed("List-Unsubscribe:List-Unsubscribe-Post") + "List-Unsubscribe: <mailto:a@a.example>\r\n",
            &[Flaw::Https, Flaw::Post],
        ),
        (
            signed("List-Unsubscribe:List-Unsubscribe-Post")
                + "List-Unsubscribe: <https://a.example>, <https://b.example>\r\nList-Unsubscribe-Post: One-Click\r\n",
            &[Flaw::Https, Flaw::Post],
        ),
    ];
    for (header, flaws) in rows {
        let octets = format!("{header}From: a@a.example\r\n\r\nhi\r\n");
        assert_eq!(check(&read(octets.as_bytes(), &Limits::default()).unwrap()), *flaws, "{header}");
    }
}

#[test]
fn a_hundred_gets_change_nothing_one_post_does_and_a_replay_is_the_same_3_2() {
    let link = link();
    for method in [Method::GET, Method::HEAD] {
        for _ in 0..100 {
            let handled = ask(method.clone(), &link, URLENCODED, b"List-Unsubscribe=One-Click");
            assert_eq!((handled.response.status().as_u16(), handled.decision), (200, None));
            assert_eq!(handled.response.body().is_empty(), method == Method::HEAD);
        }
    }
    let first = post(&link, URLENCODED, b"List-Unsubscribe=One-Click");
    assert_eq!(first.response.status(), 200);
    let decision = first.decision.unwrap();
    assert_eq!((&decision.reference, decision.via, decision.issued), (&mail(), Via::OneClick, NOW));
    assert_eq!(post(&link, URLENCODED, b"List-Unsubscribe=One-Click").decision, Some(decision));
    for name in ["location", "set-cookie"] {
        assert!(!first.response.headers().contains_key(name), "{name}");
    }
    // A router cut the path; a tracker added a query.
    let token = link.rsplit('/').next().unwrap();
    for uri in [format!("/{token}"), format!("/u/{token}?utm_source=x")] {
        assert!(post(&uri, URLENCODED, b"List-Unsubscribe=One-Click").decision.is_some(), "{uri}");
    }
}

#[test]
fn bodies_3_2() {
    let part = "Content-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click";
    let via = "Content-Disposition: form-data; name=via\r\n\r\npage";
    let multi = "multipart/form-data; boundary=b";
    let huge = format!("List-Unsubscribe=One-Click&x={}", "y".repeat(Unsubscribe::MAX_BODY));
    let full = format!("List-Unsubscribe=One-Click&x={}", "y".repeat(Unsubscribe::MAX_BODY - 29));
    let many = format!("{}--b\r\n{part}\r\n--b--", "--b\r\n\r\nx\r\n".repeat(400));
    let rows: &[(&str, String, u16, Option<Via>)] = &[
        (URLENCODED, "List-Unsubscribe=One-Click".into(), 200, Some(Via::OneClick)),
        (URLENCODED, "List-Unsubscribe=One-Click&via=page".into(), 200, Some(Via::Page)),
        (URLENCODED, "a=b&List%2DUnsubscribe=One%2dClick\r\n".into(), 200, Some(Via::OneClick)),
        (
            "application/x-www-form-urlencoded; charset=UTF-8",
            "List-Unsubscribe=One-Click".into(),
            200,
            Some(Via::OneClick),
        ),
        (URLENCODED, full, 200, Some(Via::OneClick)),
        (URLENCODED, huge, 413, None),
        (URLENCODED, String::new(), 400, None),
        (URLENCODED, "List-Unsubscribe=Two-Clicks".into(), 400, None),
        (URLENCODED, "List-Unsubscribe".into(), 400, None),
        (URLENCODED, "%".repeat(100), 400, None),
        ("application/json", "{\"List-Unsubscribe\":\"One-Click\"}".into(), 415, None),
        ("text/plain", "List-Unsubscribe=One-Click".into(), 415, None),
        (multi, format!("--b\r\n{part}\r\n--b--\r\n"), 200, Some(Via::OneClick)),
        (multi, format!("--b\r\n{part}\r\n--b\r\n{via}\r\n--b--\r\n"), 200, Some(Via::Page)),
        (
            "Multipart/Form-Data; charset=utf-8; boundary=\"b c\"",
            format!("--b c\r\n{part}\r\n--b c--"),
            200,
            Some(Via::OneClick),
        ),
        // Bare line feeds, a preamble, no end.
        (multi, format!("--b\n{}\n--b--\n", part.replace("\r\n", "\n")), 200, Some(Via::OneClick)),
        (multi, format!("preamble\r\n--b\r\n{part}\r\n--b--\r\nepilogue"), 200, Some(Via::OneClick)),
        (multi, format!("--b\r\n{part}\r\n"), 200, Some(Via::OneClick)),
        ("multipart/form-data", format!("--b\r\n{part}\r\n--b--\r\n"), 400, None),
        (multi, format!("--c\r\n{part}\r\n--c--\r\n"), 400, None),
        (multi, format!("--b\r\n{}\r\n--b--\r\n", part.replace("form-data", "attachment")), 400, None),
        (multi, "List-Unsubscribe=One-Click".into(), 400, None),
        (multi, many, 400, None),
    ];
    for (kind, body, status, via) in rows {
        let handled = post(&link(), kind, body.as_bytes());
        assert_eq!(handled.response.status(), *status, "{kind}: {body:.80}");
        assert_eq!(handled.decision.map(|it| it.via), *via, "{kind}: {body:.80}");
    }
}

#[test]
fn a_token_that_is_not_ours_gets_a_page_that_says_nothing() {
    let other = |ring: KeyRing| Unsubscribe::new(ring, "https://news.example.com/u").unwrap();
    let foreign = ring(7).seal(Purpose::Consent, mail().as_bytes(), NOW).unwrap();
    let old = NOW.saturating_sub(Duration::from_secs(3 * 365 * 86_400));
    let rows = [
        other(ring(8)).links(&mail(), NOW).unwrap().https().to_owned(),
        other(ring(7)).links(&mail(), old).unwrap().https().to_owned(),
        format!("https://news.example.com/u/{foreign}"),
        "https://news.example.com/u/".into(),
        format!("https://news.example.com/u/{}", "a".repeat(5000)),
        "/".into(),
    ];
    let page = post(&rows[0], URLENCODED, b"List-Unsubscribe=One-Click").response;
    for uri in rows {
        for method in [Method::GET, Method::POST] {
            let handled = ask(method, &uri, URLENCODED, b"List-Unsubscribe=One-Click");
            assert_eq!((handled.response.status().as_u16(), handled.decision), (404, None), "{uri:.80}");
            assert_eq!(handled.response.body(), page.body());
            assert_eq!(handled.response.headers(), page.headers());
        }
    }
}

#[test]
fn rotation_keeps_older_links() {
    let old = link();
    let mut ring = ring(7);
    ring.rotate(KeyId::new(2), MasterSecret::from_bytes([8; 32]), NOW).unwrap();
    let endpoint = Unsubscribe::new(ring.clone(), "https://news.example.com/u").unwrap();
    let before = endpoint.links(&mail(), NOW.saturating_sub(Duration::from_secs(1))).unwrap();
    let get = |uri: &str| Request::get(uri).body("").unwrap();
    assert_eq!(endpoint.handle(&get(&old), NOW).response.status(), 200);
    assert_ne!(endpoint.links(&mail(), NOW).unwrap().https(), old);
    ring.retire(KeyId::new(1)).unwrap();
    let retired = Unsubscribe::new(ring, "https://news.example.com/u").unwrap();
    assert_eq!(retired.handle(&get(before.https()), NOW).response.status(), 404);
}

#[test]
fn a_hundred_thousand_flips_never_act() {
    let endpoint = endpoint();
    let link = link();
    let start = link.rfind('/').unwrap() + 1;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut tried = 0;
    while tried < 100_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let place = start + usize::try_from(state >> 33).unwrap() % (link.len() - start);
        let mut octets = link.clone().into_bytes();
        octets[place] ^= 1 << ((state >> 29) % 8);
        let Ok(request) =
            Request::post(octets.as_slice()).header("Content-Type", URLENCODED).body("List-Unsubscribe=One-Click")
        else {
            continue; // not even a URI
        };
        tried += 1;
        assert_eq!(endpoint.handle(&request, NOW).decision, None, "{}", request.uri());
    }
}

#[test]
fn security_headers_and_methods() {
    for (method, status) in [(Method::GET, 200), (Method::PUT, 405), (Method::DELETE, 405), (Method::OPTIONS, 405)] {
        let handled = ask(method.clone(), &link(), URLENCODED, b"List-Unsubscribe=One-Click");
        assert_eq!((handled.response.status().as_u16(), handled.decision.is_some()), (status, false), "{method}");
        let headers = handled.response.headers();
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(headers.contains_key(header::ALLOW), status == 405);
    }
    let request = Request::post(link()).body("").unwrap();
    assert_eq!(endpoint().unavailable(&request).status(), 503);
}

#[test]
fn accept_language() {
    let rows = [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.9", "de"),
        ("ja, pl;q=0.8, en;q=0.5", "pl"),
        ("en;q=0.1, NL;q=0.2", "nl"),
        ("pt-BR", "pt"),
        ("fr;q=0, it", "it"),
        ("fr;q=nan, es;q=2", "es"),
        ("<script>", "en"),
    ];
    for (accept, tag) in rows {
        let request = Request::get(link()).header("Accept-Language", accept).body("").unwrap();
        let response = endpoint().handle(&request, NOW).response;
        assert_eq!(response.headers()["content-language"], tag, "{accept}");
        assert!(response.body().contains(&format!("<html lang=\"{tag}\">")), "{accept}");
    }
    assert_eq!(Language::ALL.len(), 8);
}

#[test]
fn pages_escape_every_value_and_layouts_are_checked() {
    let evil = "<script>\"'&{{action}}";
    let layout = Layout::parse("<p lang=\"{{language}}\">{{title}} {{message}} {{sender}}</p>{{action}}").unwrap();
    let pages = Pages::default().layout(layout).sender(evil).words(PageKind::Ask, Language::En, evil, evil);
    let endpoint = endpoint().pages(pages).preferences("https://news.example.com/p?").unwrap_err();
    assert_eq!(endpoint, ConfigError::Uri);
    let layout = Layout::parse("<p>{{title}} {{message}} {{sender}}</p>{{action}}").unwrap();
    let pages = Pages::default().layout(layout).sender(evil).words(PageKind::Ask, Language::En, evil, evil);
    let endpoint = self::endpoint().pages(pages).preferences("https://news.example.com/p/x'y").unwrap();
    let page = endpoint.handle(&Request::get(link()).body("").unwrap(), NOW).response.into_body();
    assert!(!page.contains("<script>") && !page.contains("x'y"), "{page}");
    assert_eq!(page.matches("<form").count(), 1, "{page}");
    assert_eq!(page.matches("&lt;script&gt;&quot;&#39;&amp;{{action}}").count(), 3, "{page}");
    assert_eq!(Layout::parse("{{action}} {{token}}").unwrap_err(), LayoutError::Unknown(11));
    assert_eq!(Layout::parse("<p>").unwrap_err(), LayoutError::NoAction);
}

#[test]
fn endpoints_are_https() {
    for uri in [
        "",
        "http://a.example/",
        "https://",
        "https:///u",
        "https://a.example/?t=",
        "https://a.example/\r\nX: y",
        "https://a.example/>",
    ] {
        assert_eq!(Unsubscribe::new(ring(7), uri).unwrap_err(), ConfigError::Uri, "{uri}");
    }
}

proptest! {
    #[test]
    fn no_body_panics(kind in "(application/x-www-form-urlencoded|multipart/form-data; ?boundary=\"?b\"?)", body in "[-b\r\nA-Za-z:;=&%+ \"]{0,200}") {
        let handled = post(&link(), &kind, body.as_bytes());
        prop_assert!(handled.decision.is_some() == (handled.response.status() == 200));
    }
}

//! Keys: made, written, read, refused, and never shown.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use posthaste_dkim::{Dkim, DkimErrorKind, DkimKey, KeyKind};
use support::{AT, both, content, ed25519, rsa};

fn refusal(pem: &str) -> DkimErrorKind {
    DkimKey::from_pem(pem).unwrap_err().kind().clone()
}

#[test]
fn keys_survive_every_form() {
    for key in [rsa(), ed25519(), DkimKey::generate(KeyKind::Ed25519).unwrap()] {
        let public = key.public_key().unwrap();
        let pem = key.to_pem().unwrap();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.ends_with("\n-----END PRIVATE KEY-----\n"));
        let crlf = pem.replace('\n', "\r\n");
        for again in [DkimKey::from_pem(&pem), DkimKey::from_pem(&crlf), DkimKey::from_der(&key.to_der().unwrap())] {
            let again = again.unwrap();
            assert_eq!((again.kind(), again.public_key().unwrap()), (key.kind(), public.clone()));
        }
    }
}

/// RFC 8410 §10.3: the same Ed25519 key as version 1, and as version 2 with attributes and public key.
#[test]
fn rfc8410_keys_are_read() {
    let v1 = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
              -----END PRIVATE KEY-----\n";
    let v2 = "-----BEGIN PRIVATE KEY-----\nMHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
              oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\nZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
              -----END PRIVATE KEY-----\n";
    let keys = [v1, v2].map(|pem| DkimKey::from_pem(pem).unwrap().public_key().unwrap());
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0][..4], [0x19, 0xbf, 0x44, 0x09]);
}

#[test]
fn pkcs1_is_read_and_other_sections_are_passed_over() {
    let pkcs8 = rsa().to_der().unwrap();
    // PKCS #8 holds PKCS #1 as its last element: 26 octets stand before it for a key of this size.
    let pkcs1 = &pkcs8[26..];
    assert_eq!(DkimKey::from_der(pkcs1).unwrap().public_key().unwrap(), rsa().public_key().unwrap());
    let text = rsa().to_pem().unwrap();
    let with_certificate = format!("notes\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{}", *text);
    assert_eq!(DkimKey::from_pem(&with_certificate).unwrap().kind(), KeyKind::Rsa2048);
}

#[test]
fn what_is_not_a_signing_key_is_named() {
    let unsupported = |kind: &DkimErrorKind| matches!(kind, DkimErrorKind::Unsupported { .. });
    assert!(unsupported(&refusal(EC_SEC1)));
    assert!(unsupported(&refusal(EC_PKCS8)));
    assert!(unsupported(&refusal("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")));
    assert_eq!(refusal(ENCRYPTED), DkimErrorKind::Encrypted);
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    assert_eq!(refusal(old), DkimErrorKind::Encrypted);
    assert_eq!(refusal(PUBLIC), DkimErrorKind::PublicKey);
    assert_eq!(refusal(&PUBLIC.replace("PUBLIC", "PRIVATE")), DkimErrorKind::PublicKey);
    assert_eq!(refusal(RFC8463_RSA_1024), DkimErrorKind::RsaSize { bits: 1024 });
    assert_eq!(refusal(""), DkimErrorKind::NoKey);
    assert_eq!(refusal("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="), DkimErrorKind::NoKey);
    assert_eq!(refusal(&"x".repeat(70_000)), DkimErrorKind::TooLarge { limit: 65_536 });
    let malformed = |kind: &DkimErrorKind| matches!(kind, DkimErrorKind::Malformed { .. });
    assert!(malformed(&refusal("-----BEGIN PRIVATE KEY-----\nMC4CAQAw")));
    assert!(malformed(&refusal("-----BEGIN PRIVATE KEY-----\n%%%\n-----END PRIVATE KEY-----\n")));
    assert!(malformed(&refusal("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")));
}

/// Whatever octets come, an error comes back and nothing is read past the end.
#[test]
fn damaged_keys_are_refused_without_a_panic() {
    for key in [rsa(), ed25519()] {
        let der = key.to_der().unwrap();
        for end in 0..der.len() {
            assert!(DkimKey::from_der(&der[..end]).is_err(), "cut at {end}");
        }
        for at in 0..der.len().min(80) {
            let mut bad = der.to_vec();
            bad[at] ^= 0xff;
            drop(DkimKey::from_der(&bad));
        }
    }
    for bad in [&b"\x30\x80"[..], b"\x30\x84\xff\xff\xff\xff", b"\x30\x83\xff\xff\xff", b"\x30", b"\x30\x00", b""] {
        assert!(DkimKey::from_der(bad).is_err());
    }
}

#[test]
fn keys_never_print() {
    let seed_base64 = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let signer = both();
    for text in [format!("{:?}", ed25519()), format!("{signer:?}"), format!("{signer:#?}"), format!("{:?}", rsa())] {
        assert!(text.contains("***"), "{text}");
        assert!(!text.contains("7, 7, 7") && !text.contains(seed_base64) && !text.contains("07070707"), "{text}");
        assert!(text.len() < 6000, "as long as a key could be: {text}");
    }
    assert_eq!(format!("{:?}", ed25519()), "DkimKey(ed25519-sha256, ***)");
    assert_eq!(format!("{:?}", rsa()), "DkimKey(rsa-sha256, ***)");
    let error = DkimKey::from_pem("-----BEGIN PRIVATE KEY-----\nc2VjcmV0%\n-----END PRIVATE KEY-----\n").unwrap_err();
    assert!(!format!("{error:?} {error}").contains("c2VjcmV0"));
}

#[test]
fn key_files_are_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dkim.pem");
    ed25519().write_pem_file(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let error = rsa().write_pem_file(&path).unwrap_err();
    assert_eq!((error.kind(), error.path()), (&DkimErrorKind::File, Some(path.as_path())));
    let signer = Dkim::from_pem_file("news.example.com", "s1", &path).unwrap();
    assert_eq!(signer.records().unwrap(), [ed25519().record(&"s1".parse().unwrap(), signer.domain()).unwrap()]);
    assert!(signer.sign_content(&content("From: a@news.example.com\r\n"), AT).is_ok());
}

#[test]
fn errors_of_files_name_the_file_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, octets: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, octets).unwrap();
        path
    };
    let cases = [
        (folder.path().join("none.pem"), DkimErrorKind::File, "No such file"),
        (folder.path().to_owned(), DkimErrorKind::File, "directory"),
        (write("public.pem", PUBLIC.as_bytes()), DkimErrorKind::PublicKey, "public key"),
        (write("short.pem", RFC8463_RSA_1024.as_bytes()), DkimErrorKind::RsaSize { bits: 1024 }, "1024 bits"),
        (
            write("key.der", &rsa().to_der().unwrap()),
            DkimErrorKind::Malformed { why: "not a text; PEM is needed" },
            "PEM",
        ),
        (write("big.pem", &[b'x'; 100_000]), DkimErrorKind::TooLarge { limit: 65_536 }, "65536"),
    ];
    for (path, kind, words) in cases {
        let error = Dkim::from_pem_file("news.example.com", "s1", &path).unwrap_err();
        assert_eq!((error.kind(), error.path()), (&kind, Some(path.as_path())));
        let text = error.to_string();
        assert!(text.contains(&*path.to_string_lossy()) && text.contains(words), "{text}");
    }
    let name = Dkim::from_pem_file("news example.com", "s1", folder.path()).unwrap_err();
    assert_eq!(name.kind(), &DkimErrorKind::Name);
    assert_eq!(Dkim::from_pem_file("news.example.com", "s_1", folder.path()).unwrap_err().kind(), &DkimErrorKind::Name);
}

#[test]
fn records_hold_strings_of_at_most_255_octets() {
    let record = rsa().record(&"s1".parse().unwrap(), &"news.example.com".parse().unwrap()).unwrap();
    assert_eq!(record.name.as_str(), "s1._domainkey.news.example.com");
    assert!(record.value.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"));
    let strings: Vec<&str> = record.strings().collect();
    assert_eq!(strings.iter().map(|string| string.len()).collect::<Vec<_>>(), [255, record.value.len() - 255]);
    assert_eq!(strings.concat(), record.value);
    let line = format!("s1._domainkey.news.example.com. IN TXT \"{}\" \"{}\"", strings[0], strings[1]);
    assert_eq!(record.to_string(), line);
    let too_long = format!("{0}.{0}.{0}.example", "a".repeat(63)).parse().unwrap();
    assert!(rsa().record(&"a".repeat(63).parse().unwrap(), &too_long).is_err());
}

const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

const EC_SEC1: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIFEB6tE6wkdB7Ba0qMLOvmp8xETQywSk06GEz7V4ZEQYoAoGCCqGSM49
AwEHoUQDQgAELM785NHd9Pdfg5N6M8YiDxNDk9Zi9G+D3FYA9RBoc2gpPWCb94UG
IiiyeFLjHO9nKvq+FxFIn92sru7qEoxL6Q==
-----END EC PRIVATE KEY-----
";

const EC_PKCS8: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUQHq0TrCR0HsFrSo
ws6+anzERNDLBKTToYTPtXhkRBihRANCAAQszvzk0d3091+Dk3ozxiIPE0OT1mL0
b4PcVgD1EGhzaCk9YJv3hQYiKLJ4UuMc72cq+r4XEUif3ayu7uoSjEvp
-----END PRIVATE KEY-----
";

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiVM6mp7U7C0wICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEELX6GPHKsu+lknnQ0fnJkRAEQIcM
vWbTUpPtrFLT6jSkeyKs7y3PJGmdpctZHdZIQdyV36QLdJ2n+uPjsxBHtr9AJ+Sl
a5Nf/+xqGQOoBC7UsCM=
-----END ENCRYPTED PRIVATE KEY-----
";

/// RFC 8463 §A.2.
const RFC8463_RSA_1024: &str = "-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
";

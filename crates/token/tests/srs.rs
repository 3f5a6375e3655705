//! The sender rewriting scheme: rewriting, reversing, and the answers of other software.

use std::time::Duration;

use posthaste_token::{
    KeyId, KeyRing, MasterSecret, Purpose, RewriteError, SharedKeys, SharedSecret, Srs, SrsForm, TokenError,
};
use posthaste_types::{Address, ReversePath, Timestamp};
use proptest::prelude::*;

const DAY: i64 = 86_400;
const TODAY: i64 = 20_781;
const FORMS: [SrsForm; 3] = [SrsForm::Exim, SrsForm::Libsrs2, SrsForm::Strict];

fn day(day: i64) -> Timestamp {
    Timestamp::from_unix_secs(day * DAY + 3600)
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn shared(secret: &str) -> SharedKeys {
    SharedKeys::new(KeyId::new(0), SharedSecret::new(secret.as_bytes()).expect("a secret")).expect("one digit")
}

fn srs(secret: &str, domain: &str, form: SrsForm) -> Srs {
    Srs::new(shared(secret), domain.parse().expect("a domain")).with_form(form)
}

fn first(form: SrsForm) -> Srs {
    srs("secret", "fwd.example.net", form)
}

/// Made by Exim's `srs_encode`.
#[test]
fn exim_vector() {
    let (sender, relayed) = (address("user@example.com"), address("SRS0=b3d4=JN=example.com=user@fwd.example.net"));
    assert_eq!(first(SrsForm::Exim).rewrite(&sender, day(TODAY)).unwrap(), relayed);
    assert_eq!(first(SrsForm::Exim).reverse(&relayed, day(TODAY)).unwrap(), Some(sender));
}

/// Made by Mail::SRS 0.31, whose hash libsrs2 and postsrsd share: by one host, a second and a third.
#[test]
fn mail_srs_vectors() {
    for (sender, one, two, three) in [
        (
            "user@example.com",
            "SRS0=KGm5=JN=example.com=user",
            "SRS1=j87J=fwd.example.net==KGm5=JN=example.com=user",
            "SRS1=opZn=fwd.example.net==KGm5=JN=example.com=user",
        ),
        (
            "Bounce.Box@mail.example.org",
            "SRS0=Jnmv=JN=mail.example.org=Bounce.Box",
            "SRS1=vldg=fwd.example.net==Jnmv=JN=mail.example.org=Bounce.Box",
            "SRS1=oEe2=fwd.example.net==Jnmv=JN=mail.example.org=Bounce.Box",
        ),
        (
            "a=b+c@example.com",
            "SRS0=sfuA=JN=example.com=a=b+c",
            "SRS1=3dX2=fwd.example.net==sfuA=JN=example.com=a=b+c",
            "SRS1=jf6G=fwd.example.net==sfuA=JN=example.com=a=b+c",
        ),
    ] {
        let hosts = [
            ("secret", "fwd.example.net", one),
            ("other", "second.example.org", two),
            ("third", "third.example.net", three),
        ];
        let mut hop = address(sender);
        for (secret, domain, local) in hosts {
            let host = srs(secret, domain, SrsForm::Libsrs2);
            hop = host.rewrite(&hop, day(TODAY)).unwrap();
            assert_eq!(hop.to_string(), format!("{local}@{domain}"));
            let back = if local == one { address(sender) } else { address(&format!("{one}@fwd.example.net")) };
            assert_eq!(host.reverse(&hop, day(TODAY)).unwrap(), Some(back));
        }
    }
}

/// Made by Mail::SRS 0.31 with other separators and a longer hash.
#[test]
fn separators_of_others() {
    for (separator, guard) in [('+', "lRQz"), ('-', "ujH8")] {
        let one = address(&format!("SRS0{separator}KGm531yE=JN=example.com=user@fwd.example.net"));
        let sender = first(SrsForm::Libsrs2).with_hash_length(8).reverse(&one, day(TODAY)).unwrap();
        assert_eq!(sender, Some(address("user@example.com")));
        let second = srs("secret", "second.example.org", SrsForm::Libsrs2);
        let two = second.rewrite(&one, day(TODAY)).unwrap();
        let expected = format!("SRS1={guard}=fwd.example.net={separator}KGm531yE=JN=example.com=user");
        assert_eq!(two.local_part(), expected);
        assert_eq!(second.reverse(&two, day(TODAY)).unwrap(), Some(one));
    }
}

#[test]
fn the_form_of_ours_is_fixed() {
    let relayed = first(SrsForm::Strict).rewrite(&address("user@example.com"), day(TODAY)).unwrap();
    assert_eq!(relayed.as_str(), "SRS0=ILSJNM=JN=example.com=user@fwd.example.net");
}

#[test]
fn senders_of_our_own_stay() {
    for text in ["user@fwd.example.net", "SRS0=b3d4=JN=example.com=user@fwd.example.net"] {
        assert_eq!(first(SrsForm::Strict).rewrite(&address(text), day(TODAY)).unwrap(), address(text));
    }
}

#[test]
fn what_only_begins_like_srs_is_an_ordinary_sender() {
    let host = first(SrsForm::Strict);
    for text in [
        "srs0@example.com",
        "SRS1=x@example.com",
        "SRS1=a=b c=d@example.com",
        "srs@example.com",
        "SRS1=hash=host.example=norest@example.com",
    ] {
        let Ok(sender) = text.parse::<Address>() else { continue };
        let relayed = host.rewrite(&sender, day(TODAY)).unwrap();
        assert!(relayed.as_str().starts_with("SRS0="), "{relayed}");
        assert_eq!(host.reverse(&relayed, day(TODAY)).unwrap(), Some(sender));
    }
}

#[test]
fn addresses_of_others_are_none_and_bad_ones_errors() {
    let host = first(SrsForm::Libsrs2);
    for none in [
        "user@fwd.example.net",
        "SRS0@fwd.example.net",
        "SRS0x=a@fwd.example.net",
        "srs@fwd.example.net",
        "SRS0=KGm5=JN=example.com=user@example.org",
    ] {
        assert_eq!(host.reverse(&address(none), day(TODAY)), Ok(None), "{none}");
    }
    for (local, expected) in [
        ("SRS0=KGm6=JN=example.com=user", TokenError::Forged),
        ("SRS0=KGm5=JO=example.com=user", TokenError::Forged),
        ("SRS0=KGm=JN=example.com=user", TokenError::Forged),
        ("SRS0=KGm5=JN=example.net=user", TokenError::Forged),
        ("SRS0=KGm5=J=example.com=user", TokenError::Malformed),
        ("SRS0=KGm5=J1=example.com=user", TokenError::Malformed),
        ("SRS0=KGm5=JN=example.com", TokenError::Malformed),
        ("SRS0==JN=example.com=user", TokenError::Forged),
        ("SRS0=ä=JN=example.com=user", TokenError::Forged),
        ("SRS1=j87J=fwd.example.org==KGm5=JN=example.com=user", TokenError::Forged),
        ("SRS1=j87J=fwd.example.org", TokenError::Malformed),
        ("SRS1=j87J=-==KGm5=JN=example.com=user", TokenError::Malformed),
    ] {
        let found = address(&format!("{local}@fwd.example.net"));
        assert_eq!(host.reverse(&found, day(TODAY)), Err(expected), "{local}");
    }
}

#[test]
fn an_address_counts_for_its_days_and_one_of_clocks() {
    for form in FORMS {
        let relayed = first(form).rewrite(&address("user@example.com"), day(TODAY)).unwrap();
        for (on, counts) in [(-2, false), (-1, true), (0, true), (21, true), (22, false), (1000, false)] {
            let reversed = first(form).reverse(&relayed, day(TODAY + on));
            assert_eq!(reversed.is_ok(), counts, "{form:?} {on}: {reversed:?}");
        }
        let late = first(form).with_max_age(Duration::from_secs(1)).reverse(&relayed, day(TODAY + 2)).unwrap_err();
        assert!(matches!(late, TokenError::Expired { issued, .. } if issued == Timestamp::from_unix_secs(TODAY * DAY)));
    }
}

/// Of libsrs2's form the first is genuine, as its hash has no mark between the two; ours holds it.
#[test]
fn the_boundary_of_domain_and_local_part_is_covered() {
    for (form, moved) in [(SrsForm::Libsrs2, true), (SrsForm::Strict, false)] {
        let relayed = first(form).rewrite(&address("user@example.com"), day(TODAY)).unwrap().to_string();
        let shifted = address(&relayed.replace("example.com=user", "example.co=muser"));
        let found = first(form).reverse(&shifted, day(TODAY));
        assert_eq!(found.is_ok(), moved, "{form:?}: {found:?}");
    }
}

#[test]
fn a_hash_of_srs0_is_none_of_srs1() {
    let host = first(SrsForm::Strict);
    // What a sender can have hashed as SRS0 is, joined without marks, also the text of an SRS1.
    let relayed = host.rewrite(&address("=x=jn=b.example=c@a.example"), day(TODAY)).unwrap();
    let hash = relayed.local_part().split('=').nth(1).unwrap();
    let forged = address(&format!("SRS1={hash}=jna.example==x=jn=b.example=c@fwd.example.net"));
    assert_eq!(host.reverse(&forged, day(TODAY)), Err(TokenError::Forged));
}

#[test]
fn what_does_not_fit_64_octets_is_told() {
    let sender = |length| address(&format!("{}@example.com", "a".repeat(length)));
    for (form, room) in [(SrsForm::Exim, 39), (SrsForm::Libsrs2, 39), (SrsForm::Strict, 37)] {
        assert_eq!(first(form).rewrite(&sender(room), day(TODAY)).unwrap().local_part().len(), 64);
        let over = first(form).rewrite(&sender(room + 1), day(TODAY));
        assert!(matches!(over, Err(RewriteError::LocalPartTooLong { length: 65, limit: 64, .. })), "{over:?}");
    }
    let nested = first(SrsForm::Libsrs2).rewrite(&sender(30), day(TODAY)).unwrap();
    let over = srs("other", "second.example.org", SrsForm::Libsrs2).rewrite(&nested, day(TODAY));
    assert!(matches!(over, Err(RewriteError::LocalPartTooLong { .. })), "{over:?}");
    let long = format!("{0}.{0}.{0}.{0}", "a".repeat(60));
    let over = srs("secret", &long, SrsForm::Strict).rewrite(&sender(20), day(TODAY));
    assert!(matches!(over, Err(RewriteError::Address(_))), "{over:?}");
}

#[test]
fn keys_rotate() {
    let mut keys = shared("secret");
    keys.rotate(KeyId::new(1), SharedSecret::new(b"newer").unwrap(), day(TODAY)).unwrap();
    let host = |keys: &SharedKeys| Srs::new(keys.clone(), "fwd.example.net".parse().unwrap());
    let sender = address("user@example.com");
    let old = first(SrsForm::Strict).rewrite(&sender, day(TODAY - 1)).unwrap();
    let guarded = first(SrsForm::Strict).rewrite(&address("SRS0=a=b=c=d@b.example"), day(TODAY - 1)).unwrap();
    assert_eq!(host(&keys).rewrite(&sender, day(TODAY - 1)).unwrap(), old, "a queued mail keeps its path");
    let new = host(&keys).rewrite(&sender, day(TODAY)).unwrap();
    for relayed in [&old, &new] {
        assert_eq!(host(&keys).reverse(relayed, day(TODAY)).unwrap(), Some(sender.clone()));
    }
    assert!(host(&keys).reverse(&guarded, day(TODAY)).is_ok());
    keys.retire(KeyId::new(0)).unwrap();
    assert_eq!(host(&keys).reverse(&old, day(TODAY)), Err(TokenError::Forged));
    assert_eq!(host(&keys).reverse(&guarded, day(TODAY)), Err(TokenError::Forged));
    assert!(host(&keys).reverse(&new, day(TODAY)).is_ok());
}

#[test]
fn a_key_of_another_purpose_does_not_open() {
    let ring = KeyRing::new(KeyId::new(1), MasterSecret::from_bytes([1; 32]));
    let of = |purpose| Srs::new(SharedKeys::derive(&ring, purpose).unwrap(), "fwd.example.net".parse().unwrap());
    let relayed = of(Purpose::Srs).rewrite(&address("user@example.com"), day(TODAY)).unwrap();
    assert!(of(Purpose::Srs).reverse(&relayed, day(TODAY)).is_ok());
    for other in [Purpose::Batv, Purpose::Bounce, Purpose::Complaint, Purpose::Consent] {
        assert_eq!(of(other).reverse(&relayed, day(TODAY)), Err(TokenError::Forged), "{other:?}");
    }
}

#[test]
fn quoted_local_parts_stay_quoted() {
    for text in [r#""a b"@example.com"#, r#""a\"b\\"@example.com"#, r#""a@b"@example.com"#, r#"""@example.com"#] {
        let relayed = first(SrsForm::Strict).rewrite(&address(text), day(TODAY)).unwrap();
        let second = srs("other", "s.example", SrsForm::Strict).rewrite(&relayed, day(TODAY)).unwrap();
        let back = srs("other", "s.example", SrsForm::Strict).reverse(&second, day(TODAY)).unwrap().unwrap();
        assert_eq!(back, relayed);
        assert_eq!(first(SrsForm::Strict).reverse(&back, day(TODAY)).unwrap(), Some(address(text)));
    }
}

fn forms() -> impl Strategy<Value = SrsForm> {
    prop::sample::select(FORMS.to_vec())
}

proptest! {
    #[test]
    fn what_is_rewritten_leads_back_folded_and_in_brackets(
        form in forms(), local in "[a-zA-Z0-9+=._-]{1,10}", on in 0_i64..60_000, late in 0_i64..21,
    ) {
        let Ok(sender) = Address::parse(&format!("{local}@Example.com")) else { return Ok(()) };
        let (one, two) = (first(form), srs("other", "b.example", form));
        let relayed = two.rewrite(&one.rewrite(&sender, day(on)).unwrap(), day(on)).unwrap().to_string();
        for text in [relayed.clone(), relayed.to_uppercase(), relayed.to_lowercase()] {
            let path = ReversePath::parse(&format!("<{text}>")).unwrap();
            let back = two.reverse(path.address().unwrap(), day(on + late)).unwrap().unwrap();
            let back = one.reverse(&back, day(on + late)).unwrap().unwrap();
            prop_assert_eq!(back.normalized(), sender.normalized());
            if text == relayed {
                prop_assert_eq!(&back, &sender);
            }
        }
    }

    #[test]
    fn a_changed_character_leads_nowhere_else(place in 0_usize..64, to in "[a-zA-Z0-9=+@.-]", nested in any::<bool>()) {
        let host = first(SrsForm::Strict).with_hash_length(12);
        let sender = address(if nested { "SRS0=KGm5=JN=a.example=b@c.example" } else { "user+tag@example.com" });
        let mut changed = host.rewrite(&sender, day(TODAY)).unwrap().to_string();
        let place = place % changed.len();
        changed.replace_range(place..=place, &to);
        let Ok(changed) = changed.parse::<Address>() else { return Ok(()) };
        if let Ok(Some(found)) = host.reverse(&changed, day(TODAY)) {
            prop_assert_eq!(found.normalized(), sender.normalized(), "only its case or separator may have changed");
        }
    }

    #[test]
    fn no_local_part_panics(form in forms(), local in "(SRS[01][=+-])?.{0,40}") {
        let Ok(found) = Address::parse(&format!("{local}@fwd.example.net")) else { return Ok(()) };
        prop_assert!(!matches!(first(form).reverse(&found, day(TODAY)), Ok(Some(_))));
        let sender = Address::new(found.local_part(), "c.example".parse().unwrap()).unwrap();
        if let Ok(relayed) = first(form).rewrite(&sender, day(TODAY)) {
            prop_assert!(first(form).reverse(&relayed, day(TODAY)).unwrap().is_some());
        }
    }
}

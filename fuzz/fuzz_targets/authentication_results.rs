//! What is read of Authentication-Results reads back as written, and nothing of our own id is left behind by stripping.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_auth::results::{AuthservId, Results, strip};
use posthaste_fuzz::{assert_one_field, assert_one_line};

fuzz_target!(|raw: &[u8]| {
    let value = String::from_utf8_lossy(raw);
    if let Ok(results) = Results::parse(&value) {
        for result in results.results() {
            result.reason_text().into_iter().for_each(assert_one_line);
            result.properties().iter().for_each(|one| assert_one_line(one.value()));
        }
        if let Ok(field) = results.to_field() {
            assert_one_field(field.as_str());
            let written = field.as_str().split_once(':').map(|(_, value)| value.to_owned()).expect("a field");
            let again = Results::parse(&written).expect("as written");
            assert_eq!(again.authserv_id(), results.authserv_id());
            let words = |of: &Results| -> Vec<(String, String)> {
                of.results().iter().map(|one| (one.method().to_owned(), one.result().to_owned())).collect()
            };
            assert_eq!(words(&again), words(&results), "{written}");
        }
    }
    let own: AuthservId = "mx.example".parse().expect("an id");
    let (rest, stripped) = strip(raw, &own);
    assert_eq!(strip(&rest, &own), (rest.clone(), 0), "stripped twice");
    assert!(stripped > 0 || rest.as_ref() == raw);
});

//! What an address prints, it reads back; and it holds no line end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_fuzz::assert_one_line;
use posthaste_types::{Address, Mailbox, ReversePath};

fuzz_target!(|text: &str| {
    if let Ok(address) = Address::parse(text) {
        assert_one_line(address.as_str());
        assert_eq!(Address::parse(address.as_str()).as_ref(), Ok(&address));
        assert_eq!(Address::new(address.local_part(), address.domain().clone()).as_ref(), Ok(&address));
    }
    if let Ok(mailbox) = Mailbox::parse(text) {
        let shown = mailbox.to_string();
        assert_one_line(&shown);
        assert_eq!(Mailbox::parse(&shown), Ok(mailbox));
    }
    if let Ok(path) = ReversePath::parse(text) {
        let shown = path.to_string();
        assert_one_line(&shown);
        assert_eq!(ReversePath::parse(&shown), Ok(path));
    }
});

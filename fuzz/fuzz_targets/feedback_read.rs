//! A report says the same with LF or CRLF and never acts for an unknown reporter; XARF says the same however it is written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posthaste_feedback::{Action, Authenticity, Report, read, xarf};
use posthaste_fuzz::assert_one_line;

fuzz_target!(|raw: &[u8]| {
    if let Ok(document) = xarf::parse(raw) {
        assert_one_line(&document.to_string());
        let spaced: Vec<u8> = [b" \r\n", raw, b"\t"].concat();
        assert_eq!(xarf::parse(&spaced).expect("white space alone"), document);
    }
    let Ok(Some(report)) = read(raw) else { return };
    assert_eq!(report.verdict(&Authenticity::Unknown).action, Action::Nothing);
    report.evidence.iter().for_each(|evidence| assert_one_line(&evidence.to_string()));
    report.recipients.iter().for_each(|recipient| assert_one_line(&recipient.to_string()));
    // A bare CR is no line end, and stays out of the comparison.
    if !raw.contains(&b'\r') {
        let crlf = raw.split(|octet| *octet == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
        let other = read(&crlf).expect("as before").expect("as before");
        assert_eq!(said(&report), said(&other));
    }
});

fn said(report: &Report) -> String {
    let Report { form, kind, recipients, mail_from, incidents, source_ip, defects, .. } = report;
    format!("{form:?} {kind:?} {recipients:?} {mail_from:?} {incidents} {source_ip:?} {defects:?}")
}

//! How many octets are looked at: a measure of work that no clock disturbs. Counted in tests alone.

#[cfg(test)]
thread_local! {
    static DONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts work: so many octets were looked at.
#[inline]
pub(crate) fn count(octets: usize) {
    #[cfg(test)]
    DONE.with(|done| done.set(done.get() + octets));
    #[cfg(not(test))]
    let _ = octets;
}

#[cfg(test)]
mod tests {
    use super::DONE;
    use crate::read;

    fn work(raw: &str) -> usize {
        DONE.set(0);
        let _ = read(raw.as_bytes());
        DONE.get()
    }

    /// A message of each shape with about so many octets in the part that grows.
    fn shapes(size: usize) -> Vec<(&'static str, String)> {
        let from = "Return-Path: <>\nFrom: mailer-daemon@a.example\nSubject: failure notice\n";
        let report = |status: &str, original: &str| {
            format!(
                "{from}Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nit failed\n--b\n\
                 Content-Type: message/delivery-status\n\n{status}\n--b\nContent-Type: message/rfc822\n\n{original}\n--b--\n"
            )
        };
        let one = "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n";
        let many: String = (0..size / 80)
            .take(9_000)
            .map(|n| format!("\nFinal-Recipient: rfc822; r{n}@b.example\nAction: failed\nStatus: 5.1.1\n"))
            .collect();
        vec![
            ("a text", format!("{from}\n<a@b.example>:\n{}", "said: 550 user * unknown\n".repeat(size / 25))),
            ("addresses", format!("{from}\n{}", "<a@b.example> \n".repeat(size / 15))),
            ("one line", format!("{from}\n{}", "a@b.example ".repeat(size / 12))),
            ("an original", report(one, &format!("Message-ID: <1@a>\n\n{}", "text\n".repeat(size / 5)))),
            (
                "a diagnostic",
                report(&format!("{one}Diagnostic-Code: smtp; 550 {}", "mailbox user ".repeat(size / 13)), ""),
            ),
            ("recipients", report(&format!("Reporting-MTA: dns; a\n{many}"), "")),
            ("lines like delimiters", report(one, &"--bb\n--b x\n".repeat(size / 11))),
            ("html", format!("{from}Content-Type: text/html\n\n{}", "<p>a@b.example &lt;".repeat(size / 19))),
            (
                "base64",
                format!("{from}Content-Transfer-Encoding: base64\n\n{}", "YUBiLmV4YW1wbGUK\n".repeat(size / 17)),
            ),
        ]
    }

    /// Twice the octets, at most 2.2 times the work.
    #[test]
    fn work_is_linear() {
        for size in [20_000, 320_000, 5_000_000] {
            for ((what, once), (_, twice)) in shapes(size).iter().zip(&shapes(2 * size)) {
                let (once, twice) = (work(once).max(1), work(twice));
                assert!(twice * 10 <= once * 22, "{what} of {size}: {once}, then {twice}");
            }
        }
    }
}

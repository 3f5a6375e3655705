//! Reports that come back, as their senders write them.

use posthaste_types::{Address, Content, Reply, ReversePath};

/// A delivery report for one recipient (RFC 3464), with the header of the message that it is about.
///
/// Addressed to the reverse path of the message, from `MAILER-DAEMON` of the recipient's domain.
pub fn delivery_report(to: &ReversePath, recipient: &Address, reply: &Reply, about: &Content) -> Vec<u8> {
    let domain = recipient.domain();
    let status = reply.enhanced().map_or_else(|| format!("{}.0.0", reply.code() / 100), |status| status.to_string());
    let action = if reply.is_permanent() { "failed" } else { "delayed" };
    let fields = format!(
        "Reporting-MTA: dns; mx.{domain}\r\n\r\n\
         Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; {reply}\r\n"
    );
    let words = format!("Your message could not be delivered.\r\n\r\n<{recipient}>: {reply}\r\n");
    multipart(to, recipient, ("delivery-status", "Undelivered Mail Returned to Sender"), &words, &fields, about)
}

/// A complaint about a message (RFC 5965), with its header.
pub fn complaint(to: &ReversePath, recipient: &Address, about: &Content) -> Vec<u8> {
    let mail_from = to.to_string();
    let fields = format!(
        "Feedback-Type: abuse\r\nUser-Agent: posthaste-testkit/1\r\nVersion: 1\r\n\
         Original-Mail-From: {mail_from}\r\nOriginal-Rcpt-To: {recipient}\r\n"
    );
    let words = "This is an email abuse report for an email message.\r\n";
    multipart(to, recipient, ("feedback-report", "Complaint"), words, &fields, about)
}

fn multipart(
    to: &ReversePath,
    recipient: &Address,
    (report, subject): (&str, &str),
    words: &str,
    fields: &str,
    about: &Content,
) -> Vec<u8> {
    let to = to.address().map(ToString::to_string).unwrap_or_default();
    let domain = recipient.domain();
    let octets = about.to_vec();
    let end = octets.windows(4).position(|w| w == b"\r\n\r\n").map_or(octets.len(), |at| at + 2);
    let header = String::from_utf8_lossy(&octets[..end]).into_owned();
    format!(
        "From: MAILER-DAEMON@{domain}\r\nTo: <{to}>\r\nSubject: {subject}\r\nAuto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type={report}; boundary=\"report\"\r\n\r\n\
         --report\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n\
         --report\r\nContent-Type: message/{report}\r\n\r\n{fields}\r\n\
         --report\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\n--report--\r\n"
    )
    .into_bytes()
}

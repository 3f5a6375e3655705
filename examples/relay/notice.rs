//! What cannot be delivered is told to its sender (RFC 5321 §6.1), as a delivery status notification (RFC 3464).

use std::error::Error;

use posthaste::queue::{Query, Tracked};
use posthaste::{Address, Domain, Ending, Envelope, Event, EventId, EventKind, Fate, Mailer, Raw, ReversePath};

/// Follows the ends of all recipients, from the first that the spool knows of; each failure is told once, by its key.
pub(crate) async fn send_all(mailer: Mailer, hostname: Domain) {
    let mut events = mailer.events(EventId::START).finals().open();
    // An error: the spool is closed, or broken. What was not told is told behind the next start.
    while let Ok(event) = events.next().await {
        if let Err(error) = tell(&mailer, &hostname, &event).await {
            eprintln!("relay: a notice was not sent: {error}");
        }
    }
}

async fn tell(mailer: &Mailer, hostname: &Domain, event: &Event) -> Result<(), Box<dyn Error>> {
    let (Some(id), Some(to), EventKind::Ended { ending }) = (event.mail, &event.recipient, &event.kind) else {
        return Ok(());
    };
    let undelivered = matches!(ending.fate, Fate::Bounced | Fate::Expired | Fate::Suppressed | Fate::Quarantined);
    if !undelivered || event.tags.get("notice").is_some() {
        return Ok(());
    }
    let Some(mail) = mailer.find(&Query::mail(id)).await?.pop() else { return Ok(()) };
    // Never a notice about a notice (RFC 5321 §4.5.5).
    let ReversePath::Address(sender) = &mail.from else { return Ok(()) };
    let envelope = Envelope::new(ReversePath::Null, [sender.clone()])?;
    let raw = Raw::new(envelope, notice(hostname, sender, to, &mail, ending, event))?;
    let key = format!("notice/{}", event.id);
    mailer.send(raw).once(key).await?;
    Ok(())
}

fn notice(hostname: &Domain, sender: &Address, to: &Address, mail: &Tracked, ending: &Ending, event: &Event) -> String {
    let cause = ending.cause.as_ref();
    let reply = cause.and_then(|cause| cause.reply());
    let status = reply.and_then(|reply| reply.enhanced()).map_or_else(
        || if ending.fate == Fate::Expired { "5.4.7".to_owned() } else { "5.0.0".to_owned() },
        |status| status.to_string(),
    );
    let why = cause.map_or_else(|| ending.to_string(), ToString::to_string);
    let diagnostic = reply.map(|reply| format!("Diagnostic-Code: smtp; {reply}\r\n")).unwrap_or_default();
    let message_id = mail.message_id.as_ref().map_or_else(|| "none".to_owned(), |id| format!("<{}>", id.as_str()));
    let (id, date, arrived) = (mail.id, event.at.to_rfc5322(), mail.accepted.to_rfc5322());
    format!(
        "From: Mail delivery <mailer-daemon@{hostname}>\r\nTo: <{sender}>\r\nDate: {date}\r\n\
         Message-ID: <notice.{id}.{place}@{hostname}>\r\nSubject: Not delivered to {to}\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"notice-{id}\"\r\n\r\n\
         --notice-{id}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Your message {message_id} was not delivered to\r\n\r\n    {to}\r\n\r\n{why}\r\n\r\n\
         --notice-{id}\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; {hostname}\r\nArrival-Date: {arrived}\r\n\r\n\
         Final-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: {status}\r\n{diagnostic}\r\n\
         --notice-{id}--\r\n",
        place = event.id,
    )
}

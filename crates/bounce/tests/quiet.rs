//! Mail that speaks of bounces and is none: answers, forwarded threads, newsletters, tickets, notices of lists.

use posthaste_bounce::{ReportKind, read};

/// What bounces say, in words of several systems and languages.
const ERRORS: &[&str] = &[
    "550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
    "<bob@example.org>: host mx.example.org[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command)",
    "   ----- The following addresses had permanent fatal errors -----\n<bob@example.org>\n    (reason: 550 user unknown)",
    "A message that you sent could not be delivered to one or more of its recipients.\n\n  bob@example.org\n    Unrouteable address",
    "Hi. This is the qmail-send program at example.org.\n<bob@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)",
    "Delivery has failed to these recipients or groups:\nbob@example.org\nThe email address you entered couldn't be found.",
    "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown",
    "Ihre Nachricht konnte nicht zugestellt werden: bob@example.org, Benutzer unbekannt",
    "Votre message n'a pas pu être remis à bob@example.org : utilisateur inconnu",
    "次の宛先に配信できませんでした: bob@example.org",
    "552 5.2.2 <bob@example.org>: mailbox full, over quota",
    "Undelivered Mail Returned to Sender: 554 5.7.1 <bob@example.org>: Relay access denied",
];

/// Header and text around what is quoted: `{q}` quoted with `> `, `{e}` as it is.
const SHAPES: &[(&str, &str)] = &[
    ("Subject: Re: Undelivered Mail Returned to Sender\nIn-Reply-To: <1@example.net>\n", "See below.\n\n{q}\n"),
    ("Subject: RE: Delivery Status Notification (Failure)\nReferences: <1@example.net>\n", "{q}\n\nI asked Bob.\n"),
    ("Subject: AW: Unzustellbar: Angebot\n", "Hallo,\n\n-----Ursprüngliche Nachricht-----\n{e}\n"),
    (
        "Subject: Fwd: Mail delivery failed: returning message to sender\n",
        "---------- Forwarded message ---------\n{e}\n",
    ),
    (
        "Subject: FW: failure notice\n",
        "Can you help?\n\n-----Original Message-----\nFrom: Carol <carol@example.org>\n{e}\n",
    ),
    ("Subject: mail to Bob comes back\n", "Hello support,\n\nI get this error:\n\n{e}\n\nWhat can I do?\n"),
    ("Subject: Undeliverable mail, please help\n", "Since Monday I see\n{e}\n"),
    ("Subject: [Ticket 4711] delivery failure\nAuto-Submitted: auto-replied\n", "We got your request:\n\n{q}\n"),
    (
        "Subject: How to read bounces: newsletter 12\nPrecedence: bulk\nList-Unsubscribe: <https://news.example.com/u>\n\
         Return-Path: <bounce-12@news.example.com>\n",
        "This month: what does\n\n    {e}\n\nmean? Read on.\n",
    ),
    (
        "Subject: Out of office: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nReturn-Path: <>\n",
        "I am away until Monday.\n\n{q}\n",
    ),
    (
        "Subject: Your message to announce awaits moderator approval\nPrecedence: bulk\n\
         Return-Path: <announce-bounces@lists.example.org>\n",
        "Is being held until the list moderator can review it. It says:\n{q}\n",
    ),
    (
        "Subject: [announce] Digest, Vol 3\nList-Id: <announce.lists.example.org>\n",
        "Today's topics:\n\n1. bounces\n\n{e}\n",
    ),
    (
        "Subject: Please confirm your message\nAuto-Submitted: auto-replied\nReturn-Path: <>\n",
        "Click to deliver:\n{q}\n",
    ),
    ("Subject: Fw: Warning: message delayed 24 hours\n", "fyi\n{e}\nwill retry for 3 days\n"),
];

const SENDERS: &[&str] =
    &["Carol <carol@example.org>", "\"Support\" <help@example.net>", "dan@example.com", "News <news@example.com>"];

fn message(from: &str, header: &str, text: &str, error: &str) -> String {
    let quoted: Vec<String> = error.lines().map(|line| format!("> {line}")).collect();
    let text = text.replace("{q}", &quoted.join("\n")).replace("{e}", error);
    format!("From: {from}\nTo: Ada <ada@example.com>\nDate: Tue, 24 Nov 2026 10:00:00 +0000\n{header}\n{text}")
}

#[test]
fn mail_that_quotes_bounces_is_none() {
    let mut count = 0;
    for error in ERRORS {
        for (header, text) in SHAPES {
            for from in SENDERS {
                let raw = message(from, header, text, error);
                let kind = read(raw.as_bytes()).unwrap().kind();
                let wrong = matches!(kind, ReportKind::Bounce | ReportKind::Delay | ReportKind::Complaint);
                assert!(!wrong, "{kind}: {raw}");
                count += 1;
            }
        }
    }
    assert!(count > 500, "{count}");
}

#[test]
fn answers_of_programs_are_told() {
    let raw = message(SENDERS[0], SHAPES[9].0, SHAPES[9].1, ERRORS[0]);
    assert_eq!(read(raw.as_bytes()).unwrap().kind(), ReportKind::AutoReply);
    let raw = message(SENDERS[0], SHAPES[12].0, SHAPES[12].1, ERRORS[0]);
    assert_eq!(read(raw.as_bytes()).unwrap().kind(), ReportKind::Challenge);
}

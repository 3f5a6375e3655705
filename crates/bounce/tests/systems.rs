//! Bounces in the words of many mail systems and languages.

use posthaste_bounce::{ReportKind, read};

/// System, From, Subject, text, class.
const BOUNCES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "Postfix, its parts lost",
        "MAILER-DAEMON@mx.example.net (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.net.\n\nI'm sorry to have to inform you that your message could not\n\
         be delivered to one or more recipients. It's attached below.\n\nFor further assistance, please send mail to \
         postmaster.\n\nIf you do so, please include this problem report. You can\ndelete your own text from the attached \
         returned message.\n\n                   The mail system\n\n<bob@example.org>: host mx.example.org[192.0.2.1] said: \
         550\n    5.7.1 Access denied (in reply to MAIL FROM command)\n",
        "sender_address",
    ),
    (
        "OpenSMTPD",
        "Mailer Daemon <MAILER-DAEMON@mx.example.net>",
        "Delivery status notification: error",
        "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    An error has occurred while \
         attempting to deliver a message for\n    the following list of recipients:\n\nbob@example.org: 550 5.1.1 \
         <bob@example.org>: Recipient address rejected: User unknown\n\n    Below is a copy of the original message:\n\n\
         To: bob@example.org\n",
        "bad_mailbox",
    ),
    (
        "Courier",
        "Courier mail server at mx.example.net <@mx.example.net>",
        "NOTICE: mail delivery status.",
        "This is a delivery status notification from mx.example.net,\nrunning the Courier mail server, version 0.73.\n\n\
         The original message was received on Tue, 24 Nov 2026 10:00:00 GMT\nfrom [192.0.2.9]\n\n\
         ---------------------------------------------------------------------------\n\n                           UNDELIVERABLE \
         MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<bob@example.org>:\n    mx.example.org \
         [192.0.2.1]:\n>>> RCPT TO:<bob@example.org>\n<<< 550 5.1.1 <bob@example.org>... User Unknown\n",
        "bad_mailbox",
    ),
    (
        "MailMarshal",
        "<MailMarshal@gw.example.net>",
        "Undeliverable Mail: offer",
        "Your message:\n   From:    ada@example.com\n   Subject: offer\n\nCould not be delivered because of\n\n554 5.7.1 \
         Mail size limit exceeded, message too large\n\nThe following recipients were affected: \n    bob@example.org\n",
        "message_size",
    ),
    (
        "qmail",
        "MAILER-DAEMON@mx.example.net",
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the \
         following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<bob@example.org>:\n\
         192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 <bob@example.org>: User unknown\n\
         Giving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <ada@example.com>\n\nx\n",
        "bad_mailbox",
    ),
    (
        "exim",
        "Mail Delivery System <Mailer-Daemon@mx.example.net>",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be \
         delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  \
         bob@example.org\n    host mx.example.org [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:\
         <bob@example.org>:\n    552 5.2.2 mailbox is full\n\n------ This is a copy of the message, including all the \
         headers. ------\n\nReturn-path: <ada@example.com>\nTo: bob@example.org\n",
        "quota",
    ),
    (
        "sendmail",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
        "Returned mail: see transcript for details",
        "The original message was received at Tue, 24 Nov 2026 10:00:00 GMT\nfrom localhost\n\n   ----- The following \
         addresses had permanent fatal errors -----\n<bob@nowhere.example.org>\n    (reason: 550 Host unknown)\n\n   ----- \
         Transcript of session follows -----\n550 5.1.2 <bob@nowhere.example.org>... Host unknown (Name server: \
         nowhere.example.org: host not found)\n\n   ----- Original message follows -----\n\nTo: bob@nowhere.example.org\n",
        "bad_domain",
    ),
    (
        "Exchange 5.5",
        "System Administrator <postmaster@example.net>",
        "Undeliverable: offer",
        "Your message\n\n  To:      bob@example.org\n  Subject: offer\n  Sent:    Tue, 24 Nov 2026 10:00:00 -0000\n\ndid \
         not reach the following recipient(s):\n\nbob@example.org on Tue, 24 Nov 2026 10:00:05 -0000\n    The recipient \
         name is not recognized\n\tThe MTS-ID of the original message is: c=us;a= ;p=example\n    MSEXCH:IMS:Example:SITE:MX \
         0 (000C05A6) Unknown Recipient\n",
        "bad_mailbox",
    ),
    (
        "Exchange 2010, German",
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net>",
        "Unzustellbar: Angebot",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:\n\nbob@example.org\nDie \
         eingegebene E-Mail-Adresse wurde nicht gefunden.\n\nDiagnoseinformationen für Administratoren:\n\nbob@example.org\n\
         #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nUrsprüngliche Nachrichtenkopfzeilen:\n",
        "bad_mailbox",
    ),
    (
        "Domino",
        "Postmaster@example.net",
        "DELIVERY FAILURE: User bob (bob@example.org) not listed in Domino Directory",
        "Your message\n\n  Subject: offer\n\nwas not delivered to:\n\n  bob@example.org\n\nbecause:\n\n  User bob \
         (bob@example.org) not listed in Domino Directory\n",
        "bad_mailbox",
    ),
    (
        "GroupWise",
        "Mailer-Daemon@example.net",
        "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n\tbob@example.org (550 No such recipient)\n",
        "bad_mailbox",
    ),
    (
        "Gmail",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently:\n\n     bob@example.org\n\nTechnical details of permanent \
         failure:\nGoogle tried to deliver your message, but it was rejected by the server for the recipient domain \
         example.org by mx.example.org. [192.0.2.1].\n\nThe error that the other server returned was:\n550 5.1.1 \
         <bob@example.org>: Recipient address rejected: User unknown\n\n----- Original message -----\n\nTo: bob@example.org\n",
        "bad_mailbox",
    ),
    (
        "Yahoo",
        "MAILER-DAEMON@yahoo.com",
        "Failure Notice",
        "Sorry, we were unable to deliver your message to the following address.\n\n<bob@example.org>:\n552: 5.2.2 This \
         message is larger than the current system limit or the recipient's mailbox is full. Create a shorter message.\n\n\
         --- Below this line is a copy of the message.\n",
        "quota",
    ),
    (
        "mail.ru",
        "mailer-daemon@corp.mail.ru",
        "Mail failure.",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered \
         to one or more of its\nrecipients. This is a permanent error.\nThe following address(es) failed:\n\n\
         bob@example.org\nSMTP error from remote mail server after RCPT TO:<bob@example.org>:\n550 Message was not accepted \
         -- invalid mailbox.  Local mailbox bob@example.org is unavailable: user not found\n",
        "bad_mailbox",
    ),
    (
        "Yandex, Russian",
        "Mail Delivery System <mailer-daemon@yandex.ru>",
        "Недоставленное сообщение",
        "Это письмо отправлено почтовым сервером yandex.ru.\n\nК сожалению, мы вынуждены сообщить Вам о том, что Ваше письмо \
         не может быть отправлено одному или нескольким адресатам. Технические подробности можно найти ниже.\n\n\
         <bob@example.org>: пользователь не найден\n",
        "bad_mailbox",
    ),
    (
        "QQ, Chinese",
        "postmaster@qq.com",
        "系统退信",
        "抱歉，您的邮件被退回来了……\n\n无法发送到 bob@example.org\n退信原因：收件人邮件地址不存在，邮件无法送达。\n\
         host mx.example.org[192.0.2.1] said: 550 用户不存在\n",
        "bad_mailbox",
    ),
    (
        "a Japanese provider",
        "MAILER-DAEMON@example.ne.jp",
        "メールの配信ができませんでした",
        "次の宛先にメールを配信できませんでした。\n\n<bob@example.org>\nメールボックスが一杯です。容量を超えています。\n",
        "quota",
    ),
    (
        "a Korean provider",
        "postmaster@example.co.kr",
        "메일 전송 실패",
        "다음 수신자에게 메일을 전달할 수 없습니다.\n\nbob@example.org\n존재하지 않는 사용자입니다.\n",
        "bad_mailbox",
    ),
    (
        "Exchange, French",
        "postmaster@example.fr",
        "Non remis : offre",
        "Votre message n'a pas pu être remis aux destinataires suivants :\n\nbob@example.org\nLa boîte aux lettres du \
         destinataire est pleine.\n",
        "quota",
    ),
    (
        "Exchange, Spanish",
        "postmaster@example.es",
        "No se puede entregar: oferta",
        "No se pudo entregar el mensaje a los siguientes destinatarios:\n\nbob@example.org\nLa dirección no existe.\n",
        "bad_mailbox",
    ),
    (
        "Exchange, Italian",
        "postmaster@example.it",
        "Non recapitabile: offerta",
        "Impossibile recapitare il messaggio ai seguenti destinatari:\n\nbob@example.org\nutente sconosciuto\n",
        "bad_mailbox",
    ),
    (
        "Exchange, Portuguese",
        "postmaster@example.com.br",
        "Não entregue: oferta",
        "Não foi possível entregar a mensagem aos destinatários:\n\nbob@example.org\nA caixa de correio está cheia.\n",
        "quota",
    ),
    (
        "Exchange, Dutch",
        "postmaster@example.nl",
        "Onbestelbaar: aanbod",
        "Het bericht kon niet worden bezorgd bij:\n\nbob@example.org\nonbekende gebruiker\n",
        "bad_mailbox",
    ),
    (
        "Exchange, Polish",
        "postmaster@example.pl",
        "Niedostarczalne: oferta",
        "Nie można dostarczyć wiadomości do następujących adresatów:\n\nbob@example.org\nadres nie istnieje\n",
        "bad_mailbox",
    ),
    (
        "Exchange, Turkish",
        "postmaster@example.com.tr",
        "Teslim edilemedi: teklif",
        "İletiniz şu alıcılara teslim edilemedi:\n\nbob@example.org\nkullanıcı bulunamadı\n",
        "bad_mailbox",
    ),
    (
        "KDDI",
        "Postmaster@ezweb.ne.jp",
        "Mail System Error - Returned Mail",
        "The user(s) account is disabled.\n\n<bob@example.org>:550 : User unknown\n",
        "bad_mailbox",
    ),
    (
        "a gateway",
        "postmaster@gw.example.net",
        "Delivery failure",
        "Could not deliver message to the following recipient(s):\n\nFailed Recipient: bob@example.org\nReason: Remote host \
         said: 554 5.7.1 Message rejected as spam by content filter\n\n   -- The header and top 20 lines of the message \
         follows --\n",
        "spam_content",
    ),
];

fn message(from: &str, subject: &str, text: &str) -> String {
    let subject: String = match subject.is_ascii() {
        true => subject.to_owned(),
        false => format!("=?utf-8?q?{}?=", subject.bytes().map(|octet| format!("={octet:02X}")).collect::<String>()),
    };
    format!(
        "Return-Path: <>\r\nFrom: {from}\r\nTo: ada@example.com\r\nSubject: {subject}\r\n\r\n{}",
        text.replace('\n', "\r\n")
    )
}

#[test]
fn each_system_is_understood() {
    let mut wrong = Vec::new();
    for (system, from, subject, text, class) in BOUNCES {
        let reading = read(message(from, subject, text).as_bytes()).unwrap();
        let found: Vec<_> =
            reading.recipients().iter().map(|r| (r.address.as_str(), r.class().as_str(), r.kind)).collect();
        let wanted = if text.contains("nowhere") { "bob@nowhere.example.org" } else { "bob@example.org" };
        if found != [(wanted, *class, ReportKind::Bounce)] {
            wrong.push(format!("{system}: not {class}: {reading:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The same text in an older character set, and in base64.
#[test]
fn character_sets_of_old_are_read() {
    let japanese = b"\x1b$B0J2<$N08@h$K\x1b(B\r\n\r\n<bob@example.org>\r\n\x1b$B%a!<%k%\\%C%/%9$,0lGU$G$9\x1b(B\r\n";
    let head = "Return-Path: <>\r\nFrom: MAILER-DAEMON@example.ne.jp\r\nTo: ada@example.com\r\nSubject: Returned mail\r\n\
                Content-Type: text/plain; charset=iso-2022-jp\r\n";
    let raw = [head.as_bytes(), b"\r\n", japanese].concat();
    let reading = read(&raw).unwrap();
    let [bob] = reading.recipients() else { panic!("{reading:?}") };
    assert_eq!((bob.address.as_str(), bob.class().as_str()), ("bob@example.org", "quota"));

    let koi8 =
        b"<bob@example.org>: \xd0\xcf\xcc\xd8\xda\xcf\xd7\xc1\xd4\xc5\xcc\xd8 \xce\xc5 \xce\xc1\xca\xc4\xc5\xce\r\n";
    let raw = [head.replace("iso-2022-jp", "koi8-r").as_bytes(), b"\r\n", koi8].concat();
    assert_eq!(read(&raw).unwrap().recipients()[0].class().as_str(), "bad_mailbox");

    let head = head.replace("iso-2022-jp", "utf-8\r\nContent-Transfer-Encoding: base64");
    let raw = format!("{head}\r\nPGJvYkBleGFtcGxlLm9yZz46IHVzZXIgdW5rbm93bgo=\r\n");
    let reading = read(raw.as_bytes()).unwrap();
    let [bob] = reading.recipients() else { panic!("{reading:?}") };
    assert_eq!((bob.class().as_str(), bob.said_at.clone()), ("bad_mailbox", None));
}

/// A notice of Amazon SES, cut by Sendmail as long lines are.
#[test]
fn amazon_ses_notices_are_read() {
    let notice = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecip!
 ients":[{"emailAddress":"bob@example.org","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}],
 "reportingMTA":"dsn; a1-2.smtp-out.amazonses.com"},"mail":{"destination":["bob@example.org"]}}"#;
    let raw = format!(
        "From: no-reply@sns.amazonaws.com\nTo: ada@example.com\nSubject: AWS Notification Message\n\n{notice}\n\n--\nleave\n"
    );
    let reading = read(raw.as_bytes()).unwrap();
    let [bob] = reading.recipients() else { panic!("{reading:?}") };
    assert_eq!(
        (bob.address.as_str(), bob.class().as_str(), bob.kind),
        ("bob@example.org", "bad_mailbox", ReportKind::Bounce)
    );
    assert_eq!(reading.reporting_mta(), Some("a1-2.smtp-out.amazonses.com"));
    let complaint = raw
        .replace("Bounce", "Complaint")
        .replace("bounce\"", "complaint\"")
        .replace("bouncedRecip", "complainedRecip");
    assert_eq!(read(complaint.as_bytes()).unwrap().kind(), ReportKind::Complaint);
}

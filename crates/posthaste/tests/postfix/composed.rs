//! Two hundred messages of our own making: every script in every shape, with texts of every length.
//!
//! Four wheels of 19 scripts, 10 shapes, 9 texts and 7 extras turn together. Their sizes have no common divisor, and no
//! two multiply to more than 200, so every pair of their positions comes up; a test counts them.

use std::collections::HashSet;

use posthaste::message::AutoSubmitted;
use posthaste::{Address, Attachment, Envelope, Mailbox, Message, Raw, Submission};

pub(crate) const COUNT: usize = 200;

/// All of them, each with a line that says what it is.
pub(crate) fn messages() -> Vec<(String, Submission)> {
    (0..COUNT).map(Plan::of).map(|plan| (plan.to_string(), plan.compose())).collect()
}

#[test]
fn every_pair_of_script_shape_text_and_extra_comes_up() {
    let plans: Vec<Plan> = (0..COUNT).map(Plan::of).collect();
    let wheels = [SCRIPTS.len(), Shape::ALL.len(), TEXTS.len(), Extra::ALL.len()];
    for one in 0..wheels.len() {
        for two in 0..one {
            let pairs: HashSet<_> = plans.iter().map(|plan| (plan.places()[one], plan.places()[two])).collect();
            assert_eq!(pairs.len(), wheels[one] * wheels[two]);
        }
    }
}

/// What one message is to be.
struct Plan {
    number: usize,
    script: &'static (&'static str, &'static str),
    shape: Shape,
    text: &'static Text,
    extra: Extra,
}

impl Plan {
    fn of(number: usize) -> Self {
        fn turn<T>(wheel: &[T], number: usize) -> &T {
            &wheel[number % wheel.len()]
        }
        let (shape, extra) = (*turn(&Shape::ALL, number), *turn(&Extra::ALL, number));
        Self { number, script: turn(&SCRIPTS, number), shape, text: turn(&TEXTS, number), extra }
    }

    fn places(&self) -> [usize; 4] {
        [SCRIPTS.len(), Shape::ALL.len(), TEXTS.len(), Extra::ALL.len()].map(|wheel| self.number % wheel)
    }

    fn words(&self) -> &'static str {
        self.script.1
    }

    fn text(&self) -> String {
        (self.text.1)(self.words())
    }

    fn from(&self) -> Mailbox {
        let address = match self.extra {
            Extra::Utf8Sender => format!("{}@bücher.test", turn_of(&UTF8_LOCAL_PARTS, self.number)),
            _ => "ada@sender.test".to_owned(),
        };
        Mailbox::new(self.words(), address.parse().unwrap()).unwrap()
    }

    /// Nobody else is in the way of a mail of this number.
    fn to(&self) -> Vec<Mailbox> {
        let number = self.number;
        let address = |local: String, domain: &str| -> Address { format!("{local}@{domain}").parse().unwrap() };
        match self.extra {
            Extra::Utf8Recipient => {
                let local = turn_of(&UTF8_LOCAL_PARTS, number / Extra::ALL.len());
                vec![
                    Mailbox::new(self.words(), address(format!("{local}-{number}"), "δοκιμή.test")).unwrap(),
                    Mailbox::new("", address(format!("plain-{number}"), "one.test")).unwrap(),
                ]
            }
            Extra::ManyRecipients => (0..MANY)
                .map(|place| {
                    let domain = ["one.test", "two.test", "three.test"][place % 3];
                    Mailbox::new(self.words(), address(format!("to-{number}-{place}"), domain)).unwrap()
                })
                .collect(),
            _ => vec![Mailbox::new(self.words(), address(format!("to-{number}"), "one.test")).unwrap()],
        }
    }

    fn compose(&self) -> Submission {
        if self.shape == Shape::Raw8Bit { self.compose_raw().into() } else { self.compose_message().into() }
    }

    fn compose_message(&self) -> Message {
        let (text, words) = (self.text(), self.words());
        let html = format!("<p>{words}</p>\r\n<pre>{text}</pre>\r\n");
        let image = || Attachment::new(format!("{words}.png"), "image/png", octets(700));
        let names = [
            format!("{words}.txt"),
            r#"a "quoted" \ name; with=all'of*it%.bin"#.to_owned(),
            words.repeat(200 / words.len()) + ".dat",
        ];
        let files = names.map(|name| Attachment::new(name, "application/octet-stream", octets(3_000 + self.number)));
        let inner = |octets: Vec<u8>| Attachment::new("forwarded.eml", "message/rfc822", octets);

        let mut message = Message::builder().from(self.from()).subject(words);
        message = self.to().into_iter().fold(message, |message, to| message.to(to));
        message = match self.shape {
            Shape::Text => message.text(text),
            Shape::Html => message.html(html),
            Shape::Alternative => message.text(text).html(html),
            Shape::Attachments => files.into_iter().fold(message.text(text), |message, file| message.attach(file)),
            Shape::AttachmentAlone => message.attach(Attachment::new(format!("{words}.txt"), "text/plain", text)),
            Shape::InlineImage => {
                message.html(format!("{html}<img src=\"cid:logo@sender.test\">")).inline("logo@sender.test", image())
            }
            Shape::Everything => files
                .into_iter()
                .fold(message.text(text).html(html).inline("logo@sender.test", image()), |message, file| {
                    message.attach(file)
                }),
            Shape::Nested => message.text(text).attach(inner(plain_octets("us-ascii", "7bit", "Hello,\r\n"))),
            // A message is never encoded within another (RFC 2046 §5.2.1): the whole needs 8BITMIME.
            Shape::Nested8Bit => {
                let body = wrapped(&self.text()) + words + "\r\n";
                message.text(text).attach(inner(plain_octets("utf-8", "8bit", &body)))
            }
            Shape::Raw8Bit => unreachable!("made from octets"),
        };
        message = match self.extra {
            Extra::None | Extra::Utf8Sender | Extra::Utf8Recipient | Extra::ManyRecipients => message,
            Extra::List => message
                .list_id(&format!("{words} <weekly.sender.test>"))
                .list_unsubscribe("mailto:leave@sender.test?subject=leave")
                .one_click("https://sender.test/u/4711")
                .feedback_id("42:weekly:bulk:sender")
                .auto_submitted(AutoSubmitted::Generated),
            Extra::Thread => (0..30)
                .fold(message.in_reply_to("29@sender.test"), |message, id| {
                    message.references(format!("{id}@sender.test"))
                })
                .cc(Mailbox::new(words, format!("cc-{}@two.test", self.number).parse().unwrap()).unwrap())
                .bcc(format!("bcc-{}@three.test", self.number))
                .reply_to(Mailbox::new(words, "answers@sender.test".parse().unwrap()).unwrap()),
            Extra::LongHeader => (0..40)
                .fold(message, |message, field| message.header(&format!("X-Field-{field}"), words))
                .header("X-Long", &words.repeat(8_000 / words.len()))
                .header("X-Unbroken", &"x".repeat(900)),
        };
        message.build().unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    /// 8-bit octets in the body, and in the header where the extra has UTF-8 addresses.
    fn compose_raw(&self) -> Raw {
        let envelope = Envelope::new(self.from().address().clone(), self.to().iter().map(Mailbox::address)).unwrap();
        let is_utf8 = matches!(self.extra, Extra::Utf8Sender | Extra::Utf8Recipient);
        let from = self.from();
        let mut header = match is_utf8 {
            true => format!("Subject: {}\r\nFrom: \"{}\" <{}>\r\n", self.words(), self.words(), from.address()),
            false => format!("Subject: raw\r\nFrom:  Ada\t<{}>\r\n", from.address()),
        };
        let to: Vec<String> = self.to().iter().map(|to| to.address().to_string()).collect();
        header += &format!("To: {}\r\n", to.join(",\r\n\t"));
        header += &format!("Date: Tue, 24 Nov 2026 10:00:00 +0100 (CET)\r\nMESSAGE-ID:<raw-{}@x>\r\n", self.number);
        header += "X-Empty:\r\nX-Folded: one \r\n \ttwo  \r\n\tthree\r\n";
        let mut octets = header.into_bytes();
        // Every octet above 127 is a letter in one of the sets that need no other name.
        let (charset, body) = match self.number / Shape::ALL.len() % 2 {
            0 => ("utf-8", wrapped(&self.text()).into_bytes()),
            _ => ("iso-8859-1", (0xa0..=0xff).chain(*b"\r\n").collect()),
        };
        octets.extend_from_slice(mime_fields(charset, "8bit").as_bytes());
        octets.extend_from_slice(b"\r\n");
        octets.extend(body);
        Raw::new(envelope, octets).unwrap()
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { number, script, shape, text, extra } = self;
        write!(f, "composed {number}: {}, {shape:?}, {}, {extra:?}", script.0, text.0)
    }
}

fn turn_of<'a>(wheel: &[&'a str], number: usize) -> &'a str {
    wheel[number % wheel.len()]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text,
    Html,
    Alternative,
    Attachments,
    AttachmentAlone,
    InlineImage,
    Everything,
    Nested,
    Nested8Bit,
    Raw8Bit,
}

impl Shape {
    const ALL: [Self; 10] = [
        Self::Text,
        Self::Html,
        Self::Alternative,
        Self::Attachments,
        Self::AttachmentAlone,
        Self::InlineImage,
        Self::Everything,
        Self::Nested,
        Self::Nested8Bit,
        Self::Raw8Bit,
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extra {
    None,
    Utf8Sender,
    Utf8Recipient,
    List,
    ManyRecipients,
    Thread,
    LongHeader,
}

impl Extra {
    const ALL: [Self; 7] = [
        Self::None,
        Self::Utf8Sender,
        Self::Utf8Recipient,
        Self::List,
        Self::ManyRecipients,
        Self::Thread,
        Self::LongHeader,
    ];
}

const SCRIPTS: [(&str, &str); 19] = [
    ("ASCII", "Your order is on its way"),
    ("Latin", "Žluťoučký kůň, æøå, ñ, ß, Đặng"),
    ("combining marks", "e\u{301}a\u{308}o\u{302}\u{323} z\u{334}\u{361}\u{489}"),
    ("Greek", "Η παραγγελία σας έρχεται"),
    ("Cyrillic", "Ваш заказ уже в пути"),
    ("Armenian", "Ձեր պատվերը ճանապարհին է"),
    ("Georgian", "თქვენი შეკვეთა გზაშია"),
    ("Hebrew", "ההזמנה שלך בדרך"),
    ("Arabic", "طلبك في الطريق إليك"),
    ("direction marks", "a\u{200f}ב\u{200e}c \u{202b}د\u{202c} \u{2067}ه\u{2069}"),
    ("Devanagari", "आपका ऑर्डर रास्ते में है"),
    ("Tamil", "உங்கள் ஆர்டர் வருகிறது"),
    ("Thai", "คำสั่งซื้อของคุณกำลังมา"),
    ("Ethiopic", "ትዕዛዝዎ በመንገድ ላይ ነው"),
    ("Chinese", "您的订单正在路上"),
    ("Japanese", "ご注文の品は配送中です"),
    ("Hangul", "주문하신 상품이 오고 있습니다"),
    ("emoji", "📦👩\u{200d}🚀👍🏽🇪🇺❤\u{fe0f}"),
    ("plane 2", "𠀀𠮷𪚥 𒀀𒁁"),
];

/// A text made of the words of a script.
type Text = (&'static str, fn(&str) -> String);

/// Lengths are in octets.
const TEXTS: [Text; 9] = [
    ("no text", |_| String::new()),
    ("one character", |words| words.chars().next().map(String::from).unwrap_or_default()),
    ("a line of 76", |words| exactly(words, 76)),
    ("a line of 78", |words| exactly(words, 78)),
    ("a line of 998", |words| exactly(words, 998)),
    ("a line of 999", |words| exactly(words, 999)),
    ("a line of 300,000", |words| exactly(words, 300_000)),
    ("2,000 lines", |words| (0..2_000).map(|line| exactly(words, line % 90) + "\r\n").collect()),
    ("lines that hops change", |words| {
        format!(
            ".\r\n..\r\n. {words}\r\nFrom {words}\r\n>From x\r\n--\r\n-- \r\n{words} \t \r\n\t\r\n=20\r\n\r\n\r\n\r\n"
        )
    }),
];

const UTF8_LOCAL_PARTS: [&str; 8] =
    ["jürgen", "δοκιμή", "почта", "用户", "사용자", "उपयोगकर्ता", "مستخدم", "üser+tag.\u{1f4e6}"];

/// More than Postfix takes to one transaction (50), and than a relay gets in one (100).
const MANY: usize = 120;

/// A text of so many octets, without a line end.
fn exactly(words: &str, octets: usize) -> String {
    let mut text = String::with_capacity(octets);
    for c in words.chars().cycle() {
        if text.len() + c.len_utf8() > octets {
            break;
        }
        text.push(c);
    }
    text.extend(std::iter::repeat_n('x', octets - text.len()));
    text
}

/// The text in lines that may be sent as they are.
fn wrapped(text: &str) -> String {
    let mut wrapped = String::new();
    for line in text.split("\r\n") {
        let mut room = 998;
        for c in line.chars() {
            if c.len_utf8() > room {
                wrapped += "\r\n";
                room = 998;
            }
            wrapped.push(c);
            room -= c.len_utf8();
        }
        wrapped += "\r\n";
    }
    wrapped
}

/// Every octet value, often.
fn octets(count: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(count).collect()
}

fn mime_fields(charset: &str, encoding: &str) -> String {
    format!(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    )
}

/// A message to put into another.
fn plain_octets(charset: &str, encoding: &str, body: &str) -> Vec<u8> {
    let mime = mime_fields(charset, encoding);
    format!("From: eve@example.org\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n{mime}\r\n{body}").into_bytes()
}

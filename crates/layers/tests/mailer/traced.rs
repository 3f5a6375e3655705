//! The dialogue of one mail, asked for from the Mailer.

use posthaste_layers::Trace;
use posthaste_transport::{Attempt, Capabilities, Direction, Outcomes, TraceLines, TraceSink, TransportError};

use super::*;

/// Says what it does.
#[derive(Debug, Default)]
struct Talks(Memory);

#[async_trait::async_trait]
impl Transport for Talks {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn deliver(&self, attempt: &Attempt) -> Result<Outcomes, TransportError> {
        for to in attempt.recipients() {
            if let Some(sink) = attempt.trace() {
                sink.line(Direction::Sent, &format!("RCPT TO:<{}>", to.address));
            }
        }
        self.0.deliver(attempt).await
    }
}

fn without_id(lines: &TraceLines, receipt: &Receipt) -> String {
    lines.to_string().replace(&receipt.id().to_string(), "ID")
}

#[tokio::test]
async fn each_attempt_for_the_mail_is_written_down_and_nobody_else_s() {
    let talks = Arc::new(Talks::default());
    talks.0.plan(&address("bob@example.org"), [reply(451, "4.7.1 later")]);
    let told = Arc::new(std::sync::Mutex::new(0));
    let count = told.clone();
    let (mailer, inbox) = mailer(|_| Trace::new(talks, move |_| *count.lock().unwrap() += 1)).await;
    let lines = Arc::new(TraceLines::new());
    let receipt = mailer.send(message(&["bob@example.org"])).trace(lines.clone()).await.unwrap();
    mailer.send(message(&["eve@example.org"])).await.unwrap();
    inbox.advance(60 * MINUTE).await;
    let expected = "- mail ID, attempt 1, recipients: 1\n> RCPT TO:<bob@example.org>\n\
                    - mail ID, attempt 2, recipients: 1\n> RCPT TO:<bob@example.org>\n";
    assert_eq!(without_id(&lines, &receipt), expected);
    assert_eq!(*told.lock().unwrap(), 3, "a layer that traces everything hears it too");
}

#[tokio::test]
async fn a_mail_that_waits_can_be_traced_and_left_alone_again() {
    let talks = Arc::new(Talks::default());
    talks.0.plan(&address("bob@example.org"), vec![reply(451, "4.7.1 later"); 3]);
    let given = talks.clone();
    let (mailer, inbox) = mailer(|_| given).await;
    let receipt = mailer.send(message(&["bob@example.org"])).once("order/7").await.unwrap();
    inbox.settle().await;
    let lines = Arc::new(TraceLines::new());
    mailer.trace(receipt.id(), lines.clone());
    inbox.advance(10 * MINUTE).await;
    assert!(without_id(&lines, &receipt).starts_with("- mail ID, attempt 2, recipients: 1\n"), "{lines}");
    assert!(mailer.untrace(receipt.id()).is_some() && mailer.untrace(receipt.id()).is_none());

    // The same mail once more: its sink is that of the mail which was accepted then.
    let again = Arc::new(TraceLines::new());
    let replay = mailer.send(message(&["bob@example.org"])).once("order/7").trace(again.clone()).await.unwrap();
    assert_eq!((replay.is_replay(), replay.id()), (true, receipt.id()));
    inbox.advance(24 * 60 * MINUTE).await;
    assert_eq!(fates(&receipt).await, [Some(Fate::Delivered)]);
    assert!(without_id(&again, &receipt).contains("attempt 4"), "{again}");
    assert!(!lines.to_string().contains("attempt 4"));
}

#[tokio::test]
async fn a_rule_traces_what_was_tagged_for_it() {
    let lines = Arc::new(TraceLines::new());
    let to = lines.clone();
    let rule = move |mail: &posthaste_engine::Traceable<'_>| {
        assert_eq!(mail.recipients().len(), 1);
        mail.tags().get("trace").map(|_| to.clone() as Arc<dyn TraceSink>)
    };
    let test = TestMailer::new().with(|builder| builder.transport(Talks::default()).trace(rule));
    let (mailer, inbox) = test.start().await.unwrap();
    mailer.send(message(&["ada@example.org"])).await.unwrap();
    mailer.send(message(&["bob@example.org"])).tag("trace", "yes").await.unwrap();
    inbox.settle().await;
    assert_eq!(lines.lines().len(), 2, "{lines}");
    assert!(lines.to_string().contains("bob@") && !lines.to_string().contains("ada@"), "{lines}");
}

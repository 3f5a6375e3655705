//! Trace: a dialogue for each attempt, however it ends.

use std::sync::{Arc, Mutex};

use posthaste_layers::{Dialogue, Dialogues, Trace};
use posthaste_transport::{Attempt, Direction, Memory, TraceSink, Transport};

use crate::*;

fn talking(attempt: &Attempt) {
    let trace = attempt.trace().unwrap();
    trace.line(Direction::Note, "connected to [192.0.2.1]:25");
    trace.line(Direction::Sent, "MAIL FROM:<ada@example.com>");
    trace.line(Direction::Received, "250 2.1.0 OK\r\nforged");
}

#[tokio::test]
async fn the_last_dialogues_are_kept() {
    let dialogues = Dialogues::new(2);
    let trace = Trace::new(Seen::new(talking), dialogues.sink());
    for id in 1..=3 {
        let attempt = Attempt::of(&mail_of(id, &["bob@example.org"]));
        assert_eq!(kinds(&trace.deliver(&attempt).await.unwrap()), [Accepted]);
    }
    let kept: Vec<_> = dialogues.list().iter().map(|dialogue| dialogue.mail.to_bytes()[0]).collect();
    assert_eq!(kept, [2, 3]);
    let [of_three] = &dialogues.of(mail_of(3, &["bob@example.org"]).id())[..] else { panic!("one") };
    let text = "- connected to [192.0.2.1]:25\n> MAIL FROM:<ada@example.com>\n< 250 2.1.0 OK  forged\n";
    assert_eq!(of_three.to_string(), text);
    assert!(!format!("{dialogues:?}").contains("ada@"), "no address is printed unasked");
}

#[tokio::test]
async fn the_attempt_s_own_sink_hears_it_too() {
    #[derive(Debug, Default)]
    struct Own(Mutex<usize>);
    impl TraceSink for Own {
        fn line(&self, _: Direction, _: &str) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let own = Arc::new(Own::default());
    let attempt = Attempt::builder(mail_of(1, &["bob@example.org"])).trace(own.clone()).build();
    Trace::new(Seen::new(talking), |_| {}).deliver(&attempt).await.unwrap();
    assert_eq!(*own.0.lock().unwrap(), 3);
}

#[tokio::test]
async fn lines_are_bounded_and_counted() {
    let told: Arc<Mutex<Vec<Dialogue>>> = Arc::default();
    let to = told.clone();
    let chatter = Seen::new(|attempt| {
        for _ in 0..Trace::<Seen>::MAX_LINES + 7 {
            attempt.trace().unwrap().line(Direction::Received, &"x".repeat(5000));
        }
    });
    let trace = Trace::new(chatter, move |dialogue| to.lock().unwrap().push(dialogue));
    trace.deliver(&attempt(&["bob@example.org"])).await.unwrap();
    let told = told.lock().unwrap();
    assert_eq!((told[0].lines.len(), told[0].left_out), (Trace::<Seen>::MAX_LINES, 7));
    assert!(told[0].lines.iter().all(|(_, line)| line.as_str().len() <= 1000));
}

#[tokio::test]
async fn a_dropped_attempt_has_its_dialogue() {
    let dialogues = Dialogues::new(1);
    let trace = Trace::new(Memory::new(), dialogues.sink());
    trace.inner().plan(&address("bob@example.org"), [posthaste_transport::Answer::Hang]);
    let attempt = attempt(&["bob@example.org"]);
    tokio::select! {
        biased;
        _ = trace.deliver(&attempt) => panic!("it hangs"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(dialogues.list().len(), 1);
}

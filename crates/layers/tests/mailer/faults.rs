//! Whatever relays answer, in whatever order: one ending a recipient (I1), who was relayed was reached, and nobody is
//! reached twice but behind a doubt (I3).

use posthaste_layers::{Failover, Limits, Retry, RouteBy, Throttle, Timeout};
use posthaste_transport::TransportErrorKind;
use posthaste_types::Clock;
use proptest::prelude::*;

use super::*;

const TO: [&str; 4] = ["a@example.org", "b@example.org", "c@example.net", "d@example.net"];

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(Answer::Accept),
        2 => Just(Answer::CutBefore),
        1 => Just(Answer::CutBehind),
        1 => Just(Answer::Hang),
        1 => Just(Answer::WrongCredential),
        2 => Just(reply(451, "4.7.1 later")),
        1 => Just(reply(550, "5.1.1 no such user")),
    ]
}

/// For each of three relays and each recipient, the answers to come.
fn plans() -> impl Strategy<Value = Vec<Vec<Vec<Answer>>>> {
    prop::collection::vec(prop::collection::vec(prop::collection::vec(answer(), 0..5), TO.len()), 3)
}

fn stack(relays: &[Arc<Memory>], clock: Arc<dyn Clock>) -> impl Transport + use<> {
    let one_try = |n: usize| Timeout::new(relays[n].clone(), Duration::from_secs(10), clock.clone());
    let both = Failover::new(Retry::new(one_try(0), clock.clone()), clock.clone())
        .then(one_try(1))
        .on([TransportErrorKind::Unreachable, TransportErrorKind::Misconfigured])
        .on_no_reply();
    let by_domain = RouteBy::new(both).domain("example.net".parse().unwrap(), one_try(2));
    Throttle::new(by_domain, clock).overall(Limits::unlimited().at_a_time(1))
}

async fn run(plans: &[Vec<Vec<Answer>>], together: bool) -> Result<(), TestCaseError> {
    let relays: Vec<Arc<Memory>> = (0..3).map(|_| Arc::new(Memory::relay())).collect();
    for (relay, plans) in relays.iter().zip(plans) {
        TO.iter().zip(plans).for_each(|(to, answers)| relay.plan(&address(to), answers.clone()));
    }
    let (mailer, inbox) = mailer(|clock| stack(&relays, clock)).await;
    let mails: Vec<Vec<&str>> = if together { vec![TO.to_vec()] } else { TO.iter().map(|to| vec![*to]).collect() };
    for to in &mails {
        mailer.send(message(to)).await.unwrap();
    }
    inbox.advance(6 * 24 * 60 * MINUTE).await;
    let courses = courses(&mailer).await;
    for to in TO {
        let course = &courses[to];
        let [ending] = &course.endings[..] else { panic!("I1: {to}: {:?}", course.endings) };
        let times: usize = relays.iter().map(|relay| taken(relay, to)).sum();
        prop_assert!(times <= 1 + course.doubts, "I3: {to} was reached {times} times, with {} doubts", course.doubts);
        if ending.fate == Fate::Relayed {
            prop_assert!(times >= 1, "{to} was not reached");
        } else {
            prop_assert!(times <= course.doubts, "{to}: {:?}, and was reached", ending.fate);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn one_ending_and_no_duplicate_without_a_doubt(plans in plans(), together in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(&plans, together))?;
    }
}

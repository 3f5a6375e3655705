//! The handler that follows the plans.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use posthaste_receive::{Handler, HandlerError, Incoming, Session, Verdict, Verdicts};
use posthaste_smtp::Credentials;
use posthaste_types::{Address, Clock, Content, Envelope, Timestamp};
use tokio::sync::watch;

use super::front::{Wire, Wires};
use super::plan::{Arrived, Plan, Report, parse};

/// Follows the plans, and writes down what came.
pub(super) struct Scripted {
    pub(super) wires: Arc<Wires>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) users: Vec<(String, String)>,
    pub(super) on_report: Option<Arc<dyn Fn(Report) + Send + Sync>>,
    pub(super) count: watch::Sender<usize>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    otherwise: Option<Plan>,
    plans: HashMap<Address, Planned>,
    arrived: Vec<Arrived>,
}

#[derive(Debug, Default)]
struct Planned {
    next: VecDeque<Plan>,
    always: Option<Plan>,
    attempts: Vec<Timestamp>,
    /// How many of them were made before the plan.
    seen_before: usize,
    /// What was chosen for the transaction of each connection.
    chosen: HashMap<std::net::SocketAddr, Plan>,
}

impl Scripted {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            wires: Arc::default(),
            clock,
            users: Vec::new(),
            on_report: None,
            count: watch::Sender::new(0),
            state: Mutex::default(),
        }
    }

    pub(super) fn plan(&self, to: Address, plan: Plan) {
        let mut state = self.state();
        let planned = state.plans.entry(to).or_default();
        planned.next.clear();
        planned.seen_before = planned.attempts.len();
        planned.always = Some(plan);
    }

    pub(super) fn plan_next(&self, to: Address, plans: impl IntoIterator<Item = Plan>) {
        self.state().plans.entry(to).or_default().next.extend(plans);
    }

    pub(super) fn plan_others(&self, plan: Plan) {
        self.state().otherwise = Some(plan);
    }

    pub(super) fn attempts(&self, to: &Address) -> Vec<Timestamp> {
        self.state().plans.get(to).map(|planned| planned.attempts.clone()).unwrap_or_default()
    }

    pub(super) fn arrived(&self) -> Vec<Arrived> {
        self.state().arrived.clone()
    }

    pub(super) fn drain(&self) -> Vec<Arrived> {
        let mut state = self.state();
        self.count.send_replace(0);
        std::mem::take(&mut state.arrived)
    }

    /// The plan for an attempt that begins now.
    fn choose(&self, session: &Session, to: &Address) -> Plan {
        let mut state = self.state();
        let otherwise = state.otherwise.clone();
        let planned = state.plans.entry(to.clone()).or_default();
        planned.attempts.push(self.clock.wall());
        let plan = planned.next.pop_front().or_else(|| planned.always.clone()).or(otherwise).unwrap_or(Plan::Accept);
        let attempt = planned.attempts.len().saturating_sub(planned.seen_before);
        let plan = match plan {
            Plan::Greylist { attempts } if attempt <= usize::try_from(attempts).unwrap_or(usize::MAX) => {
                Plan::reply("451 4.7.1 greylisted, try again later")
            }
            Plan::Greylist { .. } => Plan::Accept,
            plan => plan,
        };
        planned.chosen.insert(session.peer().address, plan.clone());
        plan
    }

    /// The plans that were chosen for a message's recipients, in their order.
    fn chosen(&self, session: &Session, envelope: &Envelope) -> Vec<Plan> {
        let state = self.state();
        let of = |to: &Address| state.plans.get(to)?.chosen.get(&session.peer().address).cloned();
        envelope.to().iter().map(|to| of(&to.address).unwrap_or(Plan::Accept)).collect()
    }

    fn wire(&self, session: &Session) -> Option<Arc<Wire>> {
        self.wires.find(session.peer().address)
    }

    fn keep(&self, session: &Session, mail: &Incoming<'_>, taken: &[usize]) {
        let Some(envelope) = mail.envelope().subset(taken) else { return };
        let client = self.wire(session).map_or(session.peer().address, |wire| wire.client);
        let mut state = self.state();
        state.arrived.push(Arrived {
            envelope,
            octets: mail.as_sent().to_vec(),
            fingerprint: mail.fingerprint(),
            tls: session.tls().cloned(),
            authenticated: session.authenticated().map(str::to_owned),
            hello: session.hello().to_owned(),
            client,
            at: self.clock.wall(),
        });
        self.count.send_replace(state.arrived.len());
    }

    /// Gives the reports that were planned, each at its time.
    fn report(&self, mail: &Incoming<'_>, plans: &[Plan]) {
        let Some(on_report) = &self.on_report else { return };
        let from = mail.envelope().from();
        let Ok((content, _)) = Content::from_raw(mail.as_sent().to_vec()) else { return };
        for (to, plan) in mail.envelope().to().iter().zip(plans) {
            let Plan::Bounce { reply, after } = plan else { continue };
            if from.address().is_none() {
                continue; // RFC 5321 §4.5.5: nobody is told of a report's own failure
            }
            let octets = crate::report::delivery_report(from, &to.address, reply, &content);
            let report = Report { to: from.clone(), recipient: to.address.clone(), octets };
            let (clock, on_report) = (Arc::clone(&self.clock), Arc::clone(on_report));
            let at = clock.tick().saturating_add(*after);
            tokio::spawn(async move {
                clock.sleep_until(at).await;
                on_report(report);
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Handler for Scripted {
    async fn authenticate(&self, _: &Session, credentials: &Credentials) -> Verdict {
        let shown = (credentials.username(), credentials.password());
        if self.users.iter().any(|(name, password)| (name.as_str(), password.as_str()) == shown) {
            return Verdict::Accept;
        }
        Verdict::from_reply(parse("535 5.7.8 authentication credentials invalid"))
    }

    async fn recipient(&self, session: &Session, to: &Address) -> Verdict {
        let wire = self.wire(session);
        match (self.choose(session, to), wire) {
            (Plan::Reply(reply), _) => Verdict::from_reply(reply),
            (Plan::CutBeforeBody, Some(wire)) => {
                wire.cut().await;
                gone()
            }
            (Plan::CutInBody { after }, Some(wire)) => {
                wire.cut_after(after);
                Verdict::Accept
            }
            (Plan::Hang, Some(wire)) => {
                wire.closed().await;
                gone()
            }
            _ => Verdict::Accept,
        }
    }

    async fn message(&self, session: &Session, mail: Incoming<'_>) -> Result<Verdicts, HandlerError> {
        let plans = self.chosen(session, mail.envelope());
        if plans.contains(&Plan::HangBehindBody)
            && let Some(wire) = self.wire(session)
        {
            wire.closed().await;
            return Ok(gone().into());
        }
        let is_taken = |plan: &Plan| !matches!(plan, Plan::ReplyToData(_));
        let refused = plans.iter().any(|plan| !is_taken(plan));
        // SMTP has one reply: refused for one, the message is taken for nobody.
        let all_or_nothing = session.protocol() == posthaste_smtp::Protocol::Smtp;
        let taken = |i: &usize| plans.get(*i).is_some_and(is_taken) && !(refused && all_or_nothing);
        let taken: Vec<usize> = (0..plans.len()).filter(taken).collect();
        if !taken.is_empty() {
            self.keep(session, &mail, &taken);
            self.report(&mail, &plans);
        }
        if plans.contains(&Plan::CutBehindBody)
            && let Some(wire) = self.wire(session)
        {
            wire.cut().await;
            return Ok(gone().into());
        }
        let mut plans = plans.into_iter();
        Ok(Verdicts::each(mail.envelope(), |_| match plans.next() {
            Some(Plan::ReplyToData(reply)) => Verdict::from_reply(reply),
            _ => Verdict::Accept,
        }))
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("arrived", &self.state().arrived.len()).finish_non_exhaustive()
    }
}

/// Ends the session of a client that is not there any more.
fn gone() -> Verdict {
    Verdict::from_reply(parse("421 4.4.2 the connection was cut"))
}

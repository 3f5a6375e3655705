//! A Mailer on memory and virtual time.

use std::sync::Arc;

use posthaste_engine::{Mailer, MailerBuilder, StartError};
use posthaste_queue::MemorySpool;
use posthaste_transport::Memory;

use crate::{SeededRandom, TestInbox, VirtualClock};

/// A running Mailer and the inbox of everybody it mails: the real engine on a spool in memory, a transport in
/// memory and virtual time. No network, no file, no wait.
///
/// ```
/// use posthaste_message::Message;
/// use posthaste_testkit as testing;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (mailer, inbox) = testing::mailer().await;
/// inbox.refuse("bob@example.org", "550 5.1.1 no such user");
///
/// let code = Message::builder()
///     .from("codes@example.com")
///     .to("ada@example.org")
///     .subject("Your code")
///     .text("Your code is 493027.")
///     .build()?;
/// mailer.send(code).await?;
/// inbox.settle().await;
/// assert_eq!(inbox.one_to("ada@example.org").code(6), "493027");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// If the Mailer does not start: it has nothing that could fail.
pub async fn mailer() -> (Mailer, TestInbox) {
    match TestMailer::new().start().await {
        Ok(pair) => pair,
        Err(error) => panic!("the Mailer did not start: {error}"),
    }
}

/// The same with settings of one's own.
#[derive(Debug)]
pub struct TestMailer {
    clock: VirtualClock,
    memory: Arc<Memory>,
    builder: MailerBuilder,
}

impl TestMailer {
    /// A Mailer on memory ports, a virtual clock and a seeded random source, with a return path at
    /// `bounces.example.com`.
    pub fn new() -> Self {
        let clock = VirtualClock::new();
        let memory = Arc::new(Memory::new());
        let builder = Mailer::builder()
            .spool(MemorySpool::new())
            .transport(memory.clone())
            .return_path("bounces.example.com")
            .clock(Arc::new(clock.clone()))
            .random(Arc::new(SeededRandom::new(1)));
        Self { clock, memory, builder }
    }

    /// Changes what the Mailer is made of.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(MailerBuilder) -> MailerBuilder) -> Self {
        self.builder = change(self.builder);
        self
    }

    /// The clock that it runs on.
    pub fn clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`StartError`] if what was changed does not fit.
    pub async fn start(self) -> Result<(Mailer, TestInbox), StartError> {
        let mailer = self.builder.start().await?;
        Ok((mailer.clone(), TestInbox::new(mailer, self.memory, self.clock)))
    }
}

impl Default for TestMailer {
    fn default() -> Self {
        Self::new()
    }
}

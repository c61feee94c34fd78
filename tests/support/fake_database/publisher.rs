//! The fake connection that publishes.

use std::time::{Duration, Instant};

use socketio_postgres_adapter::cluster::batch::Outgoing;
use socketio_postgres_adapter::error::{Error, ErrorKind, Result};
use socketio_postgres_adapter::pg::database::Publisher;
use socketio_postgres_adapter::wire::payload::ATTACHMENT_HEADER_END;

use super::{lost, FakeDatabase};

/// A publishing connection.
pub struct FakePublisher {
    pub database: FakeDatabase,
    pub connection: u64,
}

impl Drop for FakePublisher {
    fn drop(&mut self) {
        self.database.faults().open.remove(&self.connection);
    }
}

impl FakePublisher {
    fn check(&self) -> Result<()> {
        if self.database.faults().publisher == Some(self.connection) {
            return Ok(());
        }
        Err(lost())
    }

    async fn wait_for_release(&self) -> Result<()> {
        loop {
            let released = self.database.released.notified();
            self.check()?;
            if !self.database.faults().held {
                return Ok(());
            }
            released.await;
        }
    }

    /// The error on command for a transaction of these messages.
    fn failure(&self, messages: &[Outgoing]) -> Result<()> {
        let mut faults = self.database.faults();
        if let Some(kind) = faults.next_notify.pop_front() {
            return Err(Error::new(kind, "the transaction failed on command"));
        }
        let holds = |text: &Option<String>| {
            let text = text.as_deref();
            text.is_some_and(|text| messages.iter().any(|message| message.text.contains(text)))
        };
        if holds(&faults.deadly_text) {
            faults.publisher = None;
            return Err(lost());
        }
        if holds(&faults.refused_text) {
            return Err(Error::new(ErrorKind::Publish, "refused on command").with_sqlstate("22023"));
        }
        Ok(())
    }

    fn commit(&self, messages: &[Outgoing]) {
        let sent: Vec<(String, String)> = messages
            .iter()
            .map(|message| {
                let text = match &message.attachment {
                    None => message.text.clone(),
                    Some(bytes) => {
                        let id = self.database.server.store(bytes.clone());
                        format!("{}{id}{ATTACHMENT_HEADER_END}", message.text)
                    }
                };
                (message.channel.to_string(), text)
            })
            .collect();
        self.database.server.deliver(&sent);
        let texts = sent.into_iter().map(|(_, text)| text).collect();
        self.database.faults().batches.push(texts);
    }
}

/// Counts a transaction as under way, also when it is given up.
struct UnderWay<'a>(&'a FakeDatabase);

impl<'a> UnderWay<'a> {
    fn new(database: &'a FakeDatabase) -> Self {
        database.faults().under_way += 1;
        Self(database)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.faults().under_way -= 1;
    }
}

impl Publisher for FakePublisher {
    async fn ensure_table(&mut self) -> Result<()> {
        self.check()
    }

    async fn notify_batch(&mut self, messages: &[Outgoing]) -> Result<()> {
        let _under_way = UnderWay::new(&self.database);
        self.wait_for_release().await?;
        self.failure(messages)?;
        self.commit(messages);
        Ok(())
    }

    async fn lost(&mut self) -> Error {
        loop {
            let released = self.database.released.notified();
            if let Err(error) = self.check() {
                return error;
            }
            released.await;
        }
    }

    async fn probe(&mut self) -> Result<()> {
        self.check()
    }

    async fn prune(&mut self, _age: Duration) -> Result<u64> {
        self.check()?;
        let mut faults = self.database.faults();
        faults.prunes.push(Instant::now());
        match faults.next_prune.pop_front() {
            Some(kind) => Err(Error::new(kind, "the clean-up failed on command")),
            None => Ok(0),
        }
    }

    async fn close(self) {}
}

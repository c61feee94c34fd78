//! The task that publishes: one ordered, batched stream.
//!
//! While one batch is under way the next gathers in the outbox: no timer, no added latency when idle, many
//! messages in a transaction under load.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cleaner::Cleaner;
use super::outbox::{Body, Pending};
use super::reunion;
use super::shared::Shared;
use super::shutdown::Shutdown;
use super::supervisor::{Ended, Supervisor};
use crate::cluster::batch::{Batch, Limits, Outgoing};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Role;
use crate::pg::database::{Database, Publisher};
use crate::wire::{msgpack, payload};

/// When a batch is full. Larger ones gain nothing more, and hold up what comes behind them.
const LIMITS: Limits = Limits {
    count: 1000,
    bytes: 1024 * 1024,
};

/// How often a connection may be lost over the same messages before they are taken for the cause.
const MOST_LOSSES: u32 = 30;

/// Publishes until the engine ends.
pub async fn run<D: Database>(shared: Arc<Shared>, database: Arc<D>, mut shutdown: Shutdown) {
    let mut supervisor = Supervisor::new(&shared, "publisher");
    let mut work = Work::new(&shared);
    let connect = || async {
        let connected = database.connect_publisher().await;
        if connected.is_err() {
            shared.outbox.set_online(false);
        }
        connected
    };
    while let Some(mut connection) = supervisor.connect(connect, &mut shutdown).await {
        shared.outbox.set_online(true);
        let ended = work.serve(&mut connection, &mut supervisor, &mut shutdown).await;
        shared.outbox.set_online(false);
        match ended {
            Ended::Shutdown => return connection.close().await,
            Ended::Lost(error) => {
                drop(connection);
                reunion::doubt_peers(&shared);
                if supervisor.lost(error, &mut shutdown).await.is_none() {
                    return;
                }
            }
        }
    }
}

/// What survives a lost connection.
struct Work<'a> {
    shared: &'a Shared,
    cleaner: Cleaner,
    /// Messages that were taken from the outbox and are not in a batch yet.
    prepared: VecDeque<Outgoing>,
    /// Batches that are not committed yet, the oldest first.
    unsent: VecDeque<Batch>,
    /// How many connections in a row were lost over the oldest batch.
    losses: u32,
    /// Whether the table was found to be there since the last success.
    table_checked: bool,
}

impl<'a> Work<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            cleaner: Cleaner::new(shared.options.cleanup_interval()),
            prepared: VecDeque::new(),
            unsent: VecDeque::new(),
            losses: 0,
            table_checked: false,
        }
    }

    /// Uses a connection until it is lost or the engine ends.
    async fn serve<P: Publisher>(
        &mut self,
        connection: &mut P,
        supervisor: &mut Supervisor<'_>,
        shutdown: &mut Shutdown,
    ) -> Ended {
        if let Err(error) = connection.ensure_table().await {
            if error.is_retryable() {
                return Ended::Lost(error);
            }
            self.shared.inbox.report(error);
        }
        match shutdown
            .or(reunion::wait_for_peers(self.shared, connection))
            .await
        {
            None => return Ended::Shutdown,
            Some(Err(error)) => return Ended::Lost(error),
            Some(Ok(())) => {}
        }
        // Emitters are often short-lived, and there may be many of them: the servers clean.
        let cleans = self.shared.options.role != Role::Emitter;
        loop {
            if let Err(error) = self.send_all(connection, supervisor).await {
                return Ended::Lost(error);
            }
            supervisor.works();
            tokio::select! {
                biased;
                () = shutdown.wait() => return Ended::Shutdown,
                () = self.shared.outbox.filled() => self.gather(),
                () = self.cleaner.due(), if cleans => if let Err(error) = self.clean(connection).await {
                    return Ended::Lost(error);
                },
            }
        }
    }

    /// Takes what waits in the outbox and makes the next batch of it.
    fn gather(&mut self) {
        if let Some(report) = self.shared.outbox.overflow() {
            self.shared.inbox.report(report);
        }
        if self.prepared.is_empty() {
            for message in self.shared.outbox.take(LIMITS.count, LIMITS.bytes) {
                match prepare(self.shared, message) {
                    Ok(outgoing) => self.prepared.push_back(outgoing),
                    Err(error) => {
                        self.shared.inbox.report(error);
                        self.shared.outbox.settle(1);
                    }
                }
            }
        }
        let mut batch = Batch::default();
        while let Some(message) = self.prepared.pop_front() {
            if let Err(message) = batch.push(message, LIMITS) {
                self.prepared.push_front(message);
                break;
            }
        }
        if !batch.is_empty() {
            self.unsent.push_back(batch);
        }
    }

    /// Sends everything that is prepared.
    async fn send_all<P: Publisher>(
        &mut self,
        connection: &mut P,
        supervisor: &mut Supervisor<'_>,
    ) -> Result<()> {
        loop {
            while let Some(batch) = self.unsent.front() {
                let sent = connection.notify_batch(batch.messages()).await;
                self.after_sending(connection, sent).await?;
                supervisor.works();
            }
            if self.prepared.is_empty() {
                return Ok(());
            }
            self.gather();
        }
    }

    /// Deals with the outcome for the oldest batch. An error means that the connection is lost.
    async fn after_sending<P: Publisher>(&mut self, connection: &mut P, sent: Result<()>) -> Result<()> {
        let error = match sent {
            Ok(()) => {
                self.table_checked = false;
                self.losses = 0;
                self.settle_oldest();
                return Ok(());
            }
            Err(error) if error.is_retryable() => {
                self.lost_over_oldest(&error);
                return Err(error);
            }
            Err(error) => error,
        };
        if error.kind() == ErrorKind::Table && !self.table_checked {
            return match connection.ensure_table().await {
                Err(error) if error.is_retryable() => Err(error),
                Err(error) => {
                    self.refused(error);
                    Ok(())
                }
                Ok(()) => {
                    self.table_checked = true;
                    Ok(())
                }
            };
        }
        self.refused(error);
        Ok(())
    }

    /// A connection was lost while the oldest batch was under way. Once is bad luck. But one message may be more
    /// than the server or the network can take, and it must not hold up the others for ever.
    fn lost_over_oldest(&mut self, error: &Error) {
        // A server that says why, such as a shutdown, does not mean the message.
        if error.sqlstate().is_some() {
            return;
        }
        self.losses += 1;
        if self.losses == MOST_LOSSES {
            self.losses = 0;
            let context = format!("cannot publish: the connection was lost over it {MOST_LOSSES} times");
            self.refused(Error::new(ErrorKind::Publish, context).with_source(error.to_string()));
        }
    }

    /// The database refuses the oldest batch. One message may be the cause: each is tried alone, in order, and
    /// only what is refused then is dropped.
    fn refused(&mut self, error: Error) {
        if self.unsent.front().is_some_and(|batch| batch.len() > 1) {
            if let Some(batch) = self.unsent.pop_front() {
                let singles: Vec<Batch> = batch.into_singles().collect();
                for single in singles.into_iter().rev() {
                    self.unsent.push_front(single);
                }
            }
            return;
        }
        self.shared.inbox.report(error);
        self.settle_oldest();
    }

    fn settle_oldest(&mut self) {
        if let Some(batch) = self.unsent.pop_front() {
            self.shared.outbox.settle(batch.len());
        }
    }

    /// Removes some old attachments. An error means that the connection is lost.
    async fn clean<P: Publisher>(&mut self, connection: &mut P) -> Result<()> {
        let pruned = connection.prune(self.cleaner.age()).await;
        // After a failure, too, the next attempt is an interval away: were it the clean-up that costs the
        // connection, nothing else would be done any more.
        self.cleaner.cleaned(*pruned.as_ref().unwrap_or(&0));
        match pruned {
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => self.shared.inbox.report(error),
            Ok(_) => {}
        }
        Ok(())
    }
}

/// Gives a message the form in which it travels: inline, or as an attachment when it is large or binary.
fn prepare(shared: &Shared, message: Pending) -> Result<Outgoing> {
    let options = &shared.options;
    let Pending {
        address,
        kind,
        body,
        parts,
        ..
    } = message;
    let channel = Arc::clone(&address.channel);
    let text = match body {
        Body::Data(data) => payload::compose(kind, data.as_deref(), &options.uid, &address.nsp),
        Body::Whole(text) => text,
    };
    if parts.is_empty() && payload::fits_inline(text.len(), options.payload_threshold) {
        return Ok(Outgoing {
            channel,
            text,
            attachment: None,
        });
    }
    let attachment = msgpack::encode(&text, &parts, &options.marker).map_err(|error| {
        let context = format!("a message for the namespace {} could not be encoded", address.nsp);
        Error::new(ErrorKind::Publish, context).with_source(error)
    })?;
    let node_id = (options.role == Role::Primary).then_some(options.uid.as_str());
    let header = payload::attachment_header_start(&options.uid, kind, &address.nsp, node_id);
    Ok(Outgoing {
        channel,
        text: header,
        attachment: Some(attachment),
    })
}

//! The task that publishes: one ordered, batched stream.
//!
//! While one batch is under way the next gathers in the outbox: no timer, no added latency when idle, many
//! messages in a transaction under load.

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::cleaner::Cleaner;
use super::frame_writer::FrameWriter;
use super::prepare::prepare_or_report;
use super::reunion;
use super::shared::Shared;
use super::shutdown::Shutdown;
use super::stats::Link;
use super::supervisor::{Ended, Supervisor};
use crate::cluster::batch::{Batch, Limits, Outgoing};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Role;
use crate::pg::database::{Database, Publisher};

/// When a batch is full. Larger ones gain nothing more, and hold up what comes behind them: the pages of PostgreSQL's
/// queue go through a few buffers only, and are written to files when more than those are in use.
const LIMITS: Limits = Limits {
    count: 1000,
    bytes: 256 * 1024,
};

/// After how much idleness the server is asked for a sign of life: often enough that one that fell silent is noticed
/// within 15 seconds, also by a statement that is sent just before and waited for as long as it may take.
const PROBE_AFTER: Duration = Duration::from_secs(2);

/// How often a connection may be lost over the same messages before they are taken for the cause.
const MOST_LOSSES: u32 = 30;

/// Publishes until the engine ends.
pub async fn run<D: Database>(shared: Arc<Shared>, database: Arc<D>, mut shutdown: Shutdown) {
    let mut supervisor = Supervisor::new(&shared, Link::Publisher);
    let mut work = Work::new(&shared);
    let connect = || async {
        let connected = database.connect_publisher().await;
        if connected.is_err() {
            shared.outbox.set_online(false);
        }
        connected
    };
    loop {
        let connected = tokio::select! {
            connection = supervisor.connect(connect, &mut shutdown) => connection,
            () = work.grow_old() => None,
        };
        let Some(mut connection) = connected else { return };
        shared.outbox.set_online(true);
        supervisor.established();
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
    /// Writes messages for servers of this kind.
    frames: Option<FrameWriter>,
    /// Messages that were taken from the outbox and are not in a batch yet.
    prepared: VecDeque<Outgoing>,
    /// Batches that are not committed yet, the oldest first.
    unsent: VecDeque<Batch>,
    /// When the last of all these was taken from the outbox.
    taken_at: Instant,
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
            frames: FrameWriter::new(shared),
            prepared: VecDeque::new(),
            unsent: VecDeque::new(),
            taken_at: Instant::now(),
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
            Some(Ok(())) => self.end_outage(),
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
                error = connection.lost() => return Ended::Lost(error),
                () = tokio::time::sleep(PROBE_AFTER) => if let Err(error) = timed(self.shared, connection.probe()).await {
                    return Ended::Lost(error);
                },
            }
        }
    }

    /// Drops what is too old to be sent after an outage, and says what was dropped during it.
    fn end_outage(&mut self) {
        let outbox = &self.shared.outbox;
        if !outbox.end_outage() {
            return;
        }
        if outbox.is_outdated(self.taken_at) {
            self.drop_all();
        }
        if outbox.has_lost_introduction() {
            self.shared.announce_everywhere();
        }
        self.shared.report_losses();
    }

    /// Drops what is too old, as soon as it is, for as long as the server is away.
    async fn grow_old(&mut self) {
        let outbox = &self.shared.outbox;
        loop {
            let has_work = !self.unsent.is_empty() || !self.prepared.is_empty();
            tokio::select! {
                () = outbox.grow_old() => {}
                () = outbox.outdated(self.taken_at), if has_work => self.drop_all(),
            }
        }
    }

    /// Drops everything that was taken from the outbox and is not committed.
    fn drop_all(&mut self) {
        let sent = self.unsent.drain(..).flat_map(Batch::into_messages);
        for outgoing in sent.chain(self.prepared.drain(..)) {
            if let Some(piece) = outgoing.piece {
                self.shared.framing.take_back(piece.block);
            }
            self.shared
                .outbox
                .settle_outdated(outgoing.messages(), outgoing.missed());
        }
        self.losses = 0;
    }

    /// Takes what waits in the outbox and makes the next batch of it.
    fn gather(&mut self) {
        self.shared.report_losses();
        if self.prepared.is_empty() {
            self.prepare_next();
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

    /// While a batch is under way, makes the next one ready if it will be full anyway.
    async fn prepare_ahead(&mut self) {
        // First the connection gets its turn to send: there is one thread for both.
        tokio::task::yield_now().await;
        if self.prepared.is_empty() && self.shared.outbox.holds(LIMITS.bytes) {
            self.prepare_next();
        }
    }

    /// Takes messages from the outbox and gives them the form in which they travel.
    fn prepare_next(&mut self) {
        self.taken_at = Instant::now();
        let mut gathering = self.shared.framing.gather();
        for message in self.shared.outbox.take(LIMITS.count, LIMITS.bytes) {
            let unframed = match &mut self.frames {
                Some(frames) => frames.write(&mut gathering, message, &self.shared.options),
                None => Err(message),
            };
            if let Err(message) = unframed {
                self.prepared
                    .extend(self.frames.as_mut().into_iter().flat_map(FrameWriter::finish));
                self.prepared.extend(prepare_or_report(self.shared, message));
            }
        }
        self.prepared
            .extend(self.frames.as_mut().into_iter().flat_map(FrameWriter::finish));
    }

    /// Sends everything that is prepared.
    async fn send_all<P: Publisher>(
        &mut self,
        connection: &mut P,
        supervisor: &mut Supervisor<'_>,
    ) -> Result<()> {
        loop {
            while let Some(batch) = self.unsent.pop_front() {
                let sending = timed(self.shared, connection.notify_batch(batch.messages()));
                let (sent, ()) = tokio::join!(sending, self.prepare_ahead());
                self.unsent.push_front(batch);
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
                if let Some(batch) = self.settle_oldest() {
                    self.shared.stats.batch_sent(&batch);
                }
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
        let is_single = |batch: &Batch| matches!(batch.messages(), [Outgoing { piece: None, .. }]);
        if self.unsent.front().is_some_and(is_single) {
            self.shared.inbox.report(error);
            if let Some(batch) = self.settle_oldest() {
                self.shared
                    .dropped(batch.messages().iter().map(Outgoing::missed).sum());
            }
            return;
        }
        let batch = self.unsent.pop_front().unwrap_or_default();
        // The rest of its last block, if that is larger than a batch, has not become one yet.
        let mut tried_alone: VecDeque<Outgoing> = batch.into_messages().into();
        tried_alone.extend(self.prepared.drain(..));
        let mut taken_back = HashSet::new();
        let mut singles = Vec::new();
        for outgoing in tried_alone {
            match outgoing.piece {
                None => singles.push(outgoing),
                Some(piece) => {
                    if taken_back.insert(piece.block) {
                        singles.extend(self.without_frames(piece.block));
                    }
                    // The messages of the block count by themselves again.
                    self.shared.outbox.settle(piece.messages);
                }
            }
        }
        for single in singles.into_iter().rev() {
            self.unsent.push_front(single.into());
        }
    }

    /// The messages of a block, one by one. Those that are not there wait in the outbox already.
    fn without_frames(&self, block: u64) -> Vec<Outgoing> {
        let messages = self.shared.framing.take_back(block);
        self.shared.outbox.unsettle(messages.len());
        messages
            .into_iter()
            .filter_map(|message| prepare_or_report(self.shared, message))
            .collect()
    }

    fn settle_oldest(&mut self) -> Option<Batch> {
        let batch = self.unsent.pop_front()?;
        self.shared.outbox.settle(batch.messages_sent());
        Some(batch)
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

/// Notes how long the server took for a statement.
async fn timed(shared: &Shared, statement: impl Future<Output = Result<()>>) -> Result<()> {
    let sent_at = Instant::now();
    let answer = statement.await;
    if answer.is_ok() {
        shared.stats.answered(sent_at);
    }
    answer
}

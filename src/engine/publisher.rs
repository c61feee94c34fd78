//! The task that publishes: one ordered, batched stream.
//!
//! While one batch is under way the next gathers in the outbox: no timer, no added latency when idle, many
//! messages in a transaction under load.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::cleaner::Cleaner;
use super::outbox::Reason;
use super::peer_wait;
use super::shared::Shared;
use super::shutdown::Shutdown;
use super::stats::Link;
use super::supervisor::{Ended, Supervisor};
use super::unsent::Unsent;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Role;
use crate::pg::database::{Database, Publisher};

/// After how much idleness the server is asked for a sign of life: often enough that one that fell silent is noticed
/// within 15 seconds, also by a statement that is sent just before and waited for as long as it may take.
const PROBE_AFTER: Duration = Duration::from_secs(2);

/// How long messages wait for room in PostgreSQL's queue between two attempts.
const ROOM_RETRY: Duration = Duration::from_secs(1);

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
            biased;
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
                shared.namespaces().on_session_lost();
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
    unsent: Unsent<'a>,
    /// Whether the table was found to be there since the last success.
    table_checked: bool,
    /// Whether PostgreSQL's queue of notifications was full at the last attempt.
    queue_full: bool,
}

impl<'a> Work<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            cleaner: Cleaner::new(shared.options.cleanup_interval()),
            unsent: Unsent::new(shared),
            table_checked: false,
            queue_full: false,
        }
    }

    /// Uses a connection until it is lost or the engine ends.
    async fn serve<P: Publisher>(
        &mut self,
        connection: &mut P,
        supervisor: &mut Supervisor<'_>,
        shutdown: &mut Shutdown,
    ) -> Ended {
        self.queue_full = false;
        if let Err(error) = connection.ensure_table().await {
            if error.is_retryable() {
                return Ended::Lost(error);
            }
            self.shared.inbox.report(error);
        }
        match shutdown
            .or(peer_wait::wait(self.shared, connection, supervisor.trouble()))
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
            if self.queue_full {
                tokio::select! {
                    biased;
                    () = shutdown.wait() => return Ended::Shutdown,
                    error = connection.lost() => return Ended::Lost(error),
                    () = self.grow_old() => {}
                    () = tokio::time::sleep(ROOM_RETRY) => {}
                }
                if self.unsent.is_empty() {
                    // All that was refused grew too old: what comes next finds out whether there is room.
                    self.found_room();
                    self.unsent.gather();
                }
                continue;
            }
            tokio::select! {
                biased;
                () = shutdown.wait() => return Ended::Shutdown,
                () = self.shared.outbox.filled() => self.unsent.gather(),
                () = self.shared.framing.repeats_due() => {}
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
        while self
            .unsent
            .oldest_taken_at()
            .is_some_and(|taken_at| outbox.is_outdated(taken_at))
        {
            self.unsent.drop_oldest(Reason::Age);
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
            let oldest = self.unsent.oldest_taken_at();
            let expired = async {
                match oldest {
                    Some(taken_at) => outbox.outdated(taken_at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = outbox.grow_old() => {}
                () = expired => self.unsent.drop_oldest(Reason::Age),
            }
        }
    }

    /// Sends everything that is prepared, as far as there is room for it.
    async fn send_all<P: Publisher>(
        &mut self,
        connection: &mut P,
        supervisor: &mut Supervisor<'_>,
    ) -> Result<()> {
        while let Some(batch) = self.unsent.pop_front() {
            let sending = timed(self.shared, connection.notify_batch(batch.messages()));
            let (sent, ()) = tokio::join!(sending, self.unsent.prepare_ahead());
            self.unsent.restore_front(batch);
            self.after_sending(connection, sent).await?;
            supervisor.works();
            if self.queue_full {
                break;
            }
        }
        Ok(())
    }

    /// It is as if the server were away: messages wait, within the bounds of the buffer. Told once.
    fn ran_out_of_room(&mut self, error: Error) {
        if !self.queue_full {
            self.queue_full = true;
            self.shared.outbox.set_online(false);
            self.shared.inbox.report(error);
        }
    }

    /// There is room again.
    fn found_room(&mut self) {
        if std::mem::take(&mut self.queue_full) {
            self.shared.outbox.set_online(true);
            self.end_outage();
        }
    }

    /// Deals with the outcome for the oldest batch. An error means that the connection is lost.
    async fn after_sending<P: Publisher>(&mut self, connection: &mut P, sent: Result<()>) -> Result<()> {
        let error = match sent {
            Ok(()) => {
                self.table_checked = false;
                self.unsent.committed();
                self.found_room();
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::QueueFull => {
                self.ran_out_of_room(error);
                return Ok(());
            }
            Err(error) if error.is_retryable() => {
                self.unsent.lost_over_oldest(&error);
                return Err(error);
            }
            Err(error) => error,
        };
        if error.kind() == ErrorKind::Table && !self.table_checked {
            return self.restore_table(connection).await;
        }
        self.unsent.refused(error);
        Ok(())
    }

    /// The table went missing: makes it again, so that the batch can be sent once more. An error means that the
    /// connection is lost.
    async fn restore_table<P: Publisher>(&mut self, connection: &mut P) -> Result<()> {
        match connection.ensure_table().await {
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => self.unsent.refused(error),
            Ok(()) => self.table_checked = true,
        }
        Ok(())
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

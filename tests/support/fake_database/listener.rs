//! The fake connection that listens.

use std::sync::Arc;

use socketio_postgres_adapter::error::{Error, Result};
use socketio_postgres_adapter::pg::database::{FetchLimits, Listener, Notification, Stored};

use super::server::Inbound;
use super::{lost, FakeDatabase};

/// A listening connection.
pub struct FakeListener {
    pub database: FakeDatabase,
    pub connection: u64,
}

impl FakeListener {
    fn inbound<T>(&self, act: impl FnOnce(&mut Inbound) -> T) -> Result<T> {
        let mut state = self.database.server.lock();
        state
            .listeners
            .get_mut(&self.connection)
            .map(act)
            .ok_or_else(lost)
    }
}

impl Drop for FakeListener {
    fn drop(&mut self) {
        self.database.server.lock().listeners.remove(&self.connection);
        self.database.faults().open.remove(&self.connection);
    }
}

impl Listener for FakeListener {
    async fn listen(&mut self, channels: &[String]) -> Result<()> {
        self.inbound(|inbound| inbound.channels.extend(channels.iter().cloned()))
    }

    async fn unlisten(&mut self, channels: &[String]) -> Result<()> {
        self.inbound(|inbound| inbound.channels.retain(|channel| !channels.contains(channel)))
    }

    async fn receive(&mut self, notifications: &mut Vec<Notification>, most: usize) -> Result<()> {
        loop {
            let arrived = self.inbound(|inbound| {
                let count = inbound.queue.len().min(most);
                notifications.extend(inbound.queue.drain(..count));
                (count == 0).then(|| Arc::clone(&inbound.arrived))
            })?;
            let Some(arrived) = arrived else {
                return Ok(());
            };
            arrived.notified().await;
        }
    }

    async fn fetch(&mut self, ids: &[i64], limits: FetchLimits) -> Result<Vec<Stored>> {
        self.inbound(|_| ())?;
        let (failure, is_deadly) = {
            let mut faults = self.database.faults();
            faults.fetches.push(ids.to_vec());
            let is_deadly = faults.deadly_row.is_some_and(|row| ids.contains(&row));
            (faults.next_fetch.pop_front(), is_deadly)
        };
        if is_deadly {
            self.database.cut_listener();
            return Err(lost());
        }
        if let Some(kind) = failure {
            return Err(Error::new(kind, "the reading failed on command"));
        }
        let state = self.database.server.lock();
        let mut total = 0;
        let rows = ids
            .iter()
            .enumerate()
            .map_while(|(index, id)| match state.rows.get(id) {
                None => Some(Stored::Gone),
                Some(bytes) if bytes.len() > limits.each => Some(Stored::TooLarge(bytes.len() as u64)),
                Some(bytes) => {
                    total += bytes.len();
                    (index == 0 || total <= limits.total).then(|| Stored::Content(bytes.clone()))
                }
            });
        Ok(rows.collect())
    }

    async fn close(self) {}
}

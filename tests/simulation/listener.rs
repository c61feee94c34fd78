//! A session that listens.

use std::time::Duration;

use socketio_postgres_adapter::error::{Error, ErrorKind, Result};
use socketio_postgres_adapter::pg::database::{FetchLimits, Listener, Notification, Stored};

use super::database::Link;
use super::postgres::Owner;

pub struct SimListener(pub Link);

struct NextDue(Option<Duration>);

impl SimListener {
    /// Takes what has arrived, and tells when the next will have arrived, if it is under way. None if the session has
    /// ended.
    fn take(&self, notifications: &mut Vec<Notification>, most: usize) -> Option<NextDue> {
        let world = &self.0.world;
        let now = world.now();
        let state = &mut *world.lock();
        let session = state.postgres.sessions.get_mut(&self.0.session)?;
        while let Some(queued) = session.queue.front() {
            if notifications.len() == most {
                break;
            }
            if queued.due > now {
                return Some(NextDue(Some(queued.due)));
            }
            let queued = session.queue.pop_front()?;
            notifications.push(queued.notification);
            if let Owner::Life(life) = self.0.owner {
                let handed = queued
                    .carried
                    .iter()
                    .map(|carried| (carried.message, carried.form));
                state.lives[life].handed.extend(handed);
            }
        }
        Some(NextDue(None))
    }
}

impl Listener for SimListener {
    async fn listen(&mut self, channels: &[String]) -> Result<()> {
        if channels.is_empty() {
            return Ok(());
        }
        let link = &self.0;
        let listened = link.round_trip(|| {
            let now = link.world.now();
            let mut state = link.world.lock();
            if !channels.iter().all(|channel| state.postgres.can_express(channel)) {
                return false;
            }
            for channel in channels {
                state.postgres.listen(link.session, channel, now);
            }
            let event = format!("  session {} listens on {channels:?}", link.session);
            state.story.push((now, event));
            true
        });
        if listened.await? {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Listen, "cannot listen").with_sqlstate("22P05"))
    }

    async fn unlisten(&mut self, channels: &[String]) -> Result<()> {
        if channels.is_empty() {
            return Ok(());
        }
        let link = &self.0;
        link.round_trip(|| {
            let now = link.world.now();
            for channel in channels {
                link.world.lock().postgres.unlisten(link.session, channel, now);
            }
        })
        .await
    }

    async fn receive(&mut self, notifications: &mut Vec<Notification>, most: usize) -> Result<()> {
        loop {
            let NextDue(due) = self
                .take(notifications, most)
                .ok_or_else(|| self.0.world.lost(self.0.session))?;
            if !notifications.is_empty() {
                return Ok(());
            }
            let changed = self.0.changed.notified();
            match due {
                None => changed.await,
                Some(due) => {
                    tokio::select! {
                        biased;
                        () = changed => {}
                        () = self.0.world.sleep_until(due) => {}
                    }
                }
            }
        }
    }

    async fn fetch(&mut self, ids: &[i64], limits: FetchLimits) -> Result<Vec<Stored>> {
        let link = &self.0;
        link.round_trip(|| {
            let state = link.world.lock();
            let mut total = 0;
            let rows = ids.iter().enumerate().map_while(|(index, id)| {
                let Some((_, row)) = state.postgres.table.get(id) else {
                    return Some(Stored::Gone);
                };
                if row.len() > limits.each {
                    return Some(Stored::TooLarge(row.len() as u64));
                }
                total += row.len();
                (index == 0 || total <= limits.total).then(|| Stored::Content(row.clone()))
            });
            rows.collect()
        })
        .await
    }

    async fn close(self) {}
}

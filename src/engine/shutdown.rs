//! Shutdown as a value that is handed down to every task.

use tokio::sync::watch;

/// Tells all tasks to end. Dropping it tells them as well.
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

/// A task's view: waits for the word to end.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// A trigger and the value to hand down.
#[must_use]
pub fn channel() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Tells every task to end.
    pub fn fire(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Waits until the engine ends.
    pub async fn wait(&mut self) {
        // A trigger that is gone means the same as one that fired.
        drop(self.0.wait_for(|ended| *ended).await);
    }

    /// Waits for `work`, or gives up with `None` when the engine ends first.
    pub async fn or<T>(&mut self, work: impl std::future::Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.wait() => None,
            done = work => Some(done),
        }
    }
}

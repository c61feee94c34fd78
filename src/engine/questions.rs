//! Questions that only JavaScript can answer, each under a number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// What JavaScript has yet to answer. Cheap to clone.
pub struct Questions<T> {
    /// Never held across an await.
    state: Arc<Mutex<State<T>>>,
}

struct State<T> {
    last_number: u32,
    waiting: HashMap<u32, oneshot::Sender<T>>,
}

impl<T> Questions<T> {
    /// Asks: `put` hands the question with its number to JavaScript, and returns whether that could be done. `None` when
    /// it will never be answered.
    pub async fn ask(&self, put: impl FnOnce(u32) -> bool) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let number = {
            let mut state = self.lock();
            state.last_number = state.last_number.wrapping_add(1);
            let number = state.last_number;
            // Questions whose connection has given up in the meantime need no answer.
            state.waiting.retain(|_, waiting| !waiting.is_closed());
            state.waiting.insert(number, answer);
            number
        };
        if !put(number) {
            self.lock().waiting.remove(&number);
        }
        answered.await.ok()
    }

    /// Answers a question. A question that nobody waits for any longer is ignored.
    pub fn answer(&self, number: u32, answer: T) {
        if let Some(waiting) = self.lock().waiting.remove(&number) {
            // The connection may have given up at this very moment.
            let _ = waiting.send(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Questions<T> {
    fn default() -> Self {
        let state = State {
            last_number: 0,
            waiting: HashMap::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }
}

impl<T> Clone for Questions<T> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
        }
    }
}

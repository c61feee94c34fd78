//! Asking JavaScript for the password, once for each connection: it may be a function there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::inbox::{Inbox, Item, TargetId};
use crate::error::{Error, ErrorKind, Result};

/// A password, no password, or the reason why there is none.
pub type Answer = std::result::Result<Option<String>, String>;

#[derive(Default)]
struct State {
    last_number: u32,
    waiting: HashMap<u32, oneshot::Sender<Answer>>,
}

/// The questions that JavaScript has yet to answer, each about one of the places to connect to.
#[derive(Clone)]
pub struct Credentials {
    inbox: Arc<Inbox>,
    target: TargetId,
    /// Never held across an await.
    state: Arc<Mutex<State>>,
}

impl Credentials {
    /// Questions about the main target go through `inbox`.
    #[must_use]
    pub fn new(inbox: Arc<Inbox>) -> Self {
        Self {
            inbox,
            target: TargetId::Main,
            state: Arc::default(),
        }
    }

    /// The same for another place to connect to.
    #[must_use]
    pub fn about(&self, target: TargetId) -> Self {
        Self {
            target,
            ..self.clone()
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`] when the application could not give the password.
    pub async fn ask(&self) -> Result<Option<String>> {
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
        self.inbox.push_now(Item::PasswordWanted(number, self.target));
        let failed = |reason: String| {
            Error::new(ErrorKind::Credentials, "the password could not be obtained").with_source(reason)
        };
        match answered.await {
            Ok(answer) => answer.map_err(failed),
            Err(_) => Err(failed("the adapter is closing".into())),
        }
    }

    /// Answers a question. A question that nobody waits for any longer is ignored.
    pub fn answer(&self, number: u32, answer: Answer) {
        if let Some(waiting) = self.lock().waiting.remove(&number) {
            // The connection may have given up at this very moment.
            let _ = waiting.send(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask_and_answer(answer: Answer) -> Result<Option<String>> {
        let inbox = Arc::new(Inbox::new(Box::new(|| {})));
        let credentials = Credentials::new(Arc::clone(&inbox)).about(TargetId::Listen);
        let asking = tokio::spawn({
            let credentials = credentials.clone();
            async move { credentials.ask().await }
        });
        tokio::task::yield_now().await;
        let items = inbox.drain(usize::MAX);
        let [Item::PasswordWanted(number, TargetId::Listen)] = items[..] else {
            panic!("no question: {items:?}")
        };
        credentials.answer(number, answer);
        asking.await.unwrap()
    }

    #[tokio::test]
    async fn the_answer_reaches_who_asked() {
        let password = ask_and_answer(Ok(Some("secret".into()))).await.unwrap();
        assert_eq!(password.as_deref(), Some("secret"));
    }

    #[tokio::test]
    async fn a_failing_password_function_is_a_retryable_error() {
        let error = ask_and_answer(Err("vault is sealed".into())).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the password could not be obtained: vault is sealed"
        );
        assert!(error.is_retryable());
    }
}

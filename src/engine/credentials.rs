//! What a connection needs of JavaScript: the password, which may be a function there, and the verdict of `pg` on the
//! certificate of the server. Both are asked for while a connection is made.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::inbox::{Inbox, Item, TargetId};
use super::questions::Questions;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::target::Password;
use crate::pg::tls::verdict::{Question, Verdict};

/// A password, no password, or the reason why there is none.
pub type PasswordAnswer = std::result::Result<Option<Password>, String>;

/// A verdict, or the reason why `pg` would not connect.
pub type VerdictAnswer = std::result::Result<Verdict, String>;

/// The way to ask JavaScript about one of the places to connect to.
#[derive(Clone)]
pub struct Credentials {
    inbox: Arc<Inbox>,
    target: TargetId,
    passwords: Questions<PasswordAnswer>,
    verdicts: Questions<VerdictAnswer>,
}

/// A verdict in the form in which JavaScript gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenVerdict {
    any: bool,
    fingerprint: Option<String>,
    not_after_ms: Option<f64>,
}

impl Credentials {
    /// Questions about the main target go through `inbox`.
    #[must_use]
    pub fn new(inbox: Arc<Inbox>) -> Self {
        Self {
            inbox,
            target: TargetId::Main,
            passwords: Questions::default(),
            verdicts: Questions::default(),
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

    /// Asks for the password.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`] when the application could not give it.
    pub async fn password(&self) -> Result<Option<Password>> {
        let put = |number| self.inbox.push_now(Item::PasswordWanted(number, self.target));
        let failed = |reason: String| {
            Error::new(ErrorKind::Credentials, "the password could not be obtained").with_source(reason)
        };
        match self.passwords.ask(put).await {
            Some(answer) => answer.map_err(failed),
            None => Err(failed("the adapter is closing".into())),
        }
    }

    /// Asks whether `pg` would accept the certificate of a server.
    ///
    /// # Errors
    /// [`ErrorKind::Connection`] when it would not.
    pub async fn verdict(&self, question: Question) -> Result<Verdict> {
        let put = |number| {
            let question = Box::new(question);
            self.inbox
                .push_now(Item::VerdictWanted(number, self.target, question))
        };
        let failed = |reason: String| {
            Error::new(ErrorKind::Connection, "pg does not accept the server").with_source(reason)
        };
        match self.verdicts.ask(put).await {
            Some(answer) => answer.map_err(failed),
            None => Err(failed("the adapter is closing".into())),
        }
    }

    /// Answers a question for the password.
    pub fn answer_password(&self, number: u32, answer: PasswordAnswer) {
        self.passwords.answer(number, answer);
    }

    /// Answers a question for a verdict, which is a JSON text. One that cannot be read accepts nothing.
    pub fn answer_verdict(&self, number: u32, answer: std::result::Result<&str, String>) {
        self.verdicts.answer(number, answer.and_then(read_verdict));
    }
}

fn read_verdict(text: &str) -> VerdictAnswer {
    let given: GivenVerdict =
        serde_json::from_str(text).map_err(|error| format!("the verdict cannot be read: {error}"))?;
    if given.any {
        return Ok(Verdict::Any);
    }
    let fingerprint = given.fingerprint.as_deref().and_then(fingerprint_from_hex);
    let not_after = given.not_after_ms.unwrap_or(0.0).max(0.0);
    Ok(Verdict::Certificate {
        fingerprint: fingerprint.ok_or("the verdict has no usable fingerprint")?,
        not_after: SystemTime::UNIX_EPOCH
            .checked_add(Duration::try_from_secs_f64(not_after / 1000.0).unwrap_or(Duration::ZERO))
            .unwrap_or(SystemTime::UNIX_EPOCH),
    })
}

fn fingerprint_from_hex(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 2 * bytes.len() || !hex.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> (Arc<Inbox>, Credentials) {
        let inbox = Arc::new(Inbox::new(Box::new(|| {})));
        let credentials = Credentials::new(Arc::clone(&inbox)).about(TargetId::Listen);
        (inbox, credentials)
    }

    #[tokio::test]
    async fn nothing_is_waited_for_that_nobody_will_answer() {
        let (inbox, credentials) = credentials();
        inbox.close();
        let error = credentials.password().await.unwrap_err();
        assert!(error.to_string().contains("the adapter is closing"), "{error}");
    }

    async fn ask_for_password(answer: PasswordAnswer) -> Result<Option<Password>> {
        let (inbox, credentials) = credentials();
        let asking = tokio::spawn({
            let credentials = credentials.clone();
            async move { credentials.password().await }
        });
        tokio::task::yield_now().await;
        let items = inbox.drain(usize::MAX);
        let [Item::PasswordWanted(number, TargetId::Listen)] = items[..] else {
            panic!("no question: {items:?}")
        };
        credentials.answer_password(number, answer);
        asking.await.unwrap()
    }

    async fn ask_for_verdict(answer: std::result::Result<&str, String>) -> Result<Verdict> {
        let (inbox, credentials) = credentials();
        let question = Question {
            host: "db".into(),
            port: 5432,
            address: None,
            timeout_ms: 1000,
        };
        let asking = tokio::spawn({
            let (credentials, question) = (credentials.clone(), question.clone());
            async move { credentials.verdict(question).await }
        });
        tokio::task::yield_now().await;
        let items = inbox.drain(usize::MAX);
        let [Item::VerdictWanted(number, TargetId::Listen, asked)] = &items[..] else {
            panic!("no question: {items:?}")
        };
        assert_eq!(**asked, question);
        credentials.answer_verdict(*number, answer);
        asking.await.unwrap()
    }

    #[tokio::test]
    async fn the_password_reaches_who_asked() {
        let password = ask_for_password(Ok(Some(Password::new("secret".into())))).await;
        assert_eq!(password.unwrap().unwrap().as_str(), "secret");
    }

    #[tokio::test]
    async fn a_failing_password_function_is_a_retryable_error() {
        let error = ask_for_password(Err("vault is sealed".into())).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the password could not be obtained: vault is sealed"
        );
        assert!(error.is_retryable());
    }

    #[tokio::test]
    async fn a_verdict_names_the_certificate_and_its_end() {
        let text = format!(
            r#"{{"any":false,"fingerprint":"{}","notAfterMs":1500}}"#,
            "0a".repeat(32)
        );
        assert_eq!(
            ask_for_verdict(Ok(&text)).await.unwrap(),
            Verdict::Certificate {
                fingerprint: [10; 32],
                not_after: SystemTime::UNIX_EPOCH + Duration::from_millis(1500),
            }
        );
        assert_eq!(
            ask_for_verdict(Ok(r#"{"any":true}"#)).await.unwrap(),
            Verdict::Any
        );
    }

    #[tokio::test]
    async fn a_refusal_and_an_unreadable_verdict_accept_nothing() {
        let error = ask_for_verdict(Err("self-signed certificate".into())).await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "pg does not accept the server: self-signed certificate"
        );
        for text in [
            "",
            "null",
            "{}",
            r#"{"any":false}"#,
            r#"{"any":false,"fingerprint":""}"#,
            r#"{"any":false,"fingerprint":"äääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää"}"#,
        ] {
            assert!(ask_for_verdict(Ok(text)).await.is_err(), "{text}");
        }
    }
}

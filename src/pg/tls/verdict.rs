//! Whom to trust is decided by what `pg` would decide. It is asked, in JavaScript, to make a TLS connection with the
//! same settings; the certificate that it accepts is the one that a connection of ours may show, too.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Result};

/// How long a verdict holds for new connections: a lost connection is made again without waiting for JavaScript, and
/// what changes in the settings of trust takes effect soon.
pub const VERDICT_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// How often `pg` is asked about one connection: behind one address there can be several servers, each with a
/// certificate of its own, so that `pg` may see another one than we did.
const MAX_QUESTIONS: usize = 3;

/// How many certificates of a host are remembered.
const MAX_KNOWN: usize = 32;

/// The SHA-256 of a certificate.
pub type Fingerprint = [u8; 32];

/// That of a certificate in DER.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> Fingerprint {
    Sha256::digest(certificate).into()
}

/// Where `pg` is to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The name of the host, as the settings have it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The address that we are connected to; `None`: a Unix domain socket.
    pub address: Option<String>,
    /// How long is waited for the answer at most, in milliseconds.
    pub timeout_ms: u64,
}

/// What `pg` accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This certificate.
    Certificate {
        /// Which one.
        fingerprint: Fingerprint,
        /// When it, or one that vouches for it, expires.
        not_after: SystemTime,
    },
    /// A certificate that proves nothing: with these settings, any will do.
    Any,
}

/// Asks `pg`. The error of a refusal says why, in its words.
pub type Judge = Box<dyn Fn(Question) -> Pin<Box<dyn Future<Output = Result<Verdict>> + Send>> + Send + Sync>;

/// A verdict, and when it was asked for.
#[derive(Clone, Debug)]
struct Known {
    verdict: Verdict,
    since: Instant,
}

impl Known {
    fn accepts(&self, shown: &Fingerprint) -> bool {
        if self.since.elapsed() >= VERDICT_LIFETIME {
            return false;
        }
        match &self.verdict {
            Verdict::Any => true,
            Verdict::Certificate {
                fingerprint,
                not_after,
            } => fingerprint == shown && SystemTime::now() <= *not_after,
        }
    }
}

/// The verdicts on the hosts of one endpoint.
pub struct Verdicts {
    judge: Judge,
    /// By the name of the host. Never locked across an await.
    known: Mutex<HashMap<String, Vec<Known>>>,
    /// Connections that are made at the same time ask once.
    asking: tokio::sync::Mutex<()>,
}

impl Verdicts {
    /// Nothing is known yet; `judge` is asked.
    #[must_use]
    pub fn new(judge: Judge) -> Self {
        Self {
            judge,
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// Checks that `pg` accepts the certificate that a server showed us.
    ///
    /// # Errors
    /// [`ErrorKind::Connection`] when it does not, or accepts only others.
    pub async fn check(&self, question: &Question, shown: Fingerprint) -> Result<()> {
        if self.is_accepted(&question.host, &shown) {
            return Ok(());
        }
        let _asking = self.asking.lock().await;
        for _ in 0..MAX_QUESTIONS {
            if self.is_accepted(&question.host, &shown) {
                return Ok(());
            }
            let since = Instant::now();
            let verdict = (self.judge)(question.clone()).await?;
            self.remember(&question.host, Known { verdict, since });
        }
        if self.is_accepted(&question.host, &shown) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Connection,
            "the server showed a certificate that is not the one that pg verified",
        ))
    }

    fn is_accepted(&self, host: &str, shown: &Fingerprint) -> bool {
        let known = self.lock();
        known
            .get(host)
            .is_some_and(|known| known.iter().any(|each| each.accepts(shown)))
    }

    /// The newest verdict on a certificate replaces the one before, and the oldest ones give way.
    fn remember(&self, host: &str, new: Known) {
        let mut known = self.lock();
        let of_host = known.entry(host.to_owned()).or_default();
        of_host.retain(|each| each.since.elapsed() < VERDICT_LIFETIME && each.verdict != new.verdict);
        if of_host.len() == MAX_KNOWN {
            of_host.remove(0);
        }
        of_host.push(new);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

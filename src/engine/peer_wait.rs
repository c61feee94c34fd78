//! After an outage: what waited is sent once those are back who shall hear it.
//!
//! When a database is restarted, all servers lose their connections and each gets them back at its own time. Whoever
//! is first would otherwise speak to nobody: a notification reaches only those who listen at that moment.
//!
//! A server hears its peers, and waits until all that it knew have spoken. An emitter hears nobody: it knows neither how
//! many servers there are nor whether they are back, and gives them as long as they take between two attempts. To listen
//! for a while would not help it. Who was there before it could not tell, hence not when all are back either; and its
//! only connection may lead to a pooler, where `LISTEN` would stay behind in a session of others.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::inbox::Topic;
use super::namespaces::Address;
use super::shared::Shared;
use super::supervisor::Trouble;
use crate::cluster::batch::Outgoing;
use crate::cluster::membership::Generation;
use crate::error::Result;
use crate::options::Role;
use crate::pg::database::Publisher;
use crate::wire::message::MessageType;
use crate::wire::payload::{self, Extension};

/// How long the peers are waited for. More than the longest delay between two attempts to connect: who is not
/// back by then may be gone for good.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// How long an emitter waits where the database was away: the longest pause that a server makes between two attempts
/// (2 s, those of the JavaScript adapter 3 s), and a second to connect and listen.
const EMITTER_WAIT: Duration = Duration::from_secs(4);
/// How long it waits where only its session was lost. So may have been those of the servers, which then reconnect at
/// once as well.
const EMITTER_SESSION_WAIT: Duration = Duration::from_millis(500);
/// How often to check whether they are back.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Waits for those who shall hear what was published during `trouble`, for a limited time.
///
/// # Errors
/// When the connection is lost.
pub async fn wait<P: Publisher>(shared: &Shared, connection: &mut P, trouble: Trouble) -> Result<()> {
    match (shared.options.role, trouble) {
        (Role::Server, _) => wait_for_peers(shared, connection).await,
        (Role::Emitter, Trouble::SessionLost) => pass(shared, connection, EMITTER_SESSION_WAIT).await,
        (Role::Emitter, Trouble::DatabaseAway) => pass(shared, connection, EMITTER_WAIT).await,
        (Role::Emitter, Trouble::None) | (Role::Primary, _) => Ok(()),
    }
}

/// Lets time pass, but for that of an engine that is being closed.
async fn pass<P: Publisher>(shared: &Shared, connection: &mut P, time: Duration) -> Result<()> {
    let deadline = Instant::now() + time;
    while !shared.outbox.is_closed() && Instant::now() < deadline {
        pause(connection).await?;
    }
    Ok(())
}

/// Waits for the next check, or for the loss of the connection.
async fn pause<P: Publisher>(connection: &mut P) -> Result<()> {
    tokio::select! {
        biased;
        error = connection.lost() => Err(error),
        () = tokio::time::sleep(CHECK_INTERVAL) => Ok(()),
    }
}

/// Waits until the peers that were there before the outage are heard again.
async fn wait_for_peers<P: Publisher>(shared: &Shared, connection: &mut P) -> Result<()> {
    let deadline = Instant::now() + MAX_WAIT;
    let mut introduced_in = None;
    while has_unconfirmed(shared) && !shared.outbox.is_closed() && Instant::now() < deadline {
        let generation = shared.namespaces().generation();
        // Whoever hears the introduction may send at once, hence not before we can hear. One that was sent before
        // another session was lost may have found no peer, or no echo.
        if introduced_in != Some(generation) && can_hear(shared) {
            introduce(shared, connection, generation).await?;
            introduced_in = Some(generation);
        }
        pause(connection).await?;
    }
    Ok(())
}

/// Whether answers would be heard. A listener that is held up by a slow application has not noticed yet that its session
/// was lost as well.
fn can_hear(shared: &Shared) -> bool {
    shared.is_listening() && shared.clock.hearing.is_waiting()
}

fn has_unconfirmed(shared: &Shared) -> bool {
    let mut namespaces = shared.namespaces();
    let mut heard = namespaces.iter_mut().filter(|(_, namespace)| !namespace.refused);
    heard.any(|(_, namespace)| namespace.members.has_unconfirmed())
}

/// Introduces this server in all namespaces. A refusal is no matter: the peers may be heard without it.
async fn introduce<P: Publisher>(shared: &Shared, connection: &mut P, generation: Generation) -> Result<()> {
    match connection.notify_batch(&introductions(shared, generation)).await {
        Err(error) if error.is_retryable() => Err(error),
        Err(error) => {
            shared.debug(Topic::Error, || error.to_string());
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn introductions(shared: &Shared, generation: Generation) -> Vec<Outgoing> {
    let (uid, incarnation) = (&shared.options.uid, shared.options.incarnation());
    let extension = Extension::FrameCapable {
        incarnation,
        generation: Some(generation.0),
    };
    let mut namespaces = shared.namespaces();
    let speakable = namespaces.iter_mut().filter(|(_, namespace)| !namespace.refused);
    speakable
        .map(|(_, namespace)| {
            let Address { nsp, channel, .. } = &*namespace.address;
            let text = payload::compose(MessageType::InitialHeartbeat, None, uid, nsp, extension);
            Outgoing::inline(Arc::clone(channel), text)
        })
        .collect()
}

//! The task that listens: one ordered stream of messages, attachments in their place.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use super::inbox::Item;
use super::namespaces::NamespaceId;
use super::pending::Body;
use super::received::Received;
use super::shared::Shared;
use super::shutdown::Shutdown;
use super::stats::Link;
use super::supervisor::{Ended, Supervisor};
use crate::cluster::membership::{Evidence, Generation};
use crate::error::{Error, Result};
use crate::options::Role;
use crate::pg::database::{Database, Listener};
use crate::wire::message::MessageType;

/// How many notifications are dealt with at a time.
const MOST_NOTIFICATIONS: usize = 512;

/// Listens until the engine ends.
pub async fn run<D: Database>(shared: Arc<Shared>, database: Arc<D>, mut shutdown: Shutdown) {
    let mut supervisor = Supervisor::new(&shared, Link::Listener);
    let mut received = Received::new(&shared);
    while let Some(mut connection) = supervisor
        .connect(|| database.connect_listener(), &mut shutdown)
        .await
    {
        let ended = serve(
            &shared,
            &mut connection,
            &mut received,
            &mut supervisor,
            &mut shutdown,
        )
        .await;
        stop_listening(&shared);
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

/// Uses a connection until it is lost or the engine ends.
async fn serve<L: Listener>(
    shared: &Shared,
    connection: &mut L,
    received: &mut Received<'_>,
    supervisor: &mut Supervisor<'_>,
    shutdown: &mut Shutdown,
) -> Ended {
    let mut channels = Channels::default();
    let mut changed = true;
    // Read before the session listens on anything: all that comes over it was said later.
    let generation = shared.namespaces().generation();
    // Whoever came or went while there was no connection must be found out again.
    shared.announce_everywhere();
    loop {
        let step = async {
            if changed {
                follow_namespaces(shared, connection, &mut channels).await?;
                shared.set_listening(true);
                supervisor.established();
            }
            supervisor.works();
            received.deliver(connection).await?;
            let reopened = async {
                shared.namespaces_changed.notified().await;
                Ok(true)
            };
            let arrival = async {
                receive(shared, connection, received, generation)
                    .await
                    .map(|()| false)
            };
            // In turns: neither keeps the other waiting for ever.
            if changed {
                first_of(arrival, reopened).await
            } else {
                first_of(reopened, arrival).await
            }
        };
        match shutdown.or(step).await {
            None => return Ended::Shutdown,
            Some(Err(error)) => return Ended::Lost(error),
            Some(Ok(namespaces_changed)) => changed = namespaces_changed,
        }
    }
}

/// Waits for either; if both are there, the first one counts and nothing of the second is lost.
async fn first_of<T>(first: impl Future<Output = T>, second: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = first => done,
        done = second => done,
    }
}

/// Waits for notifications.
async fn receive<L: Listener>(
    shared: &Shared,
    connection: &mut L,
    received: &mut Received<'_>,
    generation: Generation,
) -> Result<()> {
    let arrival = connection.receive(&mut received.notifications, MOST_NOTIFICATIONS);
    shared.clock.hearing.listening(arrival).await?;
    received.evidence = Evidence {
        generation,
        received_at: shared.clock.now(),
    };
    Ok(())
}

/// Whoever joins from now on is not noticed.
fn stop_listening(shared: &Shared) {
    shared.set_listening(false);
    for (id, _) in shared.namespaces().iter_mut() {
        shared.framing.stop(id);
    }
}

/// What a session listens on.
#[derive(Default)]
struct Channels {
    open: BTreeSet<String>,
    /// What PostgreSQL refuses to listen on, such as a name that the encoding of the database cannot express.
    refused: BTreeSet<String>,
}

/// Listens on what is open and on nothing else; then tells the peers of the newly opened namespaces, so that
/// their answers are heard.
async fn follow_namespaces<L: Listener>(
    shared: &Shared,
    connection: &mut L,
    channels: &mut Channels,
) -> Result<()> {
    let mut wanted: BTreeSet<String> = shared.namespaces().channels().map(str::to_owned).collect();
    wanted.extend(shared.frame_channel.as_deref().map(str::to_owned));
    let Channels { open, refused } = channels;
    refused.retain(|channel| wanted.contains(channel));
    let closed: Vec<String> = open.difference(&wanted).cloned().collect();
    connection.unlisten(&closed).await?;
    open.retain(|channel| wanted.contains(channel));
    let opened = wanted
        .iter()
        .filter(|channel| !open.contains(*channel) && !refused.contains(*channel));
    for (channel, error) in listen(connection, opened.cloned().collect()).await? {
        shared.inbox.report(error);
        refused.insert(channel);
    }
    for (_, namespace) in shared.namespaces().iter_mut() {
        namespace.refused = refused.contains(&*namespace.address.channel);
    }
    open.extend(wanted.into_iter().filter(|channel| !refused.contains(channel)));
    for id in newly_opened(shared, open) {
        announce(shared, id);
    }
    Ok(())
}

/// Listens on channels, and returns those that are refused. One of them must not cost the others: they are listened on
/// together, and in ever smaller parts where that is refused.
async fn listen<L: Listener>(connection: &mut L, channels: Vec<String>) -> Result<Vec<(String, Error)>> {
    let mut refused = Vec::new();
    let mut parts = vec![channels];
    while let Some(mut part) = parts.pop() {
        match connection.listen(&part).await {
            Ok(()) => {}
            Err(error) if !is_about_names(&error) => return Err(error),
            Err(error) if part.len() <= 1 => refused.extend(part.pop().map(|channel| (channel, error))),
            Err(_) => {
                let half = part.split_off(part.len() / 2);
                parts.extend([part, half]);
            }
        }
    }
    Ok(refused)
}

/// Whether a statement is refused for what it names (class 22: data that cannot be), and not altogether.
fn is_about_names(error: &Error) -> bool {
    error.sqlstate().is_some_and(|code| code.starts_with("22"))
}

fn announce(shared: &Shared, id: NamespaceId) {
    match shared.options.role {
        // Its workers introduce themselves.
        Role::Primary => {
            shared.inbox.push_now(Item::Listening(id));
        }
        Role::Server | Role::Emitter => {
            let introduction = MessageType::InitialHeartbeat;
            shared.publish(id, introduction, Body::Data(None), Vec::new(), false);
        }
    }
}

fn newly_opened(shared: &Shared, channels: &BTreeSet<String>) -> Vec<NamespaceId> {
    // By then everybody who is there was heard.
    let all_known = shared.clock.now() + shared.options.heartbeat_timeout();
    shared
        .namespaces()
        .iter_mut()
        .filter(|(_, namespace)| namespace.unannounced && channels.contains(&*namespace.address.channel))
        .map(|(id, namespace)| {
            namespace.unannounced = false;
            namespace.members.no_frames_before(all_known);
            id
        })
        .collect()
}

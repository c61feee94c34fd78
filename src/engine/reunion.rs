//! After an outage: what waited is sent once those are back who shall hear it.
//!
//! When a server is restarted, all nodes lose their connections and each gets them back at its own time. Whoever
//! is first would otherwise speak to nobody: a notification reaches only those who listen at that moment.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::namespaces::Address;
use super::shared::Shared;
use crate::cluster::batch::Outgoing;
use crate::error::Result;
use crate::options::Role;
use crate::pg::database::Publisher;
use crate::wire::message::MessageType;
use crate::wire::payload::{self, Extra};

/// How long the peers are waited for. More than the longest delay between two attempts to connect: who is not
/// back by then may be gone for good.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often is looked whether they are back.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// From now on the peers have to be heard anew.
pub fn doubt_peers(shared: &Shared) {
    for (_, namespace) in shared.namespaces().iter_mut() {
        namespace.members.doubt_all();
    }
}

/// Waits until the peers that were there before the outage are heard again, for a limited time.
///
/// # Errors
/// When the connection is lost.
pub async fn wait_for_peers<P: Publisher>(shared: &Shared, connection: &mut P) -> Result<()> {
    if shared.options.role != Role::Server {
        return Ok(());
    }
    let deadline = Instant::now() + LONGEST_WAIT;
    let mut introduced = false;
    while !all_heard(shared) && !shared.outbox.is_closed() && Instant::now() < deadline {
        // Whoever hears the introduction may send at once, hence not before we can hear.
        if !introduced && shared.is_listening() {
            connection.notify_batch(&introductions(shared)).await?;
            introduced = true;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

fn all_heard(shared: &Shared) -> bool {
    shared
        .namespaces()
        .iter_mut()
        .all(|(_, namespace)| !namespace.members.has_doubted())
}

fn introductions(shared: &Shared) -> Vec<Outgoing> {
    let (uid, life) = (&shared.options.uid, shared.options.request_prefix.as_str());
    shared
        .namespaces()
        .iter_mut()
        .map(|(_, namespace)| {
            let Address { nsp, channel, .. } = &*namespace.address;
            let text = payload::compose(
                MessageType::InitialHeartbeat,
                None,
                uid,
                nsp,
                Extra::ReadsFrames { life },
            );
            Outgoing::inline(Arc::clone(channel), text)
        })
        .collect()
}

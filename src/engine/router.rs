//! What becomes of a message that arrived: most never reach JavaScript.

use std::fmt;
use std::sync::atomic::Ordering;

use super::inbox::{Binary, Event, Item, Topic};
use super::namespaces::{Namespace, NamespaceId};
use super::pending::Body;
use super::shared::Shared;
use super::stats::Unconcerned;
use crate::cluster::membership::{Evidence, Generation, Goodbye, Heard, Sender};
use crate::error::{Error, ErrorKind};
use crate::options::Role;
use crate::wire::message::{Envelope, MessageType};
use crate::wire::payload::{self, Extension};

/// Where a message was heard.
#[derive(Debug, Clone, Copy)]
pub enum Channel<'a> {
    /// On the channel of a namespace.
    Namespace(&'a str),
    /// In a frame, with its namespace.
    Frames,
}

impl fmt::Display for Channel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(channel) => write!(f, "on {channel}"),
            Self::Frames => f.write_str("in a frame"),
        }
    }
}

/// What a message consists of, inline, from the attachment table or from a frame.
pub struct Content<'a> {
    /// Valid JSON text.
    pub json: Json<'a>,
    /// The row it came in and where in it the binary parts lie, if there are any.
    pub binary: Option<Binary>,
}

/// The text of a message.
#[derive(Debug, Clone, Copy)]
pub enum Json<'a> {
    /// All of it.
    Message(&'a str),
    /// Its data.
    Data(&'a str),
    /// A broadcast: what clients are sent is in the envelope, binary parts as Socket.IO names them.
    Event,
}

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing: it was in a frame before.
    Again,
    /// Nothing, or no more than has been done by now.
    Skip(Unconcerned),
    /// Answer for JavaScript, which it does not concern.
    Answer(Unconcerned, MessageType, Option<String>),
    /// Hand it to JavaScript.
    Deliver,
    /// Hand the news that a peer left to JavaScript.
    Left,
    /// Tell the error handler.
    Unknown,
}

/// Whether a message was sent by this node: PostgreSQL notifies the sender as well.
#[must_use]
pub fn is_own(shared: &Shared, envelope: &Envelope<'_>) -> bool {
    let sender = match shared.options.role {
        // It publishes under the ids of its workers.
        Role::Primary => &envelope.node_id,
        Role::Server | Role::Emitter => &envelope.uid,
    };
    sender.as_deref() == Some(shared.options.uid.as_str())
}

/// Hears a message in our own name: the echo of one of ours, or the word of another server that has the same uid. What
/// that one says is not heard here; reports it, once.
pub fn hear_own(shared: &Shared, envelope: &Envelope<'_>) -> Option<Item> {
    let incarnation = envelope.incarnation.as_deref()?;
    if incarnation == shared.options.incarnation() {
        if let Some(generation) = envelope.generation {
            hear_echo(shared, envelope, Generation(generation));
        }
        return None;
    }
    if shared.namesake_known.swap(true, Ordering::Relaxed) {
        return None;
    }
    let sentence = format!(
        "another server of the cluster has the uid \"{}\", too, and neither hears the other: give each server a uid of \
         its own, or leave the option out",
        shared.options.uid
    );
    Some(Item::Report(Error::new(ErrorKind::DuplicateUid, sentence)))
}

/// An introduction of ours has made its way through the database: what is heard from now on is newer.
fn hear_echo(shared: &Shared, envelope: &Envelope<'_>, generation: Generation) {
    let mut namespaces = shared.namespaces();
    let named = envelope.nsp.as_deref().and_then(|nsp| namespaces.by_name(nsp));
    if let Some((_, namespace)) = named {
        namespace.members.on_echo(generation);
    }
}

/// Decides what becomes of a message on a channel, and does what can be done natively. Returns what is for
/// JavaScript.
pub fn route(
    shared: &Shared,
    channel: Channel<'_>,
    envelope: &Envelope<'_>,
    content: Content<'_>,
    evidence: Evidence,
) -> Option<Item> {
    if is_own(shared, envelope) {
        return None;
    }
    let (id, verdict) = {
        let mut namespaces = shared.namespaces();
        let (id, namespace) = match (channel, envelope.nsp.as_deref()) {
            (Channel::Namespace(channel), _) => namespaces.by_channel(channel)?,
            (Channel::Frames, nsp) => namespaces.by_name(nsp?)?,
        };
        if envelope
            .nsp
            .as_deref()
            .is_some_and(|nsp| *nsp != *namespace.address.nsp)
        {
            return None;
        }
        let verdict = if shared.options.role == Role::Primary {
            // Who is there, and what concerns whom, is for the workers to know.
            Verdict::Deliver
        } else {
            notice_sender(shared, id, namespace, envelope, evidence);
            if envelope.was_framed {
                Verdict::Again
            } else {
                judge(shared, id, namespace, envelope, evidence)
            }
        };
        (id, verdict)
    };
    shared.stats.received.add(usize::from(verdict != Verdict::Again));
    match verdict {
        Verdict::Again => None,
        Verdict::Skip(reason) => {
            shared.stats.filtered(reason);
            None
        }
        Verdict::Answer(reason, kind, data) => {
            shared.stats.filtered(reason);
            shared.publish(id, kind, Body::Data(data), Vec::new(), false);
            None
        }
        Verdict::Deliver => {
            shared.stats.delivered.add(1);
            Some(match (shared.options.role, envelope.broadcast) {
                (Role::Server, Some(broadcast)) if can_be_passed_on(envelope, &content) => Item::Broadcast {
                    namespace: id,
                    opts: broadcast.opts.to_owned(),
                    event: broadcast.event.to_owned(),
                    binary: content.binary,
                },
                _ => deliver(id, envelope, content),
            })
        }
        Verdict::Left => {
            shared.stats.filtered(Unconcerned::Membership);
            envelope.uid.as_ref().map(|uid| Item::PeerLeft {
                namespace: id,
                uid: uid.clone().into_owned(),
            })
        }
        Verdict::Unknown => {
            let sentence = format!(
                "a message of the unknown type {} {channel} was skipped; is a newer version in the cluster?",
                envelope.kind.code()
            );
            Some(Item::Report(Error::new(ErrorKind::Malformed, sentence)))
        }
    }
}

/// Every message is a sign of life.
fn notice_sender(
    shared: &Shared,
    id: NamespaceId,
    namespace: &mut Namespace,
    envelope: &Envelope<'_>,
    evidence: Evidence,
) {
    let Some(uid) = envelope.uid.as_deref() else {
        return;
    };
    if envelope.kind == MessageType::AdapterClose {
        return;
    }
    let introduces = envelope.kind == MessageType::InitialHeartbeat;
    // Other messages do not tell.
    let reads_frames = (introduces || envelope.kind == MessageType::Heartbeat || envelope.reads_frames)
        .then_some(envelope.reads_frames);
    let sender = Sender {
        uid,
        incarnation: envelope.incarnation.as_deref(),
        introduces,
        reads_frames,
    };
    let heard = namespace.members.on_message(&sender, evidence);
    if heard == Heard::Joined {
        shared.debug(Topic::Membership, || {
            format!("{}: node {uid} joined", namespace.address.nsp)
        });
        shared.tell(Event::PeerJoined {
            namespace: id,
            uid: uid.to_owned(),
        });
    }
    let may_be_new = shared.framing.policy().is_framed(id) || introduces || heard == Heard::Joined;
    if may_be_new && heard != Heard::Ignored && !namespace.members.reads_frames(uid) {
        shared.debug(Topic::Membership, || {
            format!("{}: node {uid} understands no frames", namespace.address.nsp)
        });
        shared.framing.stop(id);
    }
}

fn judge(
    shared: &Shared,
    id: NamespaceId,
    namespace: &mut Namespace,
    envelope: &Envelope<'_>,
    evidence: Evidence,
) -> Verdict {
    match envelope.kind {
        MessageType::Heartbeat => Verdict::Skip(Unconcerned::Membership),
        MessageType::InitialHeartbeat => {
            Verdict::Answer(Unconcerned::Membership, MessageType::Heartbeat, None)
        }
        MessageType::AdapterClose => {
            let Some(uid) = envelope.uid.as_deref() else {
                return Verdict::Skip(Unconcerned::Membership);
            };
            let incarnation = envelope.incarnation.as_deref();
            let (what, verdict) = match namespace.members.on_goodbye(uid, incarnation, evidence) {
                Goodbye::Unknown => return Verdict::Skip(Unconcerned::Membership),
                Goodbye::Stays => ("was restarted", Verdict::Skip(Unconcerned::Membership)),
                Goodbye::Left => ("left", Verdict::Left),
            };
            shared.debug(Topic::Membership, || {
                format!("{}: node {uid} {what}", namespace.address.nsp)
            });
            verdict
        }
        MessageType::Broadcast
        | MessageType::SocketsJoin
        | MessageType::SocketsLeave
        | MessageType::DisconnectSockets
        | MessageType::FetchSockets => {
            // A join that JavaScript has yet to carry out may fill the very room. Asked first: once nothing is
            // unsettled, the room index holds all that was joined.
            if shared.inbox.has_unsettled(id) || namespace.rooms.may_match(&envelope.rooms) {
                Verdict::Deliver
            } else {
                answer_without_sockets(
                    envelope,
                    if namespace.rooms.is_populated() {
                        Unconcerned::OtherRooms
                    } else {
                        Unconcerned::NoSocket
                    },
                )
            }
        }
        MessageType::ServerSideEmit => Verdict::Deliver,
        kind if kind.is_response() => {
            let own = &shared.options.request_prefix;
            if envelope
                .request_id
                .as_deref()
                .is_some_and(|request| request.starts_with(own.as_str()))
            {
                Verdict::Deliver
            } else {
                Verdict::Skip(Unconcerned::OtherServer)
            }
        }
        _ => Verdict::Unknown,
    }
}

/// What JavaScript would answer with no socket to ask.
fn answer_without_sockets(envelope: &Envelope<'_>, reason: Unconcerned) -> Verdict {
    let Some(request) = envelope
        .request_id
        .as_deref()
        .and_then(|id| serde_json::to_string(id).ok())
    else {
        return Verdict::Skip(reason);
    };
    match envelope.kind {
        MessageType::Broadcast => Verdict::Answer(
            reason,
            MessageType::BroadcastClientCount,
            Some(format!("{{\"requestId\":{request},\"clientCount\":0}}")),
        ),
        MessageType::FetchSockets => Verdict::Answer(
            reason,
            MessageType::FetchSocketsResponse,
            Some(format!("{{\"requestId\":{request},\"sockets\":[]}}")),
        ),
        _ => Verdict::Skip(reason),
    }
}

/// Whether clients can be sent what stands in the message as it is: JavaScript need make no objects of it.
fn can_be_passed_on(envelope: &Envelope<'_>, content: &Content<'_>) -> bool {
    envelope.kind == MessageType::Broadcast
        && (content.binary.is_none() || matches!(content.json, Json::Event))
}

fn compose(envelope: &Envelope<'_>, data: &str) -> String {
    let (uid, nsp) = (envelope.uid.as_deref(), envelope.nsp.as_deref());
    let (uid, nsp) = (uid.unwrap_or_default(), nsp.unwrap_or_default());
    payload::compose(envelope.kind, Some(data), uid, nsp, Extension::None)
}

fn deliver(namespace: NamespaceId, envelope: &Envelope<'_>, content: Content<'_>) -> Item {
    let json = match content.json {
        Json::Message(text) => text.to_owned(),
        Json::Data(text) => compose(envelope, text),
        Json::Event => {
            let (opts, event) = envelope.broadcast.map_or(("", "[]"), |it| (it.opts, it.event));
            compose(envelope, &payload::broadcast_data(opts, event))
        }
    };
    Item::Message {
        namespace,
        json,
        binary: content.binary,
        // The application's handlers of server-side events and disconnections may do anything, also join rooms.
        changes_rooms: matches!(
            envelope.kind,
            MessageType::SocketsJoin | MessageType::ServerSideEmit | MessageType::DisconnectSockets
        ),
    }
}

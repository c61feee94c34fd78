//! The form in which a message travels: inline, or as an attachment when it is large or binary.

use std::sync::Arc;

use super::pending::{Body, Pending};
use super::shared::Shared;
use crate::cluster::batch::Outgoing;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Role;
use crate::wire::message::MessageType;
use crate::wire::payload::Extension;
use crate::wire::{msgpack, payload};

/// Gives a message its form. One that cannot have any is reported, and done with.
pub fn prepare_or_report(shared: &Shared, message: Pending) -> Option<Outgoing> {
    match prepare(shared, message) {
        Ok(outgoing) => Some(outgoing),
        Err(error) => {
            shared.inbox.report(error);
            shared.dropped(1);
            shared.outbox.settle(1);
            None
        }
    }
}

/// Gives a message the form in which it travels: inline, or as an attachment when it is large or binary.
fn prepare(shared: &Shared, message: Pending) -> Result<Outgoing> {
    let options = &shared.options;
    let would_be_missed = message.would_be_missed();
    let Pending {
        address,
        kind,
        body,
        parts,
        was_framed,
        ..
    } = message;
    let channel = Arc::clone(&address.channel);
    let extension = match kind {
        _ if was_framed => Extension::FrameRepeat,
        MessageType::InitialHeartbeat | MessageType::Heartbeat if shared.frame_channel.is_some() => {
            Extension::FrameCapable {
                incarnation: options.incarnation(),
                generation: None,
            }
        }
        MessageType::AdapterClose if options.role == Role::Server => Extension::Goodbye {
            incarnation: options.incarnation(),
        },
        _ => Extension::None,
    };
    let compose = |data: Option<&str>| payload::compose(kind, data, &options.uid, &address.nsp, extension);
    let text = match body {
        Body::Data(data) => compose(data.as_deref()),
        Body::Event { options, event } => compose(Some(&payload::broadcast_data(&options, &event))),
        Body::Whole(text) => text,
    };
    if parts.is_empty() && payload::fits_inline(text.len(), options.payload_threshold) {
        return Ok(Outgoing {
            would_be_missed,
            ..Outgoing::inline(channel, text)
        });
    }
    let refused = |reason: String| {
        let context = format!("a message for the namespace {} was not sent", address.nsp);
        Error::new(ErrorKind::Publish, context).with_source(reason)
    };
    let attachment =
        msgpack::encode(&text, &parts, &options.marker).map_err(|error| refused(error.to_string()))?;
    if attachment.len() > options.max_attachment_size {
        return Err(refused(format!(
            "it has {} bytes, more than {} (maxAttachmentSize)",
            attachment.len(),
            options.max_attachment_size
        )));
    }
    let node_id = (options.role == Role::Primary).then_some(options.uid.as_str());
    let header = payload::attachment_header_start(&options.uid, kind, &address.nsp, node_id, was_framed);
    Ok(Outgoing {
        would_be_missed,
        ..Outgoing::attached(channel, header, attachment)
    })
}

//! What this node says in frames.

use std::sync::Arc;

use super::framing::Gathering;
use super::pending::Pending;
use super::shared::Shared;
use crate::cluster::batch::{Outgoing, PieceOfStream};
use crate::options::Options;
use crate::wire::frame::Writer;

/// Writes this node's stream.
pub struct FrameWriter {
    writer: Writer,
    channel: Arc<str>,
    /// How many messages are in the block that is being written.
    messages: usize,
}

impl FrameWriter {
    /// Nothing is written yet. None for a node that cannot or may not use frames.
    #[must_use]
    pub fn new(shared: &Shared) -> Option<Self> {
        let options = &shared.options;
        Some(Self {
            writer: Writer::new(&options.uid, shared.framing.stream?, &options.marker)?,
            channel: Arc::clone(shared.frame_channel.as_ref()?),
            messages: 0,
        })
    }

    /// Writes a message down, or gives it back: it has to travel by itself.
    ///
    /// # Errors
    /// The message.
    pub fn write(
        &mut self,
        gathering: &mut Gathering<'_>,
        message: Pending,
        options: &Options,
    ) -> Result<(), Pending> {
        gathering.write(message, &mut self.writer, options)?;
        self.messages += 1;
        Ok(())
    }

    /// The block of everything that was written since the last call.
    pub fn finish(&mut self) -> Vec<Outgoing> {
        let messages = std::mem::take(&mut self.messages);
        let pieces = self.writer.finish().into_iter();
        pieces
            .map(|piece| {
                let of_stream = PieceOfStream {
                    block: piece.block,
                    messages: if piece.is_last { messages } else { 0 },
                };
                Outgoing::piece(Arc::clone(&self.channel), piece.text, of_stream)
            })
            .collect()
    }
}

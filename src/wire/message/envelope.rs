//! The borrowed, partial parse of a message: only what routing needs, everything else is checked and skipped.

use std::borrow::Cow;

use super::MessageType;
use crate::wire::json::{JsonError, RawStr, Scanner, Token};

/// The only type of packet that is broadcast, with the number of Socket.IO's protocol.
const EVENT_PACKET: &str = "2";

/// What routing needs to know of a notification, or of the JSON text of a decoded attachment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope<'a> {
    /// The sender.
    pub uid: Option<Cow<'a, str>>,
    /// `type`
    pub kind: MessageType,
    /// The namespace. The headers and the emitter of the JavaScript packages leave it out.
    pub nsp: Option<Cow<'a, str>>,
    /// `nodeId`: the server that the sender is part of, where it has several adapters.
    pub node_id: Option<Cow<'a, str>>,
    /// The row that holds the message; always greater than 0.
    pub attachment_id: Option<i64>,
    /// `data.requestId`: an answer is expected, or given.
    pub request_id: Option<Cow<'a, str>>,
    /// `data.opts.rooms`
    pub rooms: Rooms<'a>,
    /// What a broadcast consists of, where clients can be sent just that.
    pub broadcast: Option<PlainBroadcast<'a>>,
    /// `readsFrames`: the sender understands [`frame`](crate::wire::frame)s.
    pub reads_frames: bool,
    /// `life`: which of all servers that have had this uid.
    pub incarnation: Option<Cow<'a, str>>,
    /// `generation`: how many sessions the sender had lost when it introduced itself.
    pub generation: Option<u64>,
    /// `wasFramed`: whoever understands frames has had the message already.
    pub was_framed: bool,
}

/// A broadcast of an event, as it stands in the message: it can be passed on without making objects of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlainBroadcast<'a> {
    /// The JSON text of the event: an array of its name, a string or a number, and its arguments.
    pub event: &'a str,
    /// The JSON text of `data.opts`, an object; empty for the usual ones.
    pub opts: &'a str,
}

/// `data.opts.rooms`: which rooms a packet is for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Rooms<'a> {
    /// No rooms are named: it is for everybody.
    #[default]
    All,
    /// It is for the sockets in any of these; there is at least one.
    Named(Vec<Cow<'a, str>>),
    /// Something that is no list of well-formed strings: only JavaScript can tell.
    Opaque,
}

/// Why a text is no cluster message. The text itself is never part of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum DecodeError {
    /// Not one complete JSON value.
    #[error("the message is not valid JSON")]
    Json(#[from] JsonError),
    /// A JSON value of another type than object.
    #[error("the message is not a JSON object")]
    NotAnObject,
    /// A member without which nothing can be done is missing.
    #[error("the message has no \"{0}\"")]
    Missing(&'static str),
    /// A member holds something else than it must.
    #[error("the \"{field}\" of the message is not {expected}")]
    Invalid {
        /// The name of the member.
        field: &'static str,
        /// What it must hold.
        expected: &'static str,
    },
}

impl<'a> Envelope<'a> {
    /// The envelope of a broadcast that consists of the texts of an event and its options, checked in the same way;
    /// empty options are the usual ones.
    ///
    /// # Errors
    /// A text is no JSON value, or none of its kind.
    pub fn of_event(uid: &'a str, nsp: &'a str, opts: &'a str, event: &'a str) -> Result<Self, DecodeError> {
        let mut scanner = Scanner::new(event);
        let text = event_text(&mut scanner)?;
        scanner.finish()?;
        // Its sender is a server of this kind: the text is what JavaScript wrote.
        let event = text.ok_or(DecodeError::Invalid {
            field: "event",
            expected: "an array that begins with a name",
        })?;
        let mut envelope = Self::of_data(MessageType::Broadcast, uid, nsp, "null")?;
        if !opts.is_empty() {
            let mut scanner = Scanner::new(opts);
            let (rooms, text) = options(&mut scanner)?;
            scanner.finish()?;
            text.ok_or(DecodeError::Invalid {
                field: "opts",
                expected: "an object",
            })?;
            envelope.rooms = rooms;
        }
        envelope.broadcast = Some(PlainBroadcast {
            event: event.text,
            opts,
        });
        Ok(envelope)
    }

    /// Whether a name begins so: of the sender, the namespace, the request, or a room.
    #[must_use]
    pub fn has_name_with(&self, start: &str) -> bool {
        self.names().any(|name| name.starts_with(start))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let rooms: &[Cow<'a, str>] = match &self.rooms {
            Rooms::Named(rooms) => rooms,
            Rooms::All | Rooms::Opaque => &[],
        };
        [&self.uid, &self.nsp, &self.node_id, &self.request_id]
            .into_iter()
            .flatten()
            .chain(rooms)
            .map(AsRef::as_ref)
    }

    /// Reads the envelope of the message in `text`, and checks that `text` is one complete JSON value that
    /// `JSON.parse` accepts, at most [`MAX_DEPTH`](crate::wire::MAX_DEPTH) levels deep.
    ///
    /// Where a member is named twice the last one counts, as for `JSON.parse`; all of them must be of the right type.
    ///
    /// # Errors
    /// The text is not such a value, `type` is missing, or a member is not of its type.
    pub fn parse(text: &'a str) -> Result<Self, DecodeError> {
        let mut scanner = Scanner::new(text);
        if scanner.expect_token()? != Token::BeginObject {
            return Err(DecodeError::NotAnObject);
        }
        let mut fields = Fields::default();
        while let Some(name) = scanner.next_key()? {
            fields.read(name, &mut scanner)?;
        }
        scanner.finish()?;
        fields.into_envelope()
    }

    /// The envelope of a message in a frame, whose data is in `text`, checked in the same way; the rest of it is known already.
    ///
    /// # Errors
    /// The text is no JSON value, or a member is not of its type.
    pub fn of_data(
        kind: MessageType,
        uid: &'a str,
        nsp: &'a str,
        text: &'a str,
    ) -> Result<Self, DecodeError> {
        let mut scanner = Scanner::new(text);
        let data = data(&mut scanner)?;
        scanner.finish()?;
        let fields = Fields {
            uid: Some(uid.into()),
            kind: Some(kind),
            nsp: Some(nsp.into()),
            data,
            reads_frames: true,
            ..Fields::default()
        };
        fields.into_envelope()
    }
}

/// The members of the message that have been read so far.
#[derive(Default)]
struct Fields<'a> {
    uid: Option<Cow<'a, str>>,
    kind: Option<MessageType>,
    nsp: Option<Cow<'a, str>>,
    node_id: Option<Cow<'a, str>>,
    attachment_id: Option<i64>,
    data: Data<'a>,
    reads_frames: bool,
    incarnation: Option<Cow<'a, str>>,
    generation: Option<u64>,
    was_framed: bool,
}

/// The members of `data` that routing needs.
#[derive(Default)]
struct Data<'a> {
    request_id: Option<Cow<'a, str>>,
    rooms: Rooms<'a>,
    /// The texts of the event in `packet`, and of `opts`.
    event: Option<&'a str>,
    opts: Option<&'a str>,
}

impl<'a> Data<'a> {
    fn broadcast(&self) -> Option<PlainBroadcast<'a>> {
        let (event, opts) = (self.event?, self.opts?);
        self.request_id
            .is_none()
            .then_some(PlainBroadcast { event, opts })
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self, name: RawStr<'a>, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        match name.decode().as_deref() {
            Some("uid") => self.uid = Some(string(scanner, "uid")?),
            Some("type") => self.kind = Some(message_type(scanner)?),
            Some("nsp") => self.nsp = Some(string(scanner, "nsp")?),
            Some("nodeId") => self.node_id = Some(string(scanner, "nodeId")?),
            Some("attachmentId") => self.attachment_id = Some(attachment_id(scanner)?),
            Some("data") => self.data = data(scanner)?,
            Some("readsFrames") => self.reads_frames = is_true(scanner)?,
            Some("life") => self.incarnation = any_string(scanner)?,
            Some("generation") => self.generation = any_number(scanner)?,
            Some("wasFramed") => self.was_framed = is_true(scanner)?,
            _ => scanner.skip_value()?,
        }
        Ok(())
    }

    fn into_envelope(self) -> Result<Envelope<'a>, DecodeError> {
        Ok(Envelope {
            uid: self.uid,
            kind: self.kind.ok_or(DecodeError::Missing("type"))?,
            nsp: self.nsp,
            node_id: self.node_id,
            attachment_id: self.attachment_id,
            broadcast: self.data.broadcast(),
            request_id: self.data.request_id,
            rooms: self.data.rooms,
            reads_frames: self.reads_frames,
            incarnation: self.incarnation,
            generation: self.generation,
            was_framed: self.was_framed,
        })
    }
}

/// Whether the next value is `true`; anything else is not worth an error.
fn is_true(scanner: &mut Scanner<'_>) -> Result<bool, JsonError> {
    let value = scanner.expect_token()?;
    let is_true = value == Token::Bool(true);
    scanner.skip_rest_of(value)?;
    Ok(is_true)
}

/// The next value if it is a non-negative integer; anything else is not worth an error.
fn any_number(scanner: &mut Scanner<'_>) -> Result<Option<u64>, JsonError> {
    let value = scanner.expect_token()?;
    if let Token::Number(digits) = value {
        return Ok(digits.parse().ok());
    }
    scanner.skip_rest_of(value)?;
    Ok(None)
}

/// The next value if it is a string; anything else is not worth an error.
fn any_string<'a>(scanner: &mut Scanner<'a>) -> Result<Option<Cow<'a, str>>, JsonError> {
    let value = scanner.expect_token()?;
    if let Token::String(text) = value {
        return Ok(text.decode());
    }
    scanner.skip_rest_of(value)?;
    Ok(None)
}

fn string<'a>(scanner: &mut Scanner<'a>, field: &'static str) -> Result<Cow<'a, str>, DecodeError> {
    let well_formed = match scanner.expect_token()? {
        Token::String(text) => text.decode(),
        _ => None,
    };
    well_formed.ok_or(DecodeError::Invalid {
        field,
        expected: "a well-formed string",
    })
}

fn message_type(scanner: &mut Scanner<'_>) -> Result<MessageType, DecodeError> {
    let code = match scanner.expect_token()? {
        Token::Number(digits) => digits.parse().ok(),
        _ => None,
    };
    let invalid = DecodeError::Invalid {
        field: "type",
        expected: "a non-negative integer",
    };
    code.map(MessageType::from_code).ok_or(invalid)
}

fn attachment_id(scanner: &mut Scanner<'_>) -> Result<i64, DecodeError> {
    let digits = match scanner.expect_token()? {
        Token::String(text) => text.decode().unwrap_or_default(),
        Token::Number(digits) => Cow::Borrowed(digits),
        _ => Cow::Borrowed(""),
    };
    // The parser of the standard library takes a leading plus sign as well.
    let id = if digits.starts_with('+') {
        None
    } else {
        digits.parse().ok()
    };
    let invalid = DecodeError::Invalid {
        field: "attachmentId",
        expected: "a positive 64-bit integer",
    };
    id.filter(|&id| id > 0).ok_or(invalid)
}

fn data<'a>(scanner: &mut Scanner<'a>) -> Result<Data<'a>, DecodeError> {
    let mut data = Data::default();
    let first = scanner.expect_token()?;
    if first != Token::BeginObject {
        scanner.skip_rest_of(first)?;
        return Ok(data);
    }
    while let Some(name) = scanner.next_key()? {
        match name.decode().as_deref() {
            Some("requestId") => data.request_id = Some(string(scanner, "data.requestId")?),
            Some("opts") => (data.rooms, data.opts) = options(scanner)?,
            Some("packet") => data.event = packet(scanner)?,
            _ => scanner.skip_value()?,
        }
    }
    Ok(data)
}

/// The event of a packet that holds nothing else.
fn packet<'a>(scanner: &mut Scanner<'a>) -> Result<Option<&'a str>, JsonError> {
    let first = scanner.expect_token()?;
    if first != Token::BeginObject {
        scanner.skip_rest_of(first)?;
        return Ok(None);
    }
    let (mut is_event, mut is_plain, mut event) = (false, true, None);
    while let Some(name) = scanner.next_key()? {
        match name.decode().as_deref() {
            Some("type") => {
                let value = scanner.expect_token()?;
                is_event = value == Token::Number(EVENT_PACKET);
                scanner.skip_rest_of(value)?;
            }
            Some("data") => event = event_text(scanner)?.filter(|event| !event.has_odd_numbers),
            // The receiver knows the namespace.
            Some("nsp") => scanner.skip_value()?,
            _ => {
                is_plain = false;
                scanner.skip_value()?;
            }
        }
    }
    Ok(event.filter(|_| is_event && is_plain).map(|event| event.text))
}

/// Names that Socket.IO lets nobody emit to clients: they close their connection over them.
const RESERVED_EVENTS: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// An array that begins with a name.
struct EventText<'a> {
    text: &'a str,
    /// Whether there are numbers that JavaScript would write in another way: clients of other kinds might read
    /// something else from them.
    has_odd_numbers: bool,
}

fn event_text<'a>(scanner: &mut Scanner<'a>) -> Result<Option<EventText<'a>>, JsonError> {
    let first = scanner.expect_token()?;
    if first != Token::BeginArray {
        scanner.skip_rest_of(first)?;
        return Ok(None);
    }
    let start = scanner.container_start();
    let odd_numbers = scanner.odd_numbers();
    let name = scanner.expect_token()?;
    if name == Token::EndArray {
        return Ok(None);
    }
    scanner.skip_rest_of(name)?;
    scanner.skip_rest_of(Token::BeginArray)?;
    let has_name = match name {
        Token::String(name) => !name
            .decode()
            .is_some_and(|name| RESERVED_EVENTS.contains(&&*name)),
        token => matches!(token, Token::Number(_)),
    };
    let event = EventText {
        text: scanner.container_text(start)?,
        has_odd_numbers: scanner.odd_numbers() != odd_numbers,
    };
    Ok(has_name.then_some(event))
}

/// The rooms of `opts`, and the text of all of it.
fn options<'a>(scanner: &mut Scanner<'a>) -> Result<(Rooms<'a>, Option<&'a str>), JsonError> {
    let first = scanner.expect_token()?;
    if first != Token::BeginObject {
        scanner.skip_rest_of(first)?;
        return Ok((Rooms::Opaque, None));
    }
    let start = scanner.container_start();
    let mut rooms = Rooms::All;
    while let Some(name) = scanner.next_key()? {
        if name.decode().as_deref() == Some("rooms") {
            rooms = room_list(scanner)?;
        } else {
            scanner.skip_value()?;
        }
    }
    Ok((rooms, Some(scanner.container_text(start)?)))
}

fn room_list<'a>(scanner: &mut Scanner<'a>) -> Result<Rooms<'a>, JsonError> {
    match scanner.expect_token()? {
        Token::BeginArray => {}
        // `new Set(null)` is an empty set.
        Token::Null => return Ok(Rooms::All),
        other => {
            scanner.skip_rest_of(other)?;
            return Ok(Rooms::Opaque);
        }
    }
    let mut names = Vec::new();
    let mut all_names = true;
    loop {
        let name = match scanner.expect_token()? {
            Token::EndArray => break,
            Token::String(name) => name.decode(),
            other => {
                scanner.skip_rest_of(other)?;
                None
            }
        };
        match name {
            Some(name) => names.push(name),
            None => all_names = false,
        }
    }
    Ok(match (all_names, names.is_empty()) {
        (false, _) => Rooms::Opaque,
        (true, true) => Rooms::All,
        (true, false) => Rooms::Named(names),
    })
}

#[cfg(test)]
mod tests;

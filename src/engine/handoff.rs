//! How a bundle of items crosses to JavaScript: one JSON text, parsed there in one go, and the binary content
//! beside it.
//!
//! The text is an array of arrays, each beginning with a number that says what it is:
//!
//! | array | meaning |
//! | --- | --- |
//! | `[0, namespace, message]` | a message |
//! | `[1, namespace, message, [[start, end], …]]` | a message with parts in the bytes |
//! | `[2, namespace, uid]` | a peer left |
//! | `[3, {code, message, cause?}]` | an error |
//! | `[4, topic, line]` | a debug line |
//! | `[5, number, target]` | a password is wanted for that target |
//! | `[6, namespace]` | the namespace is listened to |
//! | `[7, namespace, opts, count]` | so many broadcasts with the same options, `null` for the usual ones; their events are the next ones |
//! | `[8, namespace, opts, [[start, end], …]]` | a broadcast of the next event, with parts in the bytes |
//! | `[9, connection]` | a connection is there |
//! | `[10, connection, {code, message}]` | a connection was lost |
//! | `[11, namespace, uid]` | a server joined a namespace |
//! | `[12, count]` | so many messages will never be sent |
//! | `[13, number, target, {host, port, address}]` | the verdict of `pg` on that server is wanted |

use std::error::Error as _;
use std::fmt::Write;

use serde::Serialize;

use super::inbox::{Binary, Event, Item};
use super::namespaces::NamespaceId;
use crate::error::Error;

/// Stands nowhere in a JSON text: neither inside a string nor between values.
pub const SEPARATOR: char = '\u{1e}';

/// Items in the form in which JavaScript takes them.
#[derive(Default)]
pub struct Handoff {
    /// The JSON text; empty when there is nothing.
    pub text: String,
    /// The binary parts of the messages of kinds 1 and 8.
    pub bytes: Vec<u8>,
    /// The JSON texts of the events of kinds 7 and 8, in order, with [`SEPARATOR`] between them. One text crosses faster
    /// than an array of them.
    pub events: String,
}

/// Broadcasts one after the other that differ in their events alone.
struct Run {
    namespace: NamespaceId,
    opts: String,
    count: usize,
}

impl Handoff {
    /// Writes the items down.
    #[must_use]
    pub fn new(items: Vec<Item>) -> Self {
        let mut handoff = Self::default();
        let mut run = None;
        for item in items {
            handoff.add(item, &mut run);
        }
        handoff.end(&mut run);
        if !handoff.text.is_empty() {
            handoff.text.push(']');
        }
        handoff
    }

    fn add(&mut self, item: Item, run: &mut Option<Run>) {
        if let Item::Broadcast {
            namespace,
            opts,
            event,
            binary: None,
        } = item
        {
            self.add_event(&event);
            match run {
                Some(run) if run.namespace == namespace && run.opts == opts => run.count += 1,
                _ => {
                    self.end(run);
                    *run = Some(Run {
                        namespace,
                        opts,
                        count: 1,
                    });
                }
            }
            return;
        }
        self.end(run);
        match item {
            Item::Broadcast {
                namespace,
                opts,
                event,
                binary,
            } => {
                self.add_event(&event);
                self.write(format_args!("[8,{namespace},{},", or_null(&opts)));
                self.add_parts(binary);
            }
            Item::Message {
                namespace,
                json,
                binary: None,
                ..
            } => {
                self.write(format_args!("[0,{namespace},{json}]"));
            }
            Item::Message {
                namespace,
                json,
                binary,
                ..
            } => {
                self.write(format_args!("[1,{namespace},{json},"));
                self.add_parts(binary);
            }
            Item::PeerLeft { namespace, uid } => self.write(format_args!("[2,{namespace},{}]", json(&uid))),
            Item::Report(error) => self.write(format_args!("[3,{}]", json(&Report::of(&error)))),
            Item::Debug(topic, line) => self.write(format_args!("[4,{},{}]", json(&topic), json(&line))),
            Item::Event(event) => self.add_engine_event(event),
            Item::PasswordWanted(number, target) => {
                self.write(format_args!("[5,{number},{}]", target as u8));
            }
            Item::VerdictWanted(number, target, question) => {
                self.write(format_args!("[13,{number},{},{}]", target as u8, json(&question)));
            }
            Item::Listening(namespace) => self.write(format_args!("[6,{namespace}]")),
        }
    }

    fn add_engine_event(&mut self, event: Event) {
        match event {
            Event::Connected(link) => self.write(format_args!("[9,{}]", json(&link.name()))),
            Event::Disconnected { link, code, reason } => {
                let report = Report {
                    code,
                    message: reason,
                    cause: None,
                };
                self.write(format_args!("[10,{},{}]", json(&link.name()), json(&report)));
            }
            Event::PeerJoined { namespace, uid } => {
                self.write(format_args!("[11,{namespace},{}]", json(&uid)));
            }
            Event::Dropped(messages) => self.write(format_args!("[12,{messages}]")),
        }
    }

    /// Writes down a run that has come to its end.
    fn end(&mut self, run: &mut Option<Run>) {
        if let Some(run) = run.take() {
            let opts = or_null(&run.opts);
            self.write(format_args!("[7,{},{opts},{}]", run.namespace, run.count));
        }
    }

    fn add_event(&mut self, event: &str) {
        if !self.events.is_empty() {
            self.events.push(SEPARATOR);
        }
        self.events.push_str(event);
    }

    /// Writes down where the parts of a message will be, which is the end of its item.
    fn add_parts(&mut self, binary: Option<Binary>) {
        let Binary { bytes, parts } = binary.unwrap_or_default();
        let offset = self.bytes.len();
        self.text.push('[');
        for (index, part) in parts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (start, end) = (offset + part.start, offset + part.end);
            self.append(format_args!("{comma}[{start},{end}]"));
        }
        self.text.push_str("]]");
        if self.bytes.is_empty() {
            self.bytes = bytes;
        } else {
            self.bytes.extend_from_slice(&bytes);
        }
    }

    /// Begins the next item of the array.
    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.push(if self.text.is_empty() { '[' } else { ',' });
        self.append(text);
    }

    fn append(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(text);
    }
}

fn or_null(opts: &str) -> &str {
    if opts.is_empty() {
        "null"
    } else {
        opts
    }
}

/// The JSON text of something that certainly has one.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

#[derive(Serialize)]
struct Report {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
}

#[derive(Serialize)]
struct Cause {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

impl Report {
    fn of(error: &Error) -> Self {
        let code = error.sqlstate().map(str::to_owned);
        let cause = error.source().map(|source| Cause {
            message: source.to_string(),
            code,
        });
        Self {
            code: error.code(),
            message: error.to_string(),
            cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::inbox::{TargetId, Topic};
    use crate::engine::stats::Link;
    use crate::error::ErrorKind;

    fn broadcast(event: &str) -> Item {
        Item::Broadcast {
            namespace: 7,
            opts: r#"{"rooms":[]}"#.into(),
            event: event.into(),
            binary: None,
        }
    }

    #[test]
    fn nothing_is_an_empty_text() {
        assert_eq!(Handoff::new(Vec::new()).text, "");
    }

    #[test]
    fn writes_each_kind_of_item() {
        let error = Error::new(ErrorKind::Publish, "a \"b\"")
            .with_source("c")
            .with_sqlstate("42501");
        let handoff = Handoff::new(vec![
            Item::Message {
                namespace: 7,
                json: r#"{"type":3}"#.into(),
                binary: None,
                changes_rooms: false,
            },
            Item::Message {
                namespace: 7,
                json: "{}".into(),
                binary: Some(Binary {
                    bytes: vec![1, 2, 3],
                    parts: vec![0..1, 1..3],
                }),
                changes_rooms: false,
            },
            Item::PeerLeft {
                namespace: 7,
                uid: "u\n".into(),
            },
            Item::Report(error),
            Item::Debug(Topic::Membership, "line".into()),
            Item::PasswordWanted(9, TargetId::Listen),
            Item::Listening(7),
            Item::Event(Event::Connected(Link::Listener)),
            Item::Event(Event::Disconnected {
                link: Link::Publisher,
                code: "ERR_CONNECTION",
                reason: "r".into(),
            }),
            Item::Event(Event::PeerJoined {
                namespace: 7,
                uid: "p".into(),
            }),
            Item::Event(Event::Dropped(3)),
            broadcast("[\"a\"]"),
            broadcast("[\"b\"]"),
            Item::Broadcast {
                namespace: 7,
                opts: String::new(),
                event: "[\"c\"]".into(),
                binary: Some(Binary {
                    bytes: vec![4, 5],
                    parts: vec![0..1, 1..2],
                }),
            },
            broadcast("[\"d\"]"),
        ]);
        assert_eq!(
            handoff.text,
            r#"[[0,7,{"type":3}],[1,7,{},[[0,1],[1,3]]],[2,7,"u\n"],[3,{"code":"ERR_PUBLISH","message":"a \"b\": c","cause":{"message":"c","code":"42501"}}],[4,"membership","line"],[5,9,1],[6,7],[9,"listener"],[10,"publisher",{"code":"ERR_CONNECTION","message":"r"}],[11,7,"p"],[12,3],[7,7,{"rooms":[]},2],[8,7,null,[[3,4],[4,5]]],[7,7,{"rooms":[]},1]]"#
        );
        assert_eq!(handoff.bytes, [1, 2, 3, 4, 5]);
        assert_eq!(handoff.events, "[\"a\"]\u{1e}[\"b\"]\u{1e}[\"c\"]\u{1e}[\"d\"]");
    }
}

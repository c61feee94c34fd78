//! How a bundle of items crosses to JavaScript: one JSON text, parsed there in one go, and the binary content
//! beside it.
//!
//! The text is an array of arrays, each beginning with a number that says what it is:
//!
//! | array | meaning |
//! | --- | --- |
//! | `[0, namespace, message]` | a message |
//! | `[1, namespace, message, [[start, end], …]]` | a message whose parts lie in the next buffer |
//! | `[2, namespace, uid]` | a peer left |
//! | `[3, {code, message, cause?}]` | an error |
//! | `[4, line]` | a debug line |
//! | `[5, number]` | a password is wanted |
//! | `[6, namespace]` | the namespace is listened to |
//! | `[7, namespace, opts]` | a broadcast whose event is the next of the events |

use std::error::Error as _;
use std::fmt::Write;

use serde::Serialize;

use super::inbox::{Binary, Item};
use crate::error::Error;

/// Stands nowhere in a JSON text: neither inside a string nor between values.
pub const SEPARATOR: char = '\u{1e}';

/// Items in the form in which JavaScript takes them.
#[derive(Debug, Default)]
pub struct Handoff {
    /// The JSON text; empty when there is nothing.
    pub text: String,
    /// The buffers of the messages of kind 1, in order.
    pub buffers: Vec<Vec<u8>>,
    /// The JSON texts of the events of kind 7, in order, with [`SEPARATOR`] between them. One text crosses faster
    /// than an array of them.
    pub events: String,
}

impl Handoff {
    /// Writes the items down.
    #[must_use]
    pub fn new(items: Vec<Item>) -> Self {
        let mut handoff = Self::default();
        for item in items {
            handoff.text.push(if handoff.text.is_empty() { '[' } else { ',' });
            handoff.add(item);
        }
        if !handoff.text.is_empty() {
            handoff.text.push(']');
        }
        handoff
    }

    fn add(&mut self, item: Item) {
        match item {
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
                binary: Some(Binary { bytes, parts }),
                ..
            } => {
                self.write(format_args!("[1,{namespace},{json},["));
                for (index, part) in parts.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    self.write(format_args!("{comma}[{},{}]", part.start, part.end));
                }
                self.text.push_str("]]");
                self.buffers.push(bytes);
            }
            Item::Broadcast {
                namespace,
                opts,
                event,
            } => {
                self.write(format_args!("[7,{namespace},{opts}]"));
                if !self.events.is_empty() {
                    self.events.push(SEPARATOR);
                }
                self.events.push_str(&event);
            }
            Item::PeerLeft { namespace, uid } => self.write(format_args!("[2,{namespace},{}]", json(&uid))),
            Item::Report(error) => self.write(format_args!("[3,{}]", json(&Report::of(&error)))),
            Item::Debug(line) => self.write(format_args!("[4,{}]", json(&line))),
            Item::PasswordWanted(number) => self.write(format_args!("[5,{number}]")),
            Item::Listening(namespace) => self.write(format_args!("[6,{namespace}]")),
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(text);
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
    use crate::error::ErrorKind;

    fn broadcast(event: &str) -> Item {
        Item::Broadcast {
            namespace: 7,
            opts: r#"{"rooms":[]}"#.into(),
            event: event.into(),
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
            Item::Debug("line".into()),
            Item::PasswordWanted(9),
            Item::Listening(7),
            broadcast("[\"a\"]"),
            broadcast("[\"b\"]"),
        ]);
        assert_eq!(
            handoff.text,
            r#"[[0,7,{"type":3}],[1,7,{},[[0,1],[1,3]]],[2,7,"u\n"],[3,{"code":"ERR_PUBLISH","message":"a \"b\": c","cause":{"message":"c","code":"42501"}}],[4,"line"],[5,9],[6,7],[7,7,{"rooms":[]}],[7,7,{"rooms":[]}]]"#
        );
        assert_eq!(handoff.buffers, [vec![1, 2, 3]]);
        assert_eq!(handoff.events, "[\"a\"]\u{1e}[\"b\"]");
    }
}

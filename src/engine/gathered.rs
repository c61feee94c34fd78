//! How events cross from JavaScript: those of a turn of the event loop in one text, with their binary parts in bytes
//! beside it.
//!
//! The text consists of runs that begin with U+001D: the number of the namespace, `v` if the events are volatile, U+001F,
//! the JSON text of their options (nothing for the usual ones), and then each event: U+001E, its JSON text, and for each
//! of its binary parts U+001F and how many bytes it has.

use super::handoff::SEPARATOR;
use super::namespaces::NamespaceId;

const RUN: char = '\u{1d}';
const END: char = '\u{1f}';

/// Events with the same options, one after the other.
#[derive(Debug, PartialEq, Eq)]
pub struct Run<'a> {
    /// The namespace that they are for.
    pub namespace: NamespaceId,
    /// Whether they are not worth keeping.
    pub volatile: bool,
    /// The JSON text of their options, empty for the usual ones.
    pub options: &'a str,
    /// The JSON text of each event, and its binary parts.
    pub events: Vec<(String, Vec<Vec<u8>>)>,
}

/// Reads what the shim has gathered. What it would not write is left out.
#[must_use]
pub fn runs<'a>(text: &'a str, mut bytes: &[u8]) -> Vec<Run<'a>> {
    text.split(RUN)
        .skip(1)
        .filter_map(|run| read_run(run, &mut bytes))
        .collect()
}

fn read_run<'a>(run: &'a str, bytes: &mut &[u8]) -> Option<Run<'a>> {
    let mut events = run.split(SEPARATOR);
    let (target, options) = events.next()?.split_once(END)?;
    let (number, volatile) = match target.strip_suffix('v') {
        Some(number) => (number, true),
        None => (target, false),
    };
    Some(Run {
        namespace: number.parse().ok()?,
        volatile,
        options,
        events: events.filter_map(|event| read_event(event, bytes)).collect(),
    })
}

fn read_event(event: &str, bytes: &mut &[u8]) -> Option<(String, Vec<Vec<u8>>)> {
    let mut sections = event.split(END);
    let json = sections.next()?.to_owned();
    let mut next_part = |length: &str| {
        let (part, rest) = bytes.split_at_checked(length.parse().ok()?)?;
        *bytes = rest;
        Some(part.to_vec())
    };
    let parts = sections.map(&mut next_part).collect::<Option<_>>()?;
    Some((json, parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str, parts: &[&[u8]]) -> (String, Vec<Vec<u8>>) {
        (json.to_owned(), parts.iter().map(|part| part.to_vec()).collect())
    }

    #[test]
    fn reads_runs_of_events_and_their_parts() {
        let text = "\u{1d}3\u{1f}\u{1e}[\"a\"]\u{1e}[\"b\"]\u{1f}2\u{1f}0\u{1f}1\u{1d}14v\u{1f}{}\u{1e}[\"c\"]\u{1f}1";
        assert_eq!(
            runs(text, b"wxyz"),
            [
                Run {
                    namespace: 3,
                    volatile: false,
                    options: "",
                    events: vec![event("[\"a\"]", &[]), event("[\"b\"]", &[b"wx", b"", b"y"])],
                },
                Run {
                    namespace: 14,
                    volatile: true,
                    options: "{}",
                    events: vec![event("[\"c\"]", &[b"z"])],
                },
            ]
        );
    }

    #[test]
    fn leaves_out_what_is_not_whole() {
        let text = "\u{1d}x\u{1f}\u{1e}[1]\u{1d}1\u{1f}\u{1e}[2]\u{1f}9\u{1e}[3]";
        let runs = runs(text, b"");
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].events, [event("[3]", &[])]);
    }
}

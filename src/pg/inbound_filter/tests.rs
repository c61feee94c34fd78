use proptest::prelude::*;

use super::*;

fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + LENGTH_BYTES).unwrap();
    [&[kind], length.to_be_bytes().as_slice(), content].concat()
}

fn ready() -> Vec<u8> {
    message(kind::READY_FOR_QUERY, b"I")
}

fn sasl_continue(text: &str) -> Vec<u8> {
    message(
        kind::AUTHENTICATION,
        &[SASL_CONTINUE.as_slice(), text.as_bytes()].concat(),
    )
}

/// What is left of `bytes` when they arrive in pieces of this length.
fn filtered(filter: &mut InboundFilter, bytes: &[u8], piece: usize) -> Result<Vec<u8>, Violation> {
    let mut kept = Vec::new();
    for piece in bytes.chunks(piece) {
        let mut piece = piece.to_vec();
        let length = filter.filter(&mut piece)?;
        kept.extend_from_slice(&piece[..length]);
    }
    Ok(kept)
}

fn after_login() -> InboundFilter {
    let mut filter = InboundFilter::new(4096);
    filter.filter(&mut ready()).unwrap();
    filter
}

#[test]
fn notices_are_left_out_however_they_arrive() {
    let stream = [
        message(b'N', b"notice"),
        message(b'S', b"key\0value\0"),
        message(b'N', b""),
        message(b'N', &[7; 1000]),
        ready(),
        message(b'N', b"another"),
        message(b'A', b"notification"),
    ]
    .concat();
    let expected = [
        message(b'S', b"key\0value\0"),
        ready(),
        message(b'A', b"notification"),
    ]
    .concat();
    for piece in 1..stream.len() {
        let mut filter = InboundFilter::new(4096);
        assert_eq!(
            filtered(&mut filter, &stream, piece).unwrap(),
            expected,
            "{piece}"
        );
    }
}

#[test]
fn a_notice_of_any_length_takes_no_memory() {
    let mut filter = after_login();
    let mut head = [b"N".as_slice(), i32::MAX.to_be_bytes().as_slice()].concat();
    assert_eq!(filter.filter(&mut head), Ok(0));
    let mut content = vec![b'x'; 1024 * 1024];
    for _ in 0..100 {
        assert_eq!(filter.filter(&mut content), Ok(0));
    }
}

#[test]
fn a_login_that_does_not_end_is_given_up() {
    for endless in [message(b'S', &[b'x'; 1000]), message(b'N', &[b'x'; 1000])] {
        let mut filter = InboundFilter::new(4096);
        let most = MAX_LOGIN_BYTES / endless.len();
        for _ in 0..most {
            filter.filter(&mut endless.clone()).unwrap();
        }
        assert_eq!(filter.filter(&mut endless.clone()), Err(Violation::LoginTooLong));
    }
}

#[test]
fn a_row_may_be_long_and_nothing_else() {
    let content = vec![b'x'; 2 * MAX_MESSAGE_BYTES];
    let row = message(b'D', &content);
    assert_eq!(filtered(&mut after_login(), &row, 8192).unwrap(), row);
    for kind in *b"AESTC" {
        let refused = filtered(&mut after_login(), &message(kind, &content), 8192);
        assert_eq!(refused, Err(Violation::MessageTooLong), "{kind}");
    }
}

#[test]
fn impossible_lengths_are_refused() {
    for length in [-1, i32::MIN, 0, 3] {
        let mut bytes = [b"S".as_slice(), length.to_be_bytes().as_slice()].concat();
        assert_eq!(
            InboundFilter::new(4096).filter(&mut bytes),
            Err(Violation::BadLength),
            "{length}"
        );
    }
}

#[test]
fn more_rounds_than_allowed_are_refused_before_the_driver_sees_them() {
    let asking = |rounds: &str| sasl_continue(&format!("r=nonce,s=c2FsdA==,i={rounds}"));
    let with = |rounds| InboundFilter::new(4096).filter(&mut asking(rounds));
    assert!(with("4096").is_ok());
    assert_eq!(
        with("4097"),
        Err(Violation::TooManyIterations {
            asked: 4097,
            limit: 4096
        })
    );
    assert!(with("99999999999999999999999").is_err());
    for none in ["0", "-1", "0100", "", "1e3"] {
        assert_eq!(with(none), Err(Violation::BadIterations), "{none}");
    }
    let bytes = asking("5000");
    for piece in 1..bytes.len() {
        let mut filter = InboundFilter::new(4096);
        assert!(filtered(&mut filter, &bytes, piece).is_err(), "{piece}");
    }
}

#[test]
fn the_limit_stands_in_the_message() {
    let violation = Violation::TooManyIterations {
        asked: 5_000,
        limit: 4_096,
    };
    let expected =
        "the server asks for 5000 SCRAM iterations, and no more than 4096 are done (\"scramMaxIterations\")";
    assert_eq!(violation.to_string(), expected);
}

proptest! {
    /// The same as leaving out whole messages, whatever the pieces.
    #[test]
    fn equals_one_naive_line(
        messages in prop::collection::vec((prop::sample::select(b"ANSZTD".to_vec()), prop::collection::vec(any::<u8>(), 0..40)), 0..20),
        piece in 1_usize..50,
    ) {
        let all: Vec<_> = messages.iter().map(|(kind, content)| message(*kind, content)).collect();
        let expected = all.iter().filter(|each| each[0] != b'N').cloned().collect::<Vec<_>>().concat();
        let mut filter = InboundFilter::new(4096);
        prop_assert_eq!(filtered(&mut filter, &all.concat(), piece).unwrap(), expected);
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
        let _ = filtered(&mut InboundFilter::new(1), &bytes, piece);
    }
}

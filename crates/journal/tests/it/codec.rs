//! The codec of commands: what goes in comes out, and hostile bytes are refused without harm.

use journal::encoding::{DecodeError, EncodeError, VERSION, decode, encode};
use types::command::{BATCH_LEN_MAX, MEMO_LEN_MAX};
use types::wire::WireError;
use types::{Command, Price, Time};

use crate::commands::{KINDS, random};
use crate::script::Seeded;

fn encoded(at: Time, command: &Command) -> Vec<u8> {
    let mut out = b"before".to_vec();
    encode(at, command, &mut out).unwrap();
    assert_eq!(out[..6], *b"before");
    out.split_off(6)
}

#[test]
fn every_command_comes_back_as_it_was() {
    for seed in 0..20_000 {
        let mut s = Seeded(seed);
        let kind = s.below(KINDS as u64);
        let command = random(&mut s, kind);
        let at = Time(s.below(u64::MAX).cast_signed());
        let bytes = encoded(at, &command);
        assert_eq!(decode(&bytes), Ok((at, command)), "seed {seed}");
        assert!(decode(&bytes[..bytes.len() - 1]).is_err(), "seed {seed}: one byte less");
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(
            decode(&longer),
            Err(DecodeError::Malformed(WireError::Invalid)),
            "seed {seed}: one byte more"
        );
    }
}

#[test]
fn changed_and_random_bytes_are_refused_or_read_as_something_that_can_be_written() {
    let mut read = 0_u32;
    for seed in 0..40_000 {
        let mut s = Seeded(seed);
        let kind = s.below(KINDS as u64);
        let mut bytes = encoded(Time(0), &random(&mut s, kind));
        for _ in 0..=s.below(3) {
            let at = usize::try_from(s.below(bytes.len() as u64)).unwrap();
            bytes[at] = u8::try_from(s.below(256)).unwrap();
        }
        if let Ok((at, command)) = decode(&bytes) {
            read += 1;
            assert_eq!(decode(&encoded(at, &command)), Ok((at, command)), "seed {seed}");
        }
    }
    assert!(
        (5_000..35_000).contains(&read),
        "{read}: the changes are too weak or too strong to mean something"
    );
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let memo = |len| Command::Memo { slot: 0, bytes: vec![0; len].into() };
    let mut market = random(&mut Seeded(1), 1);
    let Command::ListMarket(listed) = &mut market else { panic!("kind 1 is a market") };
    // Changed behind the back of `Market::new`.
    listed.rules.price_min = Price(0);
    for (command, refusal) in [
        (Command::Batch(vec![Command::Batch(vec![])]), EncodeError::Nested),
        (Command::Batch(vec![memo(0); BATCH_LEN_MAX + 1]), EncodeError::TooLong),
        (memo(MEMO_LEN_MAX + 1), EncodeError::TooLong),
        (Command::Batch(vec![memo(5), memo(MEMO_LEN_MAX + 1)]), EncodeError::TooLong),
        (market, EncodeError::Market),
    ] {
        let mut out = b"before".to_vec();
        assert_eq!(encode(Time(1), &command, &mut out), Err(refusal));
        assert_eq!(out, b"before", "nothing is left behind");
    }
    for command in [memo(MEMO_LEN_MAX), Command::Batch(vec![memo(0); BATCH_LEN_MAX])] {
        assert_eq!(decode(&encoded(Time(1), &command)), Ok((Time(1), command)));
    }
}

#[test]
fn hostile_payloads_are_refused() {
    let head = |rest: &[u8]| [&[VERSION][..], &[0; 8], rest].concat();
    let malformed = |e| Err(DecodeError::Malformed(e));
    assert_eq!(decode(&[]), malformed(WireError::Truncated));
    assert_eq!(decode(&[VERSION + 1]), Err(DecodeError::Version(VERSION + 1)));
    assert_eq!(decode(&head(&[0])), malformed(WireError::Invalid));
    assert_eq!(decode(&head(&[99])), malformed(WireError::Invalid));
    // A batch that claims more commands than there are bytes, or than are allowed; a batch in a batch.
    assert_eq!(decode(&head(&[16, 0xff, 0xff, 0xff, 0xff, 0x0f])), malformed(WireError::Truncated));
    assert_eq!(
        decode(&head(&[&[16, 0x81, 0x20][..], &[15; 20_000]].concat())),
        malformed(WireError::Invalid)
    );
    assert_eq!(decode(&head(&[16, 1, 16, 0, 0])), malformed(WireError::Invalid));
    assert_eq!(decode(&head(&[15, 0, 0xff, 0xff, 0x7f])), malformed(WireError::Truncated));
}

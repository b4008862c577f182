//! The crowd's seed and state as bytes, versioned.

use types::wire::{Reader, WireError, Writer};

use super::State;

const VERSION: u8 = 1;

/// All numbers of a state, in the order in which they are written.
fn numbers(state: &mut State) -> impl Iterator<Item = &mut i64> {
    let State { tick: _, reference, excitement, centres } = state;
    let walks = reference.walks.iter_mut().flat_map(|walk| [&mut walk.x, &mut walk.mood]);
    walks
        .chain([&mut reference.rate, &mut reference.cross])
        .chain(excitement)
        .chain(centres.iter_mut().flatten())
}

/// The bytes of a seed and a state.
pub(super) fn write(seed: u64, mut state: State) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(200);
    let mut w = Writer(&mut bytes);
    w.u8(VERSION);
    w.u64(seed);
    w.varint(state.tick);
    for number in numbers(&mut state) {
        // Zigzag: small either way is short.
        w.varint(((*number << 1) ^ (*number >> 63)).cast_unsigned());
    }
    bytes
}

/// Seed and state from their bytes; an error for another version or damaged bytes.
pub(super) fn read(bytes: &[u8]) -> Result<(u64, State), WireError> {
    let mut r = Reader::new(bytes);
    if r.u8()? != VERSION {
        return Err(WireError::Invalid);
    }
    let seed = r.u64()?;
    let mut state = State { tick: r.varint()?, ..State::default() };
    for number in numbers(&mut state) {
        let raw = r.varint()?;
        *number = (raw >> 1).cast_signed() ^ -((raw & 1).cast_signed());
    }
    r.end().map(|()| (seed, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_back_and_other_bytes_are_refused() {
        let mut state = State { tick: 77, ..State::default() };
        for (at, number) in numbers(&mut state).enumerate() {
            *number = (i64::try_from(at).unwrap() - 9) * 123_456_789_012;
        }
        let bytes = write(5, state);
        assert_eq!(read(&bytes), Ok((5, state)));
        assert!(read(&bytes[..bytes.len() - 1]).is_err());
        assert!(read(&[]).is_err() && read(&[9; 40]).is_err());
    }
}

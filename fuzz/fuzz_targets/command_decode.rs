//! Any bytes: decoding never panics, and what it accepts can be written and reads the same.
#![no_main]

use journal::encoding::{decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((at, command)) = decode(bytes) {
        let mut again = Vec::new();
        encode(at, &command, &mut again).expect("what was decoded can be encoded");
        assert_eq!(decode(&again), Ok((at, command)));
    }
});

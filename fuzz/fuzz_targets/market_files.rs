//! Arbitrary bytes as a file of market data: CSV of bars and trades, recorded streams (lines that begin with a number and `{`).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = archive::check_text(input);
});

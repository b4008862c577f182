//! Arbitrary text as a request's query, body and JSON: parameters, numbers, signed texts and time windows.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (query, body) = input;
    exchange_api::probe::rest(query, body);
    exchange_api::probe::json(query);
});

//! Bots looked after by `tradewind bot`.

use std::path::Path;

use serde_json::Value;

use crate::program::{Done, run_in};

/// Questions until something is so; each takes the time of a process, in which dozens of recorded minutes pass.
const PATIENCE: usize = 5_000;

/// A command and its JSON. Bots that have too much to do say so before they do anything, and that one may try again: it does.
pub(crate) fn bot(dir: &Path, words: &str) -> Done {
    let words: Vec<&str> = words.split_whitespace().collect();
    let all = [&["bot"], words.as_slice(), &["--json"]].concat();
    let mut tries = (0..PATIENCE).map(|_| run_in(dir, &all));
    tries.find(|done| !done.err.contains("too many requests are waiting")).unwrap()
}

/// What a bot is after a command that must work.
pub(crate) fn changed(dir: &Path, words: &str) -> Value {
    let done = bot(dir, words);
    assert_eq!(done.code, 0, "{words}: {}", done.err);
    done.json()["bot"].clone()
}

/// Asks until it fits.
pub(crate) fn until(dir: &Path, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..PATIENCE {
        let shown = changed(dir, &format!("show {name}"));
        if fits(&shown) {
            return shown;
        }
    }
    let why = run_in(dir, &["bot", "why", name, "--last", "30"]).out;
    panic!("{name} never got there: {}\n{why}", changed(dir, &format!("show {name}")));
}

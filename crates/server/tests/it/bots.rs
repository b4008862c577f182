//! Bots of a running server, from the command line: made, started, asked why, stopped, found again, replayed.

use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::backtests::{imported, line};
use crate::program::{Done, Server, run_in};

fn bot(dir: &Path, words: &[&str]) -> Done {
    run_in(dir, &[&["bot"], words, &["--json"]].concat())
}

fn show(dir: &Path, name: &str) -> Value {
    let done = bot(dir, &["show", name]);
    assert_eq!(done.code, 0, "{}", done.err);
    done.json()["bot"].clone()
}

fn units(amount: &Value) -> i128 {
    types::decimal::parse(amount.as_str().unwrap(), 8).unwrap()
}

const CREATE: [&str; 13] = [
    "create",
    "ema-cross",
    "--symbol",
    "BTCUSDT",
    "--interval",
    "1s",
    "--param",
    "fast=1",
    "--param",
    "slow=2",
    "--param",
    "qty=0.01",
    "--funds",
];

fn create(dir: &Path, name: &str) -> Done {
    bot(dir, &[&CREATE[..], &["usdt=10000", "--name", name]].concat())
}

/// Asks until it fits: each question takes the time of a process, and the markets live ten times as fast.
fn until(dir: &Path, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..3_000 {
        let bot = show(dir, name);
        if fits(&bot) {
            return bot;
        }
    }
    panic!("{name} never got there: {}", show(dir, name));
}

#[test]
fn a_bot_is_made_started_asked_stopped_and_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let fast = ["--participants-speed", "10"];
    let server = Server::start_with(dir.path(), &fast);
    let made = create(dir.path(), "turtle");
    assert_eq!(made.code, 0, "{}", made.err);
    let made = made.json()["bot"].clone();
    assert_eq!(
        (made["state"].as_str(), made["funds"][0]["amount"].as_str()),
        (Some("paused"), Some("10000.00000000"))
    );
    assert_eq!(bot(dir.path(), &["start", "turtle"]).json()["bot"]["state"], "running");
    until(dir.path(), "turtle", |bot| bot["positions"].as_array().is_some_and(|p| !p.is_empty()));
    let why = bot(dir.path(), &["why", "turtle", "--last", "50"]).json();
    let decisions = why["decisions"].as_array().unwrap();
    let crossed = decisions.iter().find(|d| d["reason"] == "fast_crossed_above").unwrap();
    assert_eq!(crossed["values"][0][0], "fast");
    let text = run_in(dir.path(), &["bot", "why", "turtle"]);
    assert!(text.out.contains("fast "), "{}", text.out);
    assert_eq!(server.stop(Signal::KILL).code(), None);

    let server = Server::start_with(dir.path(), &fast);
    let again = show(dir.path(), "turtle");
    assert_eq!(
        (again["state"].as_str(), again["account"].clone()),
        (Some("running"), made["account"].clone())
    );
    assert_eq!(bot(dir.path(), &["exit", "turtle"]).code, 0);
    let left = until(dir.path(), "turtle", |bot| {
        let positions = bot["positions"].as_array().unwrap();
        positions.iter().all(|p| p["qty"].as_str().unwrap().starts_with("0.00000"))
    });
    assert_eq!(left["state"], "stopped");
    let list = run_in(dir.path(), &["bot", "list"]);
    assert!(list.out.contains("turtle") && list.out.contains("stopped"), "{}", list.out);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));

    // Both sessions are recorded, also the one that was killed, and are decided the same again.
    let sessions = run_in(dir.path(), &["session", "list", "--json"]).json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    for number in ["1", "2"] {
        let first = run_in(dir.path(), &["replay", number, "--json"]);
        assert_eq!(first.code, 0, "{}", first.err);
        assert_eq!(first.json()["identical"], true);
        assert_eq!(run_in(dir.path(), &["replay", number, "--json"]).out, first.out);
    }
    assert_eq!(run_in(dir.path(), &["replay", "9"]).code, 1);
    let parity = run_in(dir.path(), &["parity", "1", "--json"]);
    assert_eq!(parity.code, 0, "{}", parity.err);
    let parity = parity.json();
    assert!(parity["orders_live"].as_u64().unwrap() >= 1 && parity["orders_again"].as_u64().unwrap() >= 1);
    // The lines add up to the whole.
    let lines = parity["orders"].as_array().unwrap();
    let sum: i128 = lines.iter().map(|line| units(&line["difference"])).sum();
    assert_eq!(sum, units(&parity["difference"]));
    assert_eq!(run_in(dir.path(), &["parity", "9"]).code, 1);
}

#[test]
fn h6_a_bot_decides_by_a_promoted_model_and_replays_without_it() {
    let dir = imported();
    let dir = dir.path();
    let train = "model train --algorithm ets --symbol WAVE-PERP --interval 5m --days 2 --horizon 4";
    assert_eq!(line(dir, train).code, 0);
    let models = line(dir, "model list --json").json();
    let seer = models["models"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(line(dir, &format!("model promote {seer}@1")).code, 0);
    let server = Server::start_with(dir, &["--participants-speed", "10"]);
    let with = "bot create forecast --symbol BTCUSDT --interval 1s --param window=40 --param cost-bps=0 \
                --param certainty=0 --param qty=0.01 --funds USDT=10000 --name oracle --json --model";
    let made = line(dir, &format!("{with} {seer}"));
    assert_eq!(made.code, 0, "{}", made.err);
    let label = made.json()["bot"]["model"].as_str().unwrap().to_owned();
    assert!(label.starts_with(&format!("{seer}@1#")), "{label}");
    for (words, part) in [
        (format!("{with} nobody"), "nobody"),
        (format!("{with} {seer}@7"), "@7"),
        (format!("bot create dca --symbol BTCUSDT --funds USDT=1 --model {seer}"), "forecast"),
    ] {
        let done = line(dir, &words);
        assert_eq!(done.code, 5, "{words}: {}", done.err);
        assert!(done.err.contains(part) && done.err.contains("model list"), "{words}: {}", done.err);
    }
    assert_eq!(bot(dir, &["start", "oracle"]).code, 0);
    until(dir, "oracle", |bot| bot["decisions"].as_u64().unwrap() > 5);
    let why = bot(dir, &["why", "oracle"]).json();
    let values = why["decisions"].as_array().unwrap().iter().flat_map(|d| d["values"].as_array().unwrap());
    assert!(values.into_iter().any(|value| value[0] == "expected_bps"), "{why}");
    assert_eq!(server.stop(Signal::KILL).code(), None);

    // The model is gone; the record has it.
    assert_eq!(line(dir, &format!("model delete {seer} --force")).code, 0);
    let server = Server::start_with(dir, &["--participants-speed", "10"]);
    let again = show(dir, "oracle");
    assert_eq!((again["state"].as_str(), again["model"].as_str()), (Some("running"), Some(label.as_str())));
    let before = again["decisions"].as_u64().unwrap();
    until(dir, "oracle", |bot| bot["decisions"].as_u64().unwrap() > before);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
    for number in ["1", "2"] {
        assert_eq!(run_in(dir, &["replay", number, "--json"]).json()["identical"], true);
    }
}

#[test]
fn b2_a_second_process_cannot_hold_the_same_bots() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    assert_eq!(create(dir.path(), "turtle").code, 0);
    let second = ["serve", "--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0"];
    let done = run_in(dir.path(), &second);
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(done.err.contains(&format!("process {} is using it", server.pid())), "{}", done.err);
    assert_eq!(show(dir.path(), "turtle")["state"], "paused");
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

#[test]
fn what_cannot_be_is_said_with_what_can() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(bot(dir.path(), &["list"]).code, 4);
    // Where no server has ever run there is no session, which is no failure.
    let none = run_in(dir.path(), &["session", "list", "--json"]);
    assert_eq!((none.code, none.json()["sessions"].as_array().unwrap().len()), (0, 0), "{}", none.err);
    for command in ["replay", "parity"] {
        let done = run_in(dir.path(), &[command, "1"]);
        assert_eq!(done.code, 1);
        assert!(done.err.contains("there is no session 1"), "{}", done.err);
    }
    let server = Server::start(dir.path());
    assert_eq!(create(dir.path(), "turtle").code, 0);
    for (words, code, part) in [
        (vec!["start", "nobody"], 5, "nobody"),
        (vec!["create", "luck", "--symbol", "BTCUSDT", "--funds", "USDT=1"], 5, "ema-cross"),
        (vec!["create", "ema-cross", "--symbol", "DOGEUSDT", "--funds", "USDT=1"], 5, "BTCUSDT"),
        (vec!["create", "ema-cross", "--symbol", "BTCUSDT", "--funds", "USDT"], 2, "USDT"),
        (
            vec!["create", "ema-cross", "--symbol", "BTCUSDT", "--funds", "USDT=1", "--param", "speed=3"],
            5,
            "fast",
        ),
    ] {
        let done = bot(dir.path(), &words);
        assert_eq!(done.code, code, "{words:?} {}", done.err);
        assert!(done.err.contains(part), "{words:?} {}", done.err);
    }
    assert_eq!(create(dir.path(), "turtle").code, 5);
    let list = bot(dir.path(), &["list"]).json();
    assert_eq!(list["bots"].as_array().unwrap().len(), 1);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
}

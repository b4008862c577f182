//! Bots on recorded markets: played at a chosen speed, several with money of their own, killed and started again; every bar is
//! heard once, every session is decided the same again, and parity explains each order.

use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;
use types::{Interval, MarketNews, Time};

use crate::backtests::imported;
use crate::by_command::{bot, changed, until};
use crate::program::{Server, run_in};

const MINUTE: i64 = 60_000_000_000;

/// Asks why until a reason is among the last ones: more of the market has been played each time.
fn until_decided(dir: &Path, name: &str, reason: &str) {
    for _ in 0..5_000 {
        let why = bot(dir, &format!("why {name} --last 50")).json();
        if why["decisions"].as_array().unwrap().iter().any(|d| d["reason"] == reason) {
            return;
        }
    }
    panic!("{name} never decided {reason}");
}

fn amount(text: &Value) -> i128 {
    types::decimal::parse(text.as_str().unwrap(), 18).unwrap()
}

/// While something is still to be done on the way: a recorded minute takes ten milliseconds, the fifty hours take half a minute.
const ON_THE_WAY: &str = "6000";
/// To the end: six seconds for all of it.
const TO_THE_END: &str = "30000";

fn play(dir: &Path, speed: &str) -> Server {
    Server::start_with(dir, &["--no-participants", "--paper", "WAVE-PERP", "--paper-speed", speed])
}

/// The one-minute bars that the bots' engine took in, in order, over all sessions.
fn bars(dir: &Path, sessions: u64) -> Vec<Time> {
    let mut opened = Vec::new();
    for session in 1..=sessions {
        let mut see = |_, step: &live::record::Step| {
            if let engine::Input::Market(event) = &step.input
                && let MarketNews::Bar(bar) = &event.data
                && bar.interval == Interval::M1
            {
                opened.push(bar.open_time);
            }
        };
        live::session::walk(&dir.join("paper"), session, &mut see).unwrap();
    }
    opened
}

#[test]
fn b6_h6_bots_on_recorded_markets_hear_every_bar_once_over_kills_and_restarts() {
    let dir = imported();
    let dir = dir.path();
    let server = play(dir, ON_THE_WAY);
    let create = "create ema-cross --symbol file:WAVE-PERP --interval 1m --funds USD=100000 --param slow=9";
    let one = changed(dir, &format!("{create} --param fast=3 --param qty=0.5 --name hasty"));
    let two = changed(dir, &format!("{create} --param fast=5 --param qty=0.1 --param short=yes --name calm"));
    assert_ne!(one["account"], two["account"]);
    assert!(one["id"].as_u64().unwrap() > 1_000_000);
    assert_eq!(bot(dir, &format!("{create} --param fast=3 --name hasty")).code, 5, "the name is taken");
    for name in ["hasty", "calm"] {
        assert_eq!(changed(dir, &format!("start {name}"))["state"], "running");
        until(dir, name, |bot| amount(&bot["fees"]) > 0);
    }
    // A bot of the built-in exchange beside them, and all in one list.
    let local = "create ema-cross --symbol BTCUSDT --funds USDT=1000 --name local";
    assert_eq!(changed(dir, local)["id"], 1);
    let list = bot(dir, "list").json();
    let names: Vec<&str> =
        list["bots"].as_array().unwrap().iter().map(|b| b["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["local", "hasty", "calm"]);
    until_decided(dir, "calm", "fast_crossed_below");
    assert_eq!(server.stop(Signal::KILL).code(), None);

    // Killed in the middle; then ended in order; then played to the end.
    let server = play(dir, ON_THE_WAY);
    let fees = amount(&changed(dir, "show hasty")["fees"]);
    until(dir, "hasty", |bot| amount(&bot["fees"]) > fees);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
    let server = play(dir, TO_THE_END);
    until(dir, "hasty", |bot| bot["last"]["at"].as_str().is_some_and(|at| at >= "2024-01-03T02:00:00"));
    let (one, two) = (changed(dir, "show hasty"), changed(dir, "show calm"));
    for bot in [&one, &two] {
        assert_eq!((bot["state"].as_str(), bot["halt"].as_str()), (Some("running"), Some("off")), "{bot}");
        // Equity is what was put in and what was earned: each bot for itself.
        assert_eq!(
            amount(&bot["equity"]),
            amount(&bot["profit"]) + amount(&bot["funds"][0]["amount"]),
            "{bot}"
        );
    }
    assert_ne!(one["profit"], two["profit"]);
    assert_eq!(server.stop(Signal::INT).code(), Some(0));

    let heard = bars(dir, 3);
    assert_eq!(heard.last(), Some(&Time(1_704_247_140_000_000_000)), "the last recorded minute");
    let wrong = heard.windows(2).position(|pair| pair[1].0 - pair[0].0 != MINUTE);
    assert_eq!(wrong, None, "no minute is missing, none is heard twice ({} heard)", heard.len());
    assert!(heard.len() > 2_000, "{}", heard.len());
}

#[test]
fn h6_hours_of_a_recorded_market_replay_the_same_twenty_times_of_twenty_and_parity_explains_each_order() {
    let dir = imported();
    let dir = dir.path();
    let server = play(dir, ON_THE_WAY);
    let create = "create ema-cross --symbol WAVE-PERP --interval 1m --funds USD=100000 --param slow=9";
    changed(dir, &format!("{create} --param fast=3 --param qty=0.5 --name hasty"));
    changed(
        dir,
        "create grid --symbol WAVE-PERP --interval 1m --funds USD=100000 --param lower=41000 --param upper=43000 --param cells=40 --param qty=0.01 --name ladder",
    );
    for name in ["hasty", "ladder"] {
        changed(dir, &format!("start {name}"));
    }
    until(dir, "hasty", |bot| bot["last"]["at"].as_str().is_some_and(|at| at >= "2024-01-02T00:00:00"));
    assert_eq!(server.stop(Signal::INT).code(), Some(0));

    let list = run_in(dir, &["session", "list", "--paper", "--json"]).json();
    let session = &list["sessions"][0];
    assert!(session["last"].as_str().unwrap() >= "2024-01-02T00:00:00", "a day of recorded time: {session}");
    assert!(session["intents"].as_u64().unwrap() > 20, "{session}");
    assert_eq!(run_in(dir, &["session", "list", "--json"]).json()["sessions"].as_array().unwrap().len(), 1);
    let replay = || run_in(dir, &["replay", "1", "--paper", "--json"]);
    let first = replay();
    assert_eq!((first.code, first.json()["identical"].as_bool()), (0, Some(true)), "{}", first.err);
    for n in 2..=20 {
        assert_eq!(replay().out, first.out, "replay {n} of 20");
    }
    let parity = run_in(dir, &["parity", "1", "--paper", "--json"]);
    assert_eq!(parity.code, 0, "{}", parity.err);
    let parity = parity.json();
    let orders = parity["orders"].as_array().unwrap();
    assert!(
        parity["orders_live"].as_u64().unwrap() > 20 && parity["orders_again"].as_u64().unwrap() > 20,
        "{parity}"
    );
    let causes = ["same", "fee", "slippage", "latency", "queue", "data"];
    for order in orders {
        assert!(causes.contains(&order["cause"].as_str().unwrap()), "{order}");
    }
    let units = |text: &Value| types::decimal::parse(text.as_str().unwrap(), 8).unwrap();
    let sum: i128 = orders.iter().map(|order| units(&order["difference"])).sum();
    assert_eq!(sum, units(&parity["difference"]), "the orders explain all of it");
}

#[test]
fn a_recorded_market_that_is_not_there_or_a_speed_that_makes_no_sense_is_refused() {
    let dir = imported();
    for (words, part) in [
        (["--paper", "DOGE-PERP"], "DOGE-PERP"),
        (["--paper-speed", "0"], "0.01 to 1000000"),
        (["--paper-speed", "fast"], "0.01 to 1000000"),
    ] {
        let done = run_in(
            dir.path(),
            &[&["serve", "--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0"][..], &words].concat(),
        );
        assert_eq!(done.code, 3, "{words:?}: {}", done.err);
        assert!(done.err.contains(part), "{words:?}: {}", done.err);
    }
}

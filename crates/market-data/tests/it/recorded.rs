//! A recorded Binance session: diffs, the snapshot that came between them, and best prices of the same update numbers.
//!
//! The capture lies in `../shared/data` beside the checkout; without it these tests say so and pass.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use market_data::{Applied, Counters, State, SyncedBook};
use serde_json::Value;
use types::depth::{DepthDiff, DepthSnapshot, Level};
use types::{Price, Qty, decimal};

/// A message of the session that concerns the book.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Snapshot(DepthSnapshot),
    Diff(DepthDiff),
    Best { update: u64, bid: Level, ask: Level },
}

fn number(value: &Value) -> i64 {
    decimal::parse_unsigned(value.as_str().unwrap(), 8).unwrap()
}

fn levels(value: &Value) -> Vec<Level> {
    value.as_array().unwrap().iter().map(|l| (Price(number(&l[0])), Qty(number(&l[1])))).collect()
}

fn message(json: &Value) -> Option<Message> {
    if let Some(last) = json["lastUpdateId"].as_u64() {
        return Some(Message::Snapshot(DepthSnapshot {
            last,
            bids: levels(&json["bids"]),
            asks: levels(&json["asks"]),
        }));
    }
    let data = if json["data"].is_object() { &json["data"] } else { json };
    if data["e"] == "depthUpdate" {
        let (first, last) = (data["U"].as_u64().unwrap(), data["u"].as_u64().unwrap());
        return Some(Message::Diff(DepthDiff {
            first,
            last,
            bids: levels(&data["b"]),
            asks: levels(&data["a"]),
        }));
    }
    let update = data["u"].as_u64().filter(|_| data["B"].is_string())?;
    let level = |price: &str, qty: &str| (Price(number(&data[price])), Qty(number(&data[qty])));
    Some(Message::Best { update, bid: level("b", "B"), ask: level("a", "A") })
}

/// The whole session, or nothing when it is not there.
pub(crate) fn session() -> Option<Vec<Message>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let Ok(file) = std::fs::File::open(folder.join("binance-spot-btcusdt-raw-20240808.gz")) else {
        println!("SKIPPED: the recorded session is not beside this checkout ({})", folder.display());
        return None;
    };
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    Some(
        lines
            .filter_map(|l| message(&serde_json::from_str(l.unwrap().split_once(' ')?.1).unwrap()))
            .collect(),
    )
}

fn feed(book: &mut SyncedBook, message: &Message) -> Option<Applied> {
    match message {
        Message::Snapshot(snapshot) => Some(book.snapshot(snapshot)),
        Message::Diff(diff) => Some(book.diff(diff)),
        Message::Best { .. } => None,
    }
}

#[test]
fn m1_every_best_price_of_the_same_update_is_ours() {
    let Some(session) = session() else { return };
    let mut best = std::collections::BTreeMap::new();
    for message in &session {
        if let Message::Best { update, bid, ask } = message {
            best.insert(*update, (*bid, *ask));
        }
    }
    let (mut book, mut compared) = (SyncedBook::default(), 0);
    for message in &session {
        feed(&mut book, message);
        let (State::Live { last }, Message::Diff(_)) = (book.state(), message) else { continue };
        let Some((bid, ask)) = best.get(&last) else { continue };
        let live = book.book().unwrap();
        assert_eq!((live.bid(), live.ask()), (Some(*bid), Some(*ask)), "at update {last}");
        compared += 1;
    }
    assert_eq!(compared, 564);
    let live = book.book().unwrap();
    assert_eq!(book.state(), State::Live { last: 50_093_421_584 });
    assert_eq!(live.bid(), Some((Price(6_168_599_000_000), Qty(100_870_000))));
    assert_eq!(live.ask(), Some((Price(6_168_600_000_000), Qty(229_327_000))));
    let sides = (live.side(types::Side::Buy).len(), live.side(types::Side::Sell).len());
    assert_eq!(sides, (1_209, 2_196));
    assert_eq!(book.counters(), Counters { applied: 3_449, dropped: 2, repeated: 0, gaps: 0, snapshots: 1 });
}

/// Messages that matter once the snapshot is in.
fn after_snapshot(session: &[Message]) -> (SyncedBook, Vec<DepthDiff>) {
    let mut book = SyncedBook::default();
    let mut rest = session.iter();
    for message in rest.by_ref() {
        feed(&mut book, message);
        if matches!(book.state(), State::Live { .. }) {
            break;
        }
    }
    let diffs = rest.filter_map(|m| if let Message::Diff(d) = m { Some(d.clone()) } else { None }).collect();
    (book, diffs)
}

#[test]
fn m1_dropping_any_message_makes_the_book_stale() {
    let Some(session) = session() else { return };
    let (mut book, diffs) = after_snapshot(&session);
    for pair in diffs.windows(2) {
        let mut other = book.clone();
        assert!(matches!(other.diff(&pair[1]), Applied::Stale(_)), "{} was dropped", pair[0].last);
        assert!(other.book().is_none());
        assert_eq!(book.diff(&pair[0]), Applied::Changed);
    }
}

#[test]
fn m4_swapping_two_messages_makes_the_book_stale_and_repeating_one_does_nothing() {
    let Some(session) = session() else { return };
    let (mut book, diffs) = after_snapshot(&session);
    for pair in diffs.windows(2) {
        let mut swapped = book.clone();
        swapped.diff(&pair[1]);
        swapped.diff(&pair[0]);
        assert!(swapped.book().is_none(), "{} and {} were swapped", pair[0].last, pair[1].last);
        book.diff(&pair[0]);
        let before = (book.book().cloned(), book.counters().repeated);
        assert_eq!(book.diff(&pair[0]), Applied::Repeated);
        assert_eq!((book.book().cloned(), book.counters().repeated), (before.0, before.1 + 1));
    }
}

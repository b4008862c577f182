//! The recorded session and the bars beside this checkout; without them these tests say so and pass.

use std::path::PathBuf;

use archive::{Given, Request, Stamp};
use market_data::{State, SyncedBook};
use types::{Interval, MarketNews, Price, Qty};

use crate::bench::{Bench, id};

/// A file of the shared folder.
fn shared(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if path.is_file() {
        return Some(path);
    }
    println!("SKIPPED: {name} is not beside this checkout ({})", path.display());
    None
}

fn request(file: PathBuf, symbol: &str, interval: Option<Interval>) -> Request {
    let given = Given::default();
    Request { file, id: id(symbol), interval, stamp: Stamp::Open, replace: false, sort: false, given }
}

#[test]
fn m1_the_recorded_book_is_rebuilt_from_the_archive_to_the_last_level() {
    let Some(file) = shared("data/binance-spot-btcusdt-raw-20240808.gz") else { return };
    let bench = Bench::new();
    let report = bench.import(&request(file, "BTCUSDT", None)).unwrap();
    assert_eq!(report.series.iter().map(|s| s.counts.added).collect::<Vec<_>>(), [9_757, 31_492]);
    let listing = bench.archive.listing(id("BTCUSDT")).unwrap();
    assert_eq!((listing.tick, listing.lot, listing.base.as_str()), (1_000_000, 1_000, "BTC"));
    for kind in [archive::Kind::Trades, archive::Kind::Book] {
        assert_eq!(bench.archive.verify(id("BTCUSDT"), kind).unwrap().findings, []);
    }
    let events = bench.events("BTCUSDT");
    assert!(events.windows(2).all(|w| w[0].at <= w[1].at && w[0].seq + 1 == w[1].seq));
    let mut best = std::collections::BTreeMap::new();
    for event in &events {
        if let MarketNews::Best { update, bid, ask } = event.input.data {
            best.insert(update, (bid, ask));
        }
    }
    let (mut book, mut compared) = (SyncedBook::default(), 0);
    for event in &events {
        match &event.input.data {
            MarketNews::Snapshot(snapshot) => book.snapshot(snapshot),
            MarketNews::Diff(diff) => book.diff(diff),
            _ => continue,
        };
        let (State::Live { last }, MarketNews::Diff(_)) = (book.state(), &event.input.data) else { continue };
        let Some((bid, ask)) = best.get(&last) else { continue };
        let live = book.book().unwrap();
        assert_eq!((live.bid(), live.ask()), (Some(*bid), Some(*ask)), "at update {last}");
        compared += 1;
    }
    assert_eq!(compared, 564);
    let live = book.book().unwrap();
    assert_eq!(live.bid(), Some((Price(6_168_599_000_000), Qty(100_870_000))));
    assert_eq!(live.side(types::Side::Sell).len(), 2_196);
}

#[test]
fn the_bars_beside_the_checkout_are_imported() {
    let files = [
        ("data/btc-perp-1m-20211231-20220201.csv", "BTC-PERP", Interval::M1, 45_031, 0),
        ("reference/backtest/synthetic-1m-20k.csv", "SYNTH", Interval::M1, 20_000, 0),
        ("reference/forecast/data/ethbtc_5m.csv", "ETHBTC", Interval::M5, 5_760, 4_724),
        ("reference/forecast/data/goog_1d.csv", "GOOG", Interval::D1, 2_148, 0),
    ];
    for (name, symbol, interval, rows, noisy) in files {
        let Some(file) = shared(name) else { continue };
        let bench = Bench::new();
        let wish = (interval == Interval::M1).then_some(interval);
        let report = bench.import(&request(file, symbol, wish)).unwrap();
        assert_eq!(report.series[0].counts.added, rows, "{name}");
        if symbol == "ETHBTC" {
            assert_eq!(report.noisy, noisy, "{name}");
        }
        let summary = &bench.archive.list().unwrap()[0];
        assert_eq!((summary.rows, summary.kind), (rows, archive::Kind::Bars(interval)), "{name}");
    }
}

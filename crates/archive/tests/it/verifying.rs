//! Verdicts on what is stored, and bars that are stored once more as longer ones.

use archive::{Error, Finding, Kind, Request, Rule, Span, Verdict};
use types::{Interval, MarketNews};

use crate::bench::{Bench, id, minutes};

fn verdict(bench: &Bench, kind: Kind) -> Verdict {
    bench.archive.verify(id("BTC-PERP"), kind).unwrap()
}

fn counts(findings: &[Finding]) -> Vec<(Rule, u64)> {
    findings.iter().map(|f| (f.rule, f.count)).collect()
}

/// The recorded stream of our own making, as `BTC-PERP`.
fn stream() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/market/stream.txt");
    std::fs::read_to_string(path).unwrap().replace("\"ETHUSDT\"", "\"BTC-PERP\"")
}

#[test]
fn good_data_are_fit_and_gaps_are_found_where_they_are() {
    let bench = Bench::new();
    bench.take(minutes(0, 5_000)).unwrap();
    assert_eq!(verdict(&bench, Kind::Bars(Interval::M1)).findings, []);
    bench.take(minutes(5_001, 10)).unwrap();
    bench.take(minutes(50_000, 10)).unwrap();
    let verdict = verdict(&bench, Kind::Bars(Interval::M1));
    assert_eq!((verdict.rows, counts(&verdict.findings)), (5_020, vec![(Rule::Gap, 2)]));
    assert_eq!(verdict.findings[0].examples[0], "2022-01-04T11:20:00Z to 2022-01-04T11:21:00Z");
    assert!(Rule::Gap.makes_unfit() && !Rule::Outlier.makes_unfit());
}

#[test]
fn a_wrong_print_is_an_outlier_and_a_lively_hour_is_none() {
    let bench = Bench::new();
    let mut text = minutes(0, 1_000);
    // A tenth of the price for one minute.
    text = text.replacen("40476.0,40477.5,40475.25,", "40476.0,40477.5,4047.25,", 1);
    bench.take(&text).unwrap();
    let verdict = verdict(&bench, Kind::Bars(Interval::M1));
    assert_eq!(counts(&verdict.findings), [(Rule::Outlier, 1)]);
    assert_eq!(verdict.findings[0].examples, ["2022-01-01T07:56:00Z"]);
}

#[test]
fn d4_bytes_that_changed_are_found_wherever_they_are() {
    let bench = Bench::new();
    bench.take(minutes(0, 50_000)).unwrap();
    let content = bench.content();
    let arrows: Vec<_> =
        content.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "arrow")).collect();
    assert_eq!(arrows.len(), 2);
    for (path, bytes) in arrows {
        for n in [0, 9, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[n] ^= 1;
            std::fs::write(path, damaged).unwrap();
            assert_eq!(
                counts(&verdict(&bench, Kind::Bars(Interval::M1)).findings),
                [(Rule::Checksum, 1)],
                "{n}"
            );
        }
        std::fs::write(path, &bytes[1..]).unwrap();
        assert_eq!(counts(&verdict(&bench, Kind::Bars(Interval::M1)).findings), [(Rule::Checksum, 1)]);
        std::fs::remove_file(path).unwrap();
        assert_eq!(counts(&verdict(&bench, Kind::Bars(Interval::M1)).findings), [(Rule::Checksum, 1)]);
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(verdict(&bench, Kind::Bars(Interval::M1)).findings, []);
}

#[test]
fn missing_trades_and_books_that_do_not_join_are_found() {
    let whole = stream();
    let take = |text: &str| {
        let bench = Bench::new();
        bench.take(text).unwrap();
        (counts(&verdict(&bench, Kind::Trades).findings), counts(&verdict(&bench, Kind::Book).findings))
    };
    assert_eq!(take(&whole), (vec![], vec![]));
    let without = |part: &str| {
        assert!(whole.contains(part), "{part}");
        whole.lines().filter(|line| !line.contains(part)).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(take(&without("\"t\":502")), (vec![(Rule::Gap, 1)], vec![]));
    // One gap; what comes after it waits for a snapshot that never comes.
    assert_eq!(take(&without("\"U\":104")), (vec![], vec![(Rule::Gap, 1)]));
    let other = whole.replace("\"B\":\"1.25000000\"", "\"B\":\"1.26000000\"");
    assert_eq!(take(&other), (vec![], vec![(Rule::Sanity, 1)]));
    let crossed = whole.replace("[[\"2000.00\",\"1.00000000\"]]", "[[\"2000.10\",\"1.00000000\"]]");
    assert_eq!(take(&crossed), (vec![], vec![(Rule::Sanity, 1)]));
}

#[test]
fn resampled_bars_are_the_fold_of_their_parts_and_are_made_once() {
    let bench = Bench::new();
    bench.take(minutes(7, 3_000)).unwrap();
    bench.take(minutes(4_000, 3_000)).unwrap();
    let want = bench.bars(Interval::M15);
    let done = bench.archive.resample(id("BTC-PERP"), Interval::M15, false).unwrap();
    assert_eq!((done.from, done.counts.added), (Kind::Bars(Interval::M1), want.len() as u64));
    assert_eq!(bench.bars(Interval::M15), want);
    // Hours now come from quarters; they are the same.
    let hours: Vec<_> = bench.bars(Interval::H1);
    let fresh = Bench::new();
    fresh.take(minutes(7, 3_000)).unwrap();
    fresh.take(minutes(4_000, 3_000)).unwrap();
    assert_eq!(hours, fresh.bars(Interval::H1));
    let again = bench.archive.resample(id("BTC-PERP"), Interval::M15, false).unwrap();
    assert_eq!((again.counts.known, again.counts.added), (want.len() as u64, 0));
    // What filled the gap changes the bars beside it: a contradiction, unless it may win.
    bench.take(minutes(3_007, 993)).unwrap();
    assert!(matches!(bench.archive.resample(id("BTC-PERP"), Interval::M15, false), Err(Error::Conflict(_))));
    bench.archive.resample(id("BTC-PERP"), Interval::M15, true).unwrap();
    let fresh = Bench::new();
    fresh.take(minutes(7, 6_993)).unwrap();
    assert_eq!(bench.bars(Interval::M15), fresh.bars(Interval::M15));
    assert!(matches!(
        bench.archive.resample(id("BTC-PERP"), Interval::S1, false),
        Err(Error::Unknown { .. })
    ));
    assert!(bench.archive.resample(id("BTC-PERP"), Interval::Month, false).is_err(), "no month is over");
}

#[test]
fn m3_bars_of_recorded_trades_are_stored_with_all_their_columns() {
    let bench = Bench::new();
    bench.take(stream()).unwrap();
    let want = bench.bars(Interval::M1);
    assert_eq!(want.len(), 2);
    assert!(want[0].count == 2 && want[0].quote.0 > 0 && want[0].last.0 == 501);
    bench.archive.resample(id("BTC-PERP"), Interval::M1, false).unwrap();
    assert_eq!(bench.bars(Interval::M1), want);
    let spans = [Span::ALL, Span { from: want[1].open_time, to: Span::ALL.to }];
    assert_eq!(spans.map(|span| bench.bars_in(Interval::M1, span).len()), [2, 1]);
    let events = bench.events("BTC-PERP");
    let prints = events.iter().filter(|e| matches!(e.input.data, MarketNews::Print(_))).count();
    assert_eq!((events.len(), prints), (16, 6));
}

#[test]
fn a_text_is_checked_without_an_archive() {
    assert_eq!(archive::check_text(minutes(0, 10).as_bytes()).unwrap(), 10);
    assert_eq!(archive::check_text(stream().as_bytes()).unwrap(), 16);
    assert!(archive::check_text(b"time,open,high,low,close\n1640995200,x,1,1,1").is_err());
    let bench = Bench::new();
    let request = Request { interval: Some(Interval::M1), ..bench.request("x") };
    assert!(bench.import(&request).is_err());
}

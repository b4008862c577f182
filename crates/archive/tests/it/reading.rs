//! Reading: spans, folding, columns, and files that are not what was written.

use archive::{Error, Span};
use proptest::prelude::*;
use types::{Bar, Interval, Time};

use crate::bench::{Bench, id, minutes};

const MINUTE: i64 = 60_000_000_000;
const START: i64 = 1_640_995_200_000_000_000;

fn at(minute: i64) -> Time {
    Time(START + minute * MINUTE)
}

/// The fold, written down as its definition.
fn folded(parts: &[Bar], interval: Interval, span: Span) -> Vec<Bar> {
    let mut out: Vec<Bar> = Vec::new();
    for part in parts {
        let start = interval.start(part.open_time);
        if start < span.from || interval.next(start) > span.to {
            continue;
        }
        match out.last_mut() {
            Some(bar) if bar.open_time == start => {
                bar.high = bar.high.max(part.high);
                bar.low = bar.low.min(part.low);
                bar.close = part.close;
                bar.volume.0 += part.volume.0;
            }
            _ => out.push(Bar { interval, open_time: start, ..*part }),
        }
    }
    // Only what the data reach the end of is closed.
    let end = parts.iter().map(|p| p.interval.next(p.open_time)).max();
    out.retain(|bar| end.is_some_and(|end| interval.next(bar.open_time) <= end));
    out
}

#[test]
fn a_span_is_cut_at_whole_bars() {
    let bench = Bench::new();
    bench.take(minutes(0, 100_000)).unwrap();
    let all = bench.bars(Interval::M1);
    let span = |from, to| Span { from, to };
    assert_eq!(bench.bars_in(Interval::M1, span(at(70_000), at(70_010))), all[70_000..70_010]);
    let half = MINUTE / 2;
    let cut = bench.bars_in(Interval::M1, span(at(5).plus_nanos(half), at(8).plus_nanos(half)));
    assert_eq!(cut, all[6..8]);
    assert_eq!(bench.bars_in(Interval::M1, span(at(-10), at(3))), all[..3]);
    assert_eq!(bench.bars_in(Interval::M1, span(at(99_999), at(999_999))), all[99_999..]);
    assert_eq!(bench.bars_in(Interval::M1, span(at(8), at(8))), []);
    assert_eq!(bench.bars_in(Interval::M1, span(at(9), at(8))), []);
    assert_eq!(
        bench.bars_in(Interval::M15, span(at(1), at(60))),
        folded(&all[..60], Interval::M15, span(at(1), at(60)))
    );
    for (n, bars) in [(30, Interval::H1), (70, Interval::D1)] {
        assert_eq!(
            bench.bars_in(bars, span(at(n), at(n + 100_000))),
            folded(&all, bars, span(at(n), at(n + 100_000)))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn folding_equals_the_fold_of_the_parts_with_gaps_and_anywhere(
        runs in prop::collection::vec((0..4_000_i64, 1..900_i64), 1..6),
        from in -100..9_000_i64,
        len in 0..9_000_i64,
    ) {
        let bench = Bench::new();
        let mut next = 0;
        for (gap, count) in runs {
            bench.take(minutes(next + gap, count + 1)).unwrap();
            next += gap + count + 1;
        }
        let parts = bench.bars(Interval::M1);
        for interval in [Interval::M3, Interval::M15, Interval::H1, Interval::H4, Interval::D1, Interval::W1, Interval::Month] {
            for span in [Span::ALL, Span { from: at(from), to: at(from + len) }] {
                let want = folded(&parts, interval, span);
                prop_assert_eq!(&bench.bars_in(interval, span), &want, "{:?} {:?}", interval, span);
                let batches = bench.archive.bar_batches(id("BTC-PERP"), interval, span).unwrap();
                let mut rows = Vec::new();
                for batch in batches {
                    let batch = batch.unwrap();
                    prop_assert_eq!(batch.closes().len(), batch.len());
                    rows.extend((0..batch.len()).map(|n| batch.bar(n)));
                }
                prop_assert_eq!(rows, want);
            }
        }
    }
}

#[test]
fn a_bar_that_lacks_its_last_part_at_the_end_of_a_span_is_closed_if_the_data_go_on() {
    let bench = Bench::new();
    bench.take(minutes(0, 20)).unwrap();
    let until = Span { from: at(0), to: at(30) };
    assert_eq!(bench.bars_in(Interval::M15, until).len(), 1);
    bench.take(minutes(40, 2)).unwrap();
    assert_eq!(bench.bars_in(Interval::M15, until).len(), 2);
}

#[test]
fn the_longest_stored_bars_that_fit_are_folded() {
    let bench = Bench::new();
    bench.take(minutes(0, 120)).unwrap();
    // An hour that is not the fold of the minutes shows which ones were read.
    bench.take("time,open,high,low,close\n1640995200,1,9,1,2\n1640998800,2,9,2,2\n").unwrap();
    assert_eq!(bench.bars(Interval::M15).len(), 8);
    assert_eq!(bench.bars(Interval::H2)[0].high.0, 900_000_000);
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let bench = Bench::new();
    let none = bench.archive.bars(id("BTC-PERP"), Interval::M1, Span::ALL).err().unwrap();
    assert!(matches!(none, Error::Unknown { .. }));
    bench.take("time,open,high,low,close\n1640995200,1,9,1,2\n1640998800,2,9,2,2\n").unwrap();
    let error = bench.archive.bars(id("BTC-PERP"), Interval::M1, Span::ALL).err().unwrap().to_string();
    assert_eq!(error, "the archive holds no 1m bars of file:BTC-PERP, only 1h bars");
    assert!(bench.archive.events(id("BTC-PERP"), types::MarketId(0), Span::ALL).is_err());
}

#[test]
fn d4_any_damaged_byte_is_an_error_and_never_a_price() {
    let bench = Bench::new();
    bench.take(minutes(0, 200)).unwrap();
    let want = bench.bars(Interval::M1);
    let content = bench.content();
    for (path, bytes) in &content {
        // Every byte of the manifest and the file's schema, and bytes all over the columns.
        let step = if path.extension().is_some_and(|e| e == "json") { 1 } else { 37 };
        for n in (0..bytes.len()).step_by(step) {
            let mut damaged = bytes.clone();
            damaged[n] ^= 0x10;
            std::fs::write(path, &damaged).unwrap();
            let read: Result<Vec<Bar>, Error> =
                bench.archive.bars(id("BTC-PERP"), Interval::M1, Span::ALL).and_then(Iterator::collect);
            match read {
                // A byte that no reader looks at: padding, the copy of the schema, white space.
                Ok(bars) => assert_eq!(bars, want, "byte {n} of {}", path.display()),
                Err(error) => assert!(matches!(error, Error::Damaged { .. }), "byte {n}: {error}"),
            }
        }
        for len in [0, 1, bytes.len() / 2] {
            std::fs::write(path, &bytes[..len]).unwrap();
            let read: Result<Vec<Bar>, Error> =
                bench.archive.bars(id("BTC-PERP"), Interval::M1, Span::ALL).and_then(Iterator::collect);
            assert!(matches!(read, Err(Error::Damaged { .. })), "cut to {len}");
        }
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(bench.bars(Interval::M1), want);
}

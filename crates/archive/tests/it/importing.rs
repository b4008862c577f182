//! What an import does to the archive: rows once, conflicts refused, scales for ever, nothing by halves.

use archive::{Contract, Error, Given, Kind, Request, Stamp};
use types::{Interval, MarketId, Money, Price, Qty, Time, TradeId};

use crate::bench::{Bench, gzip, id, minutes};

#[test]
fn bars_come_out_as_they_went_in() {
    let bench = Bench::new();
    let report = bench.take(minutes(0, 3)).unwrap();
    assert_eq!(report.series[0].kind, Kind::Bars(Interval::M1));
    assert_eq!((report.series[0].counts.rows, report.series[0].counts.added), (3, 3));
    let bars = bench.bars(Interval::M1);
    assert_eq!(bars.len(), 3);
    assert_eq!(bars[2].open_time, Time::from_millis(1_640_995_320_000));
    let unit = 100_000_000;
    assert_eq!((bars[2].open, bars[2].high), (Price(40_002 * unit), Price(400_035 * unit / 10)));
    assert_eq!((bars[2].low, bars[2].close), (Price(4_000_125 * unit / 100), Price(4_000_225 * unit / 100)));
    assert_eq!(bars[2].volume, Money(2_125 * 100_000));
    let instrument = bench.archive.instrument(id("BTC-PERP"), MarketId(4)).unwrap();
    assert_eq!((instrument.market.id, instrument.market.price_scale), (MarketId(4), 8));
    assert_eq!(instrument.market.rules.tick.finest(), 1_000_000);
    assert!(matches!(instrument.kind, types::InstrumentKind::LinearPerp { initial_margin: 1_000, .. }));
}

#[test]
fn importing_again_changes_nothing_and_more_adds_only_more() {
    let bench = Bench::new();
    bench.take(minutes(0, 100_000)).unwrap();
    let before = bench.content();
    let again = bench.take(minutes(0, 100_000)).unwrap();
    assert_eq!((again.series[0].counts.known, again.series[0].counts.added), (100_000, 0));
    let files = |content: &[(std::path::PathBuf, Vec<u8>)]| {
        content
            .iter()
            .filter(|(path, _)| path.extension().is_some_and(|e| e == "arrow"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(files(&bench.content()), files(&before));
    // Overlapping in the middle, and far behind it; the gap between them stays one.
    let more = bench.take(minutes(99_000, 2_000)).unwrap();
    assert_eq!((more.series[0].counts.known, more.series[0].counts.added), (1_000, 1_000));
    bench.take(minutes(200_000, 10)).unwrap();
    let bars = bench.bars(Interval::M1);
    assert_eq!(bars.len(), 101_010);
    assert!(bars.windows(2).all(|w| w[0].open_time < w[1].open_time));
    assert_eq!(bars, {
        let whole = Bench::new();
        whole.take(minutes(0, 101_000)).unwrap();
        whole.take(minutes(200_000, 10)).unwrap();
        whole.bars(Interval::M1)
    });
    assert_eq!(bench.archive.list().unwrap()[0].rows, 101_010);
}

#[test]
fn a_gap_is_filled_from_both_sides() {
    let bench = Bench::new();
    bench.take(minutes(10, 5)).unwrap();
    bench.take(minutes(0, 5)).unwrap();
    assert_eq!(bench.bars(Interval::M1).len(), 10);
    assert_eq!(bench.take(minutes(0, 20)).unwrap().series[0].counts.added, 10);
    assert_eq!(bench.bars(Interval::M1).len(), 20);
}

#[test]
fn a_contradiction_is_refused_and_wins_only_when_told_to() {
    let bench = Bench::new();
    bench.take(minutes(0, 50_000)).unwrap();
    let before = bench.content();
    let other = minutes(0, 50_000).replacen("40001.0,", "40001.25,", 1);
    let error = bench.take(&other).unwrap_err();
    assert!(matches!(&error, Error::Conflict(what) if what.contains("2022-01-01T00:01:00Z")), "{error}");
    assert_eq!(bench.content(), before);
    let report = bench.import(&Request { replace: true, ..bench.request(&other) }).unwrap();
    assert_eq!((report.series[0].counts.replaced, report.series[0].counts.known), (1, 49_999));
    assert_eq!(bench.bars(Interval::M1)[1].open, Price(4_000_125_000_000));
}

#[test]
fn what_is_replaced_is_the_span_of_the_file_also_where_it_has_nothing() {
    let bench = Bench::new();
    bench.take(minutes(0, 150_000)).unwrap();
    // Two rows, three months apart: everything between them goes.
    let mut text = minutes(10, 1);
    text.push_str(minutes(149_000, 1).lines().nth(1).unwrap());
    let report =
        bench.import(&Request { replace: true, interval: Some(Interval::M1), ..bench.request(text) });
    let report = report.unwrap();
    assert_eq!(report.series[0].counts.removed, 148_989);
    let bars = bench.bars(Interval::M1);
    assert_eq!(bars.len(), 1_011);
    assert_eq!(bars[11].open_time.since(bars[10].open_time), 148_990 * 60_000_000_000);
}

#[test]
fn scales_are_for_ever() {
    let bench = Bench::new();
    let scaled = |price_scale| Given { price_scale: Some(price_scale), ..Given::default() };
    bench.import(&Request { given: scaled(2), ..bench.request(minutes(0, 3)) }).unwrap();
    let before = bench.content();
    let finer = minutes(3, 3).replacen("40003.25,", "40003.255,", 1);
    let error = bench.take(finer).unwrap_err().to_string();
    assert!(error.contains("line 2: the close \"40003.255\" has too many decimals"), "{error}");
    let error = bench.import(&Request { given: scaled(3), ..bench.request(minutes(3, 3)) }).unwrap_err();
    assert!(error.to_string().contains("2 decimals, for ever"), "{error}");
    assert_eq!(bench.content(), before);
    bench.take(minutes(3, 3)).unwrap();
    assert_eq!(bench.bars(Interval::M1)[3].close, Price(4_000_325));
}

#[test]
fn the_tick_becomes_finer_with_the_data_unless_it_was_given() {
    let bench = Bench::new();
    let tick = |bench: &Bench| bench.archive.listing(id("BTC-PERP")).unwrap().tick;
    bench.take("time,open,high,low,close\n1640995200,1,2,1,2\n1640995260,2,2,2,2\n").unwrap();
    assert_eq!(tick(&bench), 100_000_000);
    bench.take("time,open,high,low,close\n1640995320,1.5,2,1,2\n1640995380,2,2,2,2\n").unwrap();
    assert_eq!(tick(&bench), 10_000_000);
    let given = Given { tick: Some("0.5".into()), lot: Some("0.001".into()), ..Given::default() };
    bench.import(&Request { given, ..bench.request(minutes(9, 3)) }).unwrap();
    assert_eq!(tick(&bench), 50_000_000);
    assert_eq!(bench.archive.listing(id("BTC-PERP")).unwrap().lot, 100_000);
}

#[test]
fn klines_are_read_with_their_amounts_in_every_dress() {
    let row =
        "1504252800000,4716.47,4730.0,4716.47,4727.96,12.4,1504256399999,58601.21234567,167,8.05,38033.1,0\n";
    let header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,\
                  taker_buy_quote_volume,ignore\n";
    let micros =
        row.replace("1504252800000", "1504252800000000").replace("1504256399999", "1504256399999999");
    let mut seen = Vec::new();
    let mut zipped = Vec::new();
    {
        let mut zip = crate::hostile::Zip::new(&mut zipped);
        zip.add("BTCUSDT-1h-2017-09.csv", row.as_bytes());
        zip.finish();
    }
    for bytes in [
        row.as_bytes(),
        format!("{header}{row}").as_bytes(),
        micros.as_bytes(),
        &gzip(row.as_bytes()),
        &zipped,
    ] {
        let bench = Bench::new();
        let report = bench.take(bytes).unwrap();
        assert_eq!(report.series[0].kind, Kind::Bars(Interval::H1));
        seen.push(bench.bars(Interval::H1)[0]);
    }
    assert!(seen.windows(2).all(|w| w[0] == w[1]));
    assert_eq!(seen[0].quote, Money(586_012_123_456_700_000_000));
    assert_eq!((seen[0].count, seen[0].taker_base), (167, Money(805_000_000)));
}

#[test]
fn trades_keep_their_ids_and_make_bars() {
    let bench = Bench::new();
    let text = "26129,0.01633102,4.70443515,27781,27781,1498793709153,true,true\n\
                26130,0.01633103,2,27782,27790,1498793709153,false,true\n\
                26131,0.01633100,1.5,27791,27791,1498793769153,false,true\n";
    let report = bench.take(text).unwrap();
    assert_eq!(report.series[0].kind, Kind::Trades);
    let events = bench.events("BTC-PERP");
    assert_eq!(events.len(), 3);
    assert_eq!((events[1].seq, events[1].input.market), (2, MarketId(7)));
    let types::MarketNews::Print(print) = events[0].input.data else { panic!() };
    assert_eq!((print.id, print.qty), (TradeId(26_129), Qty(470_443_515)));
    assert_eq!(print.quote, Money(1_633_102 * 470_443_515));
    let bars = bench.bars(Interval::M1);
    assert_eq!(bars.len(), 1, "the minute of the last trade is not over");
    assert_eq!((bars[0].count, bars[0].close), (2, Price(1_633_103)));
    // Again, and the next file that begins with the last of this one.
    assert_eq!(bench.take(text).unwrap().series[0].counts.known, 3);
    let next = "26131,0.01633100,1.5,27791,27791,1498793769153,false,true\n\
                26132,0.01633100,9,27792,27792,1498793769200,false,true\n";
    assert_eq!(bench.take(next).unwrap().series[0].counts.added, 1);
    let odd = next.replace("26132", "26139").replace("1498793769200", "1498793769100");
    assert!(bench.take(odd).unwrap_err().to_string().contains("--sort"));
    let missing = "26130,0.01633103,2,27782,27790,1498793709153,false,true\n\
                   26132,0.01633100,9,27792,27792,1498793769200,false,true\n";
    assert!(matches!(bench.take(missing), Err(Error::Conflict(_))));
}

#[test]
fn rows_out_of_order_are_refused_or_sorted() {
    let bench = Bench::new();
    let text = minutes(0, 4);
    let lines: Vec<&str> = text.lines().collect();
    let newest_first = [lines[0], lines[4], lines[3], lines[2], lines[1]].join("\r\n");
    let error = bench.take(&newest_first).unwrap_err().to_string();
    assert!(error.starts_with("line 3: ") && error.contains("--sort"), "{error}");
    assert!(bench.archive.list().unwrap().is_empty());
    bench.import(&Request { sort: true, ..bench.request(&newest_first) }).unwrap();
    let other = Bench::new();
    other.take(&text).unwrap();
    assert_eq!(bench.bars(Interval::M1), other.bars(Interval::M1));
}

#[test]
fn a_row_twice_is_one_row_and_two_that_differ_are_refused() {
    let bench = Bench::new();
    let text = minutes(0, 3);
    let second = text.lines().nth(2).unwrap();
    let twice = text.replace(second, &format!("{second}\n{second}"));
    assert_eq!(bench.take(twice).unwrap().repeated, 1);
    assert_eq!(bench.bars(Interval::M1).len(), 3);
    let differing = text.replace(second, &format!("{second}\n{}", second.replace("40001.0,", "40001.25,")));
    let error = Bench::new().take(differing).unwrap_err().to_string();
    assert!(error.starts_with("line 4: a second, other bar of 2022-01-01T00:01:00Z"), "{error}");
}

#[test]
fn times_may_be_the_ends_of_bars() {
    let bench = Bench::new();
    let request =
        bench.request("Date,Open,High,Low,Close\n2024-03-31 00:01,1,2,1,2\n2024-03-31 00:02,2,2,2,2\n");
    bench.import(&Request { stamp: Stamp::Close, ..request }).unwrap();
    assert_eq!(archive::iso(bench.bars(Interval::M1)[0].open_time), "2024-03-31T00:00:00Z");
    let month = "Date,Open,High,Low,Close\n2024-03-01,1,2,1,2\n2024-04-01,2,2,2,2\n";
    let other = Bench::new();
    other.import(&Request { stamp: Stamp::Close, ..other.request(month) }).unwrap();
    assert_eq!(archive::iso(other.bars(Interval::Month)[0].open_time), "2024-02-01T00:00:00Z");
}

#[test]
fn the_length_of_bars_is_told_by_the_rows_or_must_be_given() {
    let one = "time,open,high,low,close\n1640995200,1,2,1,2\n";
    let bench = Bench::new();
    assert!(bench.take(one).unwrap_err().to_string().contains("--interval"));
    let given = |interval| Request { interval: Some(interval), ..bench.request(one) };
    bench.import(&given(Interval::H1)).unwrap();
    assert_eq!(bench.bars(Interval::H1).len(), 1);
    let late = "time,open,high,low,close\n1640995230,1,2,1,2\n";
    let error = bench.import(&Request { interval: Some(Interval::M1), ..bench.request(late) }).unwrap_err();
    assert!(error.to_string().contains("is not the start of a 1m bar"), "{error}");
}

#[test]
fn an_instrument_is_what_a_person_says() {
    let bench = Bench::new();
    let given = Given {
        contract: Some(Contract::Spot),
        base: Some("XBT".into()),
        quote: Some("EUR".into()),
        ..Given::default()
    };
    let report = bench.import(&Request { given, ..bench.request(minutes(0, 3)) }).unwrap();
    assert_eq!((report.listing.base.as_str(), report.listing.contract), ("XBT", Contract::Spot));
    let given = Given { contract: Some(Contract::perpetual()), ..Given::default() };
    assert!(matches!(
        bench.import(&Request { given, ..bench.request(minutes(3, 3)) }),
        Err(Error::Conflict(_))
    ));
    let given = Given { price_scale: Some(12), base_scale: Some(12), ..Given::default() };
    let request = Request { given, id: id("OTHER"), ..bench.request(minutes(0, 3)) };
    assert!(matches!(bench.import(&request), Err(Error::Request(_))));
    assert_eq!(bench.archive.instruments().unwrap(), [id("BTC-PERP")]);
}

#[test]
fn the_archive_finds_what_a_person_means() {
    let bench = Bench::new();
    bench.take(minutes(0, 3)).unwrap();
    assert_eq!(bench.archive.find("BTC-PERP").unwrap(), id("BTC-PERP"));
    let other = Request { id: id("binance:ETHUSDT"), ..bench.request(minutes(0, 3)) };
    bench.import(&other).unwrap();
    assert_eq!(bench.archive.find("ETHUSDT").unwrap(), id("binance:ETHUSDT"));
    let error = bench.archive.find("DOGE").unwrap_err().to_string();
    assert!(error.contains("binance:ETHUSDT, file:BTC-PERP"), "{error}");
    bench.import(&Request { id: id("upbit:ETHUSDT"), ..bench.request(minutes(0, 3)) }).unwrap();
    assert!(bench.archive.find("ETHUSDT").unwrap_err().to_string().contains("several venues"));
}

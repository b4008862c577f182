//! Feeding again after a crash changes nothing, and a store that is opened again goes on where it stood.

use history::{Applied, Failure, Interval, Range, open};
use proptest::prelude::*;
use types::{MarketId, Time};

use crate::market::{Script, everything_kept, steps};

type Everything = (Vec<types::event::Trade>, Vec<history::AggTrade>, Vec<Vec<history::Bar>>);

fn everything(reader: &history::Reader) -> Vec<Everything> {
    let range = Range::latest(1_000);
    let market = |market| {
        let bars = |interval| reader.bars(market, interval, &range).unwrap();
        (
            reader.trades(market, &range).unwrap(),
            reader.agg_trades(market, &range).unwrap(),
            Interval::ALL.map(bars).to_vec(),
        )
    };
    (0..3).map(MarketId).map(market).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// Killed after `cut` commands were fed and `durable` of them written, then fed again from `again` on.
    #[test]
    fn feeding_again_after_a_restart_changes_nothing(
        steps in steps(60), cut in 0..60_usize, durable in 0..60_usize, again in 0..60_usize,
    ) {
        let script = Script::of(&steps);
        let cut = cut.min(script.commands.len());
        let durable = durable.min(cut);
        let again = again.min(durable);
        let dir = tempfile::tempdir().unwrap();
        let (straight, crashed) = (dir.path().join("a.redb"), dir.path().join("b.redb"));
        let (mut feed, reader) = open(&straight, &everything_kept()).unwrap();
        feed.apply(script.applied()).unwrap();
        let want = everything(&reader);

        let (mut feed, reader) = open(&crashed, &everything_kept()).unwrap();
        feed.apply(script.applied().take(durable)).unwrap();
        reader.persist().unwrap();
        let kept = dir.path().join("kept.redb");
        std::fs::copy(&crashed, &kept).unwrap();
        feed.apply(script.applied().take(cut)).unwrap();
        drop((feed, reader));

        // What the disk held when the process died.
        let (mut feed, reader) = open(&kept, &everything_kept()).unwrap();
        prop_assert_eq!(reader.applied_seq(), durable as u64);
        feed.apply(script.applied().skip(again)).unwrap();
        prop_assert_eq!(&everything(&reader), &want);
        feed.close().unwrap();
        drop(reader);
        let (_feed, reader) = open(&kept, &everything_kept()).unwrap();
        prop_assert_eq!(&everything(&reader), &want);
    }
}

#[test]
fn a_gap_in_the_numbers_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mut feed, reader) = open(&dir.path().join("h.redb"), &everything_kept()).unwrap();
    let applied = |seq| Applied { seq, at: Time(0), events: &[] };
    feed.apply([applied(7)]).unwrap();
    let refused = feed.apply([applied(9)]);
    assert!(matches!(refused, Err(Failure::Gap { stored: 7, fed: 9 })), "{refused:?}");
    feed.apply([applied(8)]).unwrap();
    assert_eq!(reader.applied_seq(), 8);
    assert_eq!(reader.persist().unwrap(), 8);
}

#[test]
fn a_second_process_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("h.redb");
    let (_feed, _reader) = open(&path, &everything_kept()).unwrap();
    assert!(matches!(open(&path, &everything_kept()), Err(Failure::InUse)));
}

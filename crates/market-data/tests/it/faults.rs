//! Random books through a lossy, repeating, reordering line: a live book equals the venue's, always.

use std::collections::BTreeMap;

use market_data::{State, SyncedBook};
use proptest::prelude::*;
use types::depth::{DepthDiff, DepthSnapshot};
use types::{Price, Qty, Side};

#[derive(Clone, Debug)]
enum Line {
    Deliver,
    Drop,
    Repeat,
    SwapWithNext,
    Snapshot,
    Disconnect,
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        12 => Just(Line::Deliver),
        1 => Just(Line::Drop),
        1 => Just(Line::Repeat),
        1 => Just(Line::SwapWithNext),
        2 => Just(Line::Snapshot),
        1 => Just(Line::Disconnect),
    ]
}

/// The venue's own book: bids below 100, asks above.
#[derive(Clone, Default)]
struct Venue {
    levels: BTreeMap<i64, i64>,
    last: u64,
}

impl Venue {
    fn change(&mut self, changes: &[(i64, i64)]) -> DepthDiff {
        let mut diff = DepthDiff {
            first: self.last + 1,
            last: self.last + changes.len() as u64,
            ..DepthDiff::default()
        };
        for (price, qty) in changes {
            self.levels.insert(*price, *qty);
            let side = if *price < 100 { &mut diff.bids } else { &mut diff.asks };
            side.push((Price(*price), Qty(*qty)));
        }
        self.levels.retain(|_, qty| *qty > 0);
        self.last = diff.last;
        diff
    }

    fn snapshot(&self) -> DepthSnapshot {
        let side = |bids: bool| {
            self.levels.iter().filter(move |(p, _)| (**p < 100) == bids).map(|(p, q)| (Price(*p), Qty(*q)))
        };
        DepthSnapshot { last: self.last, bids: side(true).rev().collect(), asks: side(false).collect() }
    }
}

#[test]
fn m2_a_snapshot_and_the_diffs_that_were_kept_since_make_the_book_whole() {
    let (mut venue, mut book) = (Venue::default(), SyncedBook::default());
    let mut snapshots = Vec::new();
    for n in 0..6 {
        let diff = venue.change(&[(90 + n, 1 + n), (101 + n, 2)]);
        assert_eq!(book.diff(&diff), market_data::Applied::Buffered);
        snapshots.push(venue.snapshot());
    }
    // The snapshot is from between the kept diffs: the older ones are dropped, the newer ones joined in their order.
    book.snapshot(&snapshots[2]);
    assert_eq!(book.state(), State::Live { last: venue.last });
    let live = book.book().unwrap();
    assert_eq!(live.side(Side::Buy).iter().collect::<Vec<_>>(), snapshots[5].bids);
    assert_eq!(live.side(Side::Sell).iter().collect::<Vec<_>>(), snapshots[5].asks);
    assert_eq!((book.counters().dropped, book.counters().applied), (3, 3));
}

proptest! {
    #[test]
    fn m2_a_live_book_is_the_venues_book_at_that_update(
        steps in prop::collection::vec((line(), prop::collection::vec((90..110_i64, 0..3_i64), 1..4)), 1..120)
    ) {
        let (mut venue, mut book, mut held) = (Venue::default(), SyncedBook::default(), None);
        let mut versions = BTreeMap::new();
        for (line, changes) in steps {
            let diff = venue.change(&changes);
            versions.insert(venue.last, venue.snapshot());
            match line {
                Line::Deliver => { book.diff(&diff); }
                Line::Drop => {}
                Line::Repeat => { book.diff(&diff); book.diff(&diff); }
                Line::SwapWithNext => { held = Some(diff); continue; }
                Line::Snapshot => { book.diff(&diff); book.snapshot(&venue.snapshot()); }
                Line::Disconnect => book.disconnect(),
            }
            if let Some(late) = held.take() {
                book.diff(&late);
            }
            if let (State::Live { last }, Some(live)) = (book.state(), book.book()) {
                let want = &versions[&last];
                prop_assert_eq!(&live.side(Side::Buy).iter().collect::<Vec<_>>(), &want.bids);
                prop_assert_eq!(&live.side(Side::Sell).iter().collect::<Vec<_>>(), &want.asks);
            }
        }
        book.snapshot(&venue.snapshot());
        prop_assert_eq!(book.state(), State::Live { last: venue.last });
    }
}

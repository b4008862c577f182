//! Recorded markets as one line of moments, each with a time of its own: later than that of any moment before, so that "everything
//! up to a time" says exactly what has been shown, also where several markets' bars close together.
//!
//! A bar is two moments: it begins, for the venue that lives through it, and it is over, for those who decide (H3). Longer bars
//! are told right after the part that completed them (H4).

use market_data::fold::Fold;
use types::{Bar, Interval, MarketEvent, MarketId, MarketNews, Time};

/// Why a recording cannot be read any further.
pub type ReelError = Box<dyn std::error::Error + Send + Sync>;

/// The recording of one market in order of time: bars with the time they open, everything else with the time it was seen.
pub type Recording = Box<dyn Iterator<Item = Result<(Time, MarketEvent), ReelError>> + Send>;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A bar begins: news for the venue only.
    Begins(MarketEvent),
    /// A bar is over: news for those who decide.
    Over(MarketId, Bar),
    /// Everything else, for both.
    Shown(MarketEvent),
}

struct Lane {
    recording: Recording,
    next: Option<(Time, MarketEvent)>,
    /// The bar that has begun, and when it is over.
    open: Option<(Time, MarketId, Bar)>,
    folds: Vec<Fold>,
}

impl Lane {
    fn load(&mut self) -> Result<(), ReelError> {
        self.next = self.recording.next().transpose()?;
        Ok(())
    }

    /// When its next moment is, and whether a bar is over then: that comes before the next one begins.
    fn due(&self) -> Option<(Time, bool)> {
        let over = self.open.as_ref().map(|(at, ..)| (*at, false));
        let next = self.next.as_ref().map(|(at, _)| (*at, true));
        over.into_iter().chain(next).min().map(|(at, begins)| (at, !begins))
    }
}

/// All recordings.
pub(crate) struct Reel {
    lanes: Vec<Lane>,
    last: Time,
}

impl Reel {
    /// At the beginning.
    pub(crate) fn new(recordings: Vec<Recording>) -> Result<Self, ReelError> {
        let mut lanes = Vec::new();
        for recording in recordings {
            let mut lane = Lane { recording, next: None, open: None, folds: Vec::new() };
            lane.load()?;
            if let Some((_, MarketEvent { data: MarketNews::Bar(bar), .. })) = &lane.next {
                let longer = Interval::ALL.into_iter().filter(|longer| Fold::nests(bar.interval, *longer));
                lane.folds = longer.map(Fold::new).collect();
            }
            lanes.push(lane);
        }
        Ok(Self { lanes, last: Time(i64::MIN) })
    }

    /// When something happens next; `None` at the end.
    pub(crate) fn due(&self) -> Option<Time> {
        self.first().map(|(_, at, _)| at.max(self.after()))
    }

    const fn after(&self) -> Time {
        Time(self.last.0.saturating_add(1))
    }

    fn first(&self) -> Option<(usize, Time, bool)> {
        let due =
            self.lanes.iter().enumerate().filter_map(|(n, lane)| lane.due().map(|(at, over)| (at, !over, n)));
        due.min().map(|(at, begins, n)| (n, at, !begins))
    }

    fn stamp(&mut self, at: Time) -> Time {
        self.last = at.max(self.after());
        self.last
    }

    /// What happens next: one moment, or the end of a bar with the longer bars it completes.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub(crate) fn step(&mut self, out: &mut Vec<(Time, Moment)>) -> Result<(), ReelError> {
        let Some((n, at, over)) = self.first() else { return Ok(()) };
        if over {
            let Some((_, market, bar)) = self.lanes[n].open.take() else { return Ok(()) };
            out.push((self.stamp(at), Moment::Over(market, bar)));
            for fold in 0..self.lanes[n].folds.len() {
                for longer in self.lanes[n].folds[fold].add(&bar).into_iter().flatten() {
                    out.push((self.stamp(at), Moment::Over(market, longer)));
                }
            }
            return Ok(());
        }
        let Some((_, event)) = self.lanes[n].next.take() else { return Ok(()) };
        if let MarketNews::Bar(bar) = event.data {
            self.lanes[n].open = Some((bar.interval.next(bar.open_time), event.market, bar));
            out.push((self.stamp(at), Moment::Begins(event)));
        } else {
            out.push((self.stamp(at), Moment::Shown(event)));
        }
        self.lanes[n].load()
    }
}

#[cfg(test)]
mod tests {
    use types::Price;

    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    fn bars(market: u16, from: i64, count: i64) -> Recording {
        Box::new((from..from + count).map(move |n| {
            let bar = Bar::flat(Interval::M1, Time(n * MINUTE), Price(n));
            Ok((bar.open_time, MarketEvent { market: MarketId(market), data: MarketNews::Bar(bar) }))
        }))
    }

    fn all(reel: &mut Reel) -> Vec<(Time, Moment)> {
        let mut out = Vec::new();
        while let Some(due) = reel.due() {
            let before = out.len();
            reel.step(&mut out).unwrap();
            assert!(out[before].0 == due, "it happens when it was said to");
        }
        out
    }

    #[test]
    fn h3_h4_a_bar_is_over_before_the_next_begins_and_a_longer_one_after_its_last_part() {
        let out = all(&mut Reel::new(vec![bars(0, 3, 6)]).unwrap());
        let three = out.iter().position(
            |(_, m)| matches!(m, Moment::Over(_, bar) if bar.interval == Interval::M3 && bar.open_time.0 == 3 * MINUTE),
        );
        let at = three.unwrap();
        assert!(matches!(&out[at - 1].1, Moment::Over(_, bar) if bar.open_time.0 == 5 * MINUTE));
        assert!(
            matches!(&out[at + 1].1, Moment::Begins(event) if matches!(event.data, MarketNews::Bar(bar) if bar.open_time.0 == 6 * MINUTE))
        );
        // Nobody sees a bar before it has closed.
        let late = |(at, moment): &(Time, Moment)| match moment {
            Moment::Over(_, bar) => at.since(bar.interval.next(bar.open_time)),
            _ => 0,
        };
        assert!(out.iter().map(late).all(|late| (0..100).contains(&late)), "{out:?}");
        assert!(
            out.windows(2).all(|pair| pair[0].0 < pair[1].0),
            "t1: every moment is later than the one before"
        );
    }

    #[test]
    fn equal_recordings_have_equal_times_and_markets_that_close_together_are_apart() {
        let make = || Reel::new(vec![bars(0, 0, 40), bars(1, 7, 30)]).unwrap();
        let (a, b) = (all(&mut make()), all(&mut make()));
        assert_eq!(a, b);
        let over =
            a.iter().filter(|(_, m)| matches!(m, Moment::Over(_, bar) if bar.interval == Interval::M1));
        assert_eq!(over.count(), 70);
        assert!(a.iter().all(|(at, _)| at.0.rem_euclid(MINUTE) < 100), "a few nanoseconds at most");
    }
}

//! The loop: signal → goal → order → fill → equity, bar by bar, without allocation and without a float where money is.
//!
//! Order of events in a bar, as in the event path: an order of the bar before meets the open; the bar's extremes may take the
//! collateral; the signal decides at the close; with fills at the close the order meets it; the equity at the close is noted.
//! Cost: a few nanoseconds a bar between fills; see `bench/README.md`.

use types::Price;

use super::desk::{Desk, Fill, NeedsEvents, Pending, Size, State, Unfilled};
use super::{Columns, Stance};
use crate::sweep::Window;

/// A strategy's decision from columns.
pub trait Signal {
    /// The direction wanted after the close of bar `i`; `None`: no wish. `held`: the sign of the position.
    fn at(&self, i: usize, held: i64) -> Option<Stance>;
}

/// Follows a run.
pub trait Watch {
    /// The close of a bar: the account's worth in units of the quote asset, and whether a position is open.
    fn bar(&mut self, i: usize, equity: i128, exposed: bool);
    /// A fill.
    fn fill(&mut self, fill: &Fill);
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// What the account is worth at the last close, units of the quote asset.
    pub equity: i128,
    /// Orders that did not trade.
    pub unfilled: Unfilled,
}

/// Runs `signal` over the bars of `window`; earlier bars were its warm-up.
///
/// # Errors
/// What needs the event path. What `watch` saw until then is to be thrown away.
pub fn run(
    bars: &Columns,
    window: Window,
    desk: &Desk<'_>,
    size: Size,
    signal: &impl Signal,
    watch: &mut impl Watch,
) -> Result<End, NeedsEvents> {
    desk.check(bars, size)?;
    let perpetual = matches!(desk.instrument.kind, types::InstrumentKind::LinearPerp { .. });
    let state = desk.open()?;
    let run = Run { bars, window, desk, size, state };
    if perpetual { run.go::<true>(signal, watch) } else { run.go::<false>(signal, watch) }
}

struct Run<'a> {
    bars: &'a Columns,
    window: Window,
    desk: &'a Desk<'a>,
    size: Size,
    state: State,
}

impl Run<'_> {
    /// `PERPETUAL`: collateral is watched.
    fn go<const PERPETUAL: bool>(
        mut self,
        signal: &impl Signal,
        watch: &mut impl Watch,
    ) -> Result<End, NeedsEvents> {
        let Self { bars, window, desk, .. } = self;
        let to = window.to.min(bars.len());
        let (close, worth) = (&bars.close()[..to], &bars.worth()[..to]);
        let (low, high) = (&bars.low()[..to], &bars.high()[..to]);
        let at_close = desk.fills_at_close();
        let mut pending: Option<Pending> = None;
        let mut equity = self.state.fixed;
        for i in window.from.min(to)..to {
            if let Some(order) = pending.take() {
                self.trade(order, i, Price(bars.open()[i]), watch)?;
            }
            if PERPETUAL && (low[i] <= self.state.ends_below || high[i] >= self.state.ends_above) {
                return Err(NeedsEvents::Liquidation { bar: i });
            }
            if let Some(goal) = signal.at(i, self.state.held.signum()).map(|stance| self.goal(stance))
                && goal != self.state.held
            {
                pending = desk.decide(&mut self.state, goal, bars.last_open(i), Price(close[i]));
                if at_close && let Some(order) = pending.take() {
                    self.trade(order, i, Price(close[i]), watch)?;
                    if PERPETUAL && (close[i] <= self.state.ends_below || close[i] >= self.state.ends_above) {
                        return Err(NeedsEvents::Liquidation { bar: i });
                    }
                }
            }
            equity = self.state.fixed + i128::from(worth[i]) * i128::from(self.state.units);
            watch.bar(i, equity, self.state.held != 0);
        }
        Ok(End { equity, unfilled: self.state.unfilled })
    }

    #[inline]
    const fn goal(&self, stance: Stance) -> i64 {
        match stance {
            Stance::Long => self.size.qty,
            Stance::Short if self.size.short => -self.size.qty,
            Stance::Short | Stance::Flat => 0,
        }
    }

    #[cold]
    #[inline(never)]
    fn trade(
        &mut self,
        order: Pending,
        bar: usize,
        price: Price,
        watch: &mut impl Watch,
    ) -> Result<(), NeedsEvents> {
        let fill = self.desk.fill(&mut self.state, order, self.bars, bar, price)?;
        watch.fill(&fill);
        Ok(())
    }
}

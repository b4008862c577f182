//! An outcome's integers become the floats of a track.
//!
//! The position between fills is valued at the given closes; an instrument without closes is valued at its last fill. A trade's
//! reason is that of the fill that ended it.

use types::{Bar, MarketId, Price, Side};

use super::basis::Drawdown;
use super::{Track, Trade};
use crate::{ClosedTrade, Outcome};

/// What one unit of the last decimal is worth.
fn unit(scale: u8) -> f64 {
    10.0_f64.powi(-i32::from(scale))
}

impl Track {
    /// The course of `outcome`. `bars` are those of its first instrument, rising; without any, the market is unknown.
    #[must_use]
    pub fn of(outcome: &Outcome, bars: &[Bar]) -> Self {
        let money = unit(outcome.run.money_scale);
        let points = || outcome.equity.points();
        let from = bars
            .first()
            .map_or_else(|| points().next().map_or(0, |p| p.at.millis()), |b| b.open_time.millis());
        let mut track = Self {
            from,
            start: outcome.equity.start().0 as f64 * money,
            // A point stands at the moment its bar is over; the last millisecond before belongs to the bar's day.
            times: points().map(|p| p.at.plus_nanos(-1).millis()).collect(),
            equity: points().map(|p| p.equity.0 as f64 * money).collect(),
            exact: outcome.equity.largest_fall().map(|fall| Drawdown {
                depth: fall.trough.0 as f64 / fall.peak.0 as f64 - 1.0,
                peak: fall.peak_at.millis(),
                trough: fall.trough_at.millis(),
                recovered: fall.recovered_at.map(types::Time::millis),
            }),
            trades: outcome.trades.iter().filter_map(|t| trade(outcome, t)).collect(),
            traded: outcome.turnover.0 as f64 * money,
            fills: outcome.fills.len(),
            fees: outcome.fees.0 as f64 * money,
            slippage: outcome.slippage.0 as f64 * money,
            funding: outcome.funding.0 as f64 * money,
            ..Self::default()
        };
        value_positions(&mut track, outcome, bars);
        track
    }
}

/// Price and position value at each point, by walking bars and fills along the points.
fn value_positions(track: &mut Track, outcome: &Outcome, bars: &[Bar]) {
    let scales = |market: MarketId| {
        outcome
            .run
            .traded
            .get(usize::from(market.0))
            .map_or((1.0, 1.0), |t| (unit(t.price_scale), unit(t.qty_scale)))
    };
    let price_unit = scales(MarketId(0)).0;
    let mut held: Vec<(f64, f64)> = vec![(0.0, 0.0); outcome.run.traded.len().max(1)];
    let (mut next_bar, mut next_fill) = (0, 0);
    let mut close: Option<Price> = bars.first().map(|b| b.open);
    for point in outcome.equity.points() {
        while let Some(bar) = bars.get(next_bar).filter(|b| b.close_time() <= point.at) {
            close = Some(bar.close);
            next_bar += 1;
        }
        while let Some(fill) = outcome.fills.get(next_fill).filter(|f| f.at <= point.at) {
            next_fill += 1;
            let (price_unit, qty_unit) = scales(fill.market);
            let Some(slot) = held.get_mut(usize::from(fill.market.0)) else { continue };
            let signed = if fill.side == Side::Buy { fill.qty.0 } else { -fill.qty.0 };
            slot.0 += signed as f64 * qty_unit;
            slot.1 = fill.price.0 as f64 * price_unit;
            // What the sum of rounded quantities leaves of nothing is nothing.
            if slot.0.abs() < qty_unit / 2.0 {
                slot.0 = 0.0;
            }
        }
        if let (Some(price), Some(slot)) = (close, held.first_mut()) {
            track.price.push(price.0 as f64 * price_unit);
            slot.1 = price.0 as f64 * price_unit;
        }
        track.position.push(held.iter().map(|(qty, price)| qty * price).sum());
    }
}

fn trade(outcome: &Outcome, trade: &ClosedTrade) -> Option<Trade> {
    let traded = outcome.run.traded.get(usize::from(trade.market.0))?;
    let (price, qty) = (unit(traded.price_scale), unit(traded.qty_scale));
    let money = unit(outcome.run.money_scale);
    let (entry, qty) = (trade.entry.0 as f64 * price, trade.qty.0 as f64 * qty);
    let put_in = entry * qty;
    let share = |amount: types::Money| if put_in > 0.0 { amount.0 as f64 * money / put_in } else { 0.0 };
    Some(Trade {
        side: trade.side,
        entered: trade.opened.millis(),
        exited: trade.closed.millis(),
        qty,
        entry,
        exit: trade.exit.0 as f64 * price,
        profit: trade.pnl.0 as f64 * money,
        fees: trade.fees.0 as f64 * money,
        mae: share(trade.mae),
        mfe: share(trade.mfe),
        reason: outcome.exit_reason(trade).to_owned(),
    })
}

//! Grid: buys a step lower, sells what was bought a step higher, over a fixed range of prices.
//!
//! Idea: in a range every swing from one level to the next and back earns the step. Source: the grid bots of exchanges; the
//! arithmetic is that of a ladder of limit orders, equal to selling volatility inside the range. Fails when the price leaves
//! the range: below it everything was bought on the way down and is held at a loss (or sold at `stop`), above it nothing is
//! left to earn; a step that does not cover two fees loses on every swing.
//!
//! The range is cut into cells. A cell's buy stands at its lower edge, its sale at its upper edge; what it holds is counted
//! from fills alone, so part fills, restarts and late reports need no case of their own. In a neutral grid (perpetuals) the
//! cells above the first price begin as if they were full: their sales open a short position.
//!
//! A position that something else closed (a bracket, see `orders::bracket`) ends the grid: its cells would go on selling what is gone.
//! A neutral grid cannot tell such a zero from its own, so it takes no bracket: its orders and `stop` are its way out.

mod cells;

use types::order::Amount;
use types::wire::{Reader, WireError, Writer};
use types::{InstrumentKind, MarketId, Price, Qty, Side, Terms, VenueFill};

use self::cells::{Cells, edges};
use super::Setting;
use super::reading::{lots, price, readable};
use crate::{
    Context, Decisions, Description, Ended, Event, Feed, Instruments, Kind, OrderIntent, Param, ParamError,
    Params, Pause, Quote, Quoted, Reason, Strategy, Subscription, Tag,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "grid",
    idea: "A ladder of limit orders in a price range: buys a step lower, sells what was bought a step higher.",
    source: "The grid bots of exchanges; a ladder of limit orders is short volatility inside its range.",
    fails: "A price that leaves the range: everything is bought on the way down. Steps smaller than two fees.",
    instruments: Instruments::ONE,
    params: &[
        Param {
            name: "lower",
            doc: "lowest price of the range, on the tick",
            kind: Kind::Amount { default: "0" },
        },
        Param {
            name: "upper",
            doc: "highest price of the range, on the tick",
            kind: Kind::Amount { default: "0" },
        },
        Param {
            name: "cells",
            doc: "number of steps in the range",
            kind: Kind::Whole { min: 1, max: 200, default: 10 },
        },
        Param { name: "qty", doc: "base units per step", kind: Kind::Amount { default: "1" } },
        Param {
            name: "spacing",
            doc: "steps of equal size or of equal ratio",
            kind: Kind::Choice { of: &["arithmetic", "geometric"] },
        },
        Param {
            name: "start",
            doc: "empty: only buys at first; filled: buys the cells above the price at market; neutral: sells \
                  them short (perpetuals only)",
            kind: Kind::Choice { of: &["empty", "filled", "neutral"] },
        },
        Param {
            name: "stop",
            doc: "at or below this price everything is sold and the grid ends (0: never)",
            kind: Kind::Amount { default: "0" },
        },
    ],
};

/// Most orders sent at one event, nearest to the price first; the others follow with the next events. Far below what a
/// venue counts as spam, and below the engine's bound on refusals of one event.
const PLACED_MAX: u32 = 16;
/// Marks from here on are the grid's own market orders.
const AT_MARKET: u32 = 1 << 20;

/// How a grid starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Empty,
    Filled,
    Neutral,
}

/// Where a grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has not seen a price.
    Waiting,
    /// It works.
    Working,
    /// Its stop was reached.
    Stopped,
    /// Something else closed its position, a bracket for instance.
    Closed,
}

struct Grid {
    subscriptions: [Subscription; 1],
    market: MarketId,
    price_scale: u8,
    start: Start,
    stop: Option<Price>,
    cells: Cells,
    phase: Phase,
    /// What the start has still to buy at market.
    to_fill: i64,
    /// The price's place among the edges, and how many orders stood, when everything was as wanted and nothing has happened
    /// since: then nothing has to be looked at again.
    settled: Option<(u32, u32)>,
    pause: Pause,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let setting = &settings[0];
    let market = &setting.instrument.market;
    let needed = |name| {
        price(params, name, market)?.ok_or_else(|| ParamError::Invalid {
            name,
            given: "0".to_owned(),
            allowed: "a price above 0 (a grid has no range by default)".to_owned(),
        })
    };
    let (lower, upper) = (needed("lower")?, needed("upper")?);
    let stop = price(params, "stop", market)?;
    let text = |p: Price| types::decimal::format_short(i128::from(p.0), market.price_scale);
    if lower >= upper {
        let allowed = format!("below upper ({})", text(upper));
        return Err(ParamError::Invalid { name: "lower", given: text(lower), allowed });
    }
    if let Some(stop) = stop.filter(|s| *s >= lower) {
        let allowed = format!("below lower ({})", text(lower));
        return Err(ParamError::Invalid { name: "stop", given: text(stop), allowed });
    }
    let start = [Start::Empty, Start::Filled, Start::Neutral][params.choice("start")];
    if start == Start::Neutral && setting.instrument.kind == InstrumentKind::Spot {
        let allowed = format!("{} is a spot market, which cannot be sold short", setting.instrument.id);
        return Err(ParamError::Invalid { name: "start", given: "neutral".to_owned(), allowed });
    }
    let count = usize::try_from(params.whole("cells")).unwrap_or(1);
    let edges = edges(market, (lower, upper), count, params.chosen("spacing") == "geometric");
    if edges.windows(2).any(|w| w[0] >= w[1]) {
        let allowed = "fewer: two edges would fall on one tick".to_owned();
        return Err(ParamError::Invalid { name: "cells", given: count.to_string(), allowed });
    }
    Ok(Box::new(Grid {
        subscriptions: [Subscription { market: market.id, feed: Feed::Bars(setting.interval) }],
        market: market.id,
        price_scale: market.price_scale,
        start,
        stop,
        cells: Cells::new(
            edges,
            lots(params, "qty", market)?,
            market.rules.lot.min.0.max(market.rules.lot.step.0),
        ),
        phase: Phase::Waiting,
        to_fill: 0,
        settled: None,
        pause: Pause::default(),
    }))
}

impl Grid {
    fn decide(&mut self, ctx: &Context<'_>, out: &mut Decisions) -> Reason {
        let Some(view) = ctx.market(self.market).filter(|v| v.is_fresh()) else {
            return Reason::new("market_is_stale");
        };
        let Some(last) = view.last() else { return Reason::new("no_price_yet") };
        let shown = readable(last.0 as f64, self.price_scale);
        if self.phase == Phase::Waiting {
            self.begin(last);
        }
        if self.phase == Phase::Working && self.stop.is_some_and(|stop| last <= stop) {
            self.phase = Phase::Stopped;
        }
        match self.phase {
            Phase::Stopped => return self.leave(ctx, shown, out),
            Phase::Closed => {
                let quotes = self.quotes(ctx);
                if quotes {
                    out.cancel_all(self.market);
                }
                let code = if quotes { "position_was_closed_cancelling" } else { "position_was_closed" };
                return Reason::new(code).with("price", shown);
            }
            Phase::Waiting | Phase::Working => {}
        }
        if !self.pause.is_over(ctx.now) {
            return Reason::new("waiting_after_refusal").with("seconds", self.pause.seconds_left(ctx.now));
        }
        let place = u32::try_from(self.cells.place(last)).unwrap_or(u32::MAX);
        let bought = self.fill_at_market(ctx, out);
        let (placed, working, moved) = match self.settled {
            Some((before, standing)) if before == place && !bought => (0, standing, 0),
            _ => self.quote(ctx, last, out),
        };
        self.settled = (placed == 0 && moved == 0).then_some((place, working));
        let code = match () {
            () if bought => "filling_cells_at_market",
            () if placed > 0 => "orders_placed",
            () if moved > 0 => "orders_moved",
            () if last <= self.cells.lower() => "below_the_range",
            () if last >= self.cells.upper() => "above_the_range",
            () => "orders_stand",
        };
        Reason::new(code)
            .with("price", shown)
            .with("placed", f64::from(placed))
            .with("working", f64::from(working))
            .with("held_cells", self.cells.held_count() as f64)
    }

    /// The first price decides which cells count as above it.
    fn begin(&mut self, last: Price) {
        self.phase = Phase::Working;
        match self.start {
            Start::Empty => {}
            Start::Filled => self.to_fill = self.cells.room_above(last),
            Start::Neutral => self.cells.assume_full_above(last),
        }
    }

    /// The start's purchase at market, again with the next event when only part of it came.
    fn fill_at_market(&self, ctx: &Context<'_>, out: &mut Decisions) -> bool {
        let tag = Tag(AT_MARKET);
        if self.to_fill == 0 || ctx.order(tag).is_some() {
            return false;
        }
        let Some(qty) = ctx.sendable_at_market(self.market, Qty(self.to_fill)) else { return false };
        let terms = Terms::Market { amount: Amount::Base(qty) };
        out.place(OrderIntent {
            tag,
            market: self.market,
            side: Side::Buy,
            terms,
            reduce_only: false,
            bracket: None,
        });
        true
    }

    /// Makes the orders what the cells want, those near the price first: how many were placed, work, and are taken away.
    fn quote(&self, ctx: &Context<'_>, last: Price, out: &mut Decisions) -> (u32, u32, u32) {
        let (mut placed, mut working, mut moved) = (0, 0, 0);
        for order in self.cells.orders(last) {
            let Some(qty) = ctx.sendable(self.market, order.qty, order.price) else { continue };
            if ctx.order(order.tag).is_none() && placed == PLACED_MAX {
                continue;
            }
            let quote = Quote {
                tag: order.tag,
                market: self.market,
                side: order.side,
                price: order.price,
                qty,
                post_only: false,
            };
            match out.quote(ctx, &quote) {
                Quoted::Placed => placed += 1,
                Quoted::Kept => working += 1,
                Quoted::Withdrawn => {
                    working += 1;
                    moved += 1;
                }
            }
        }
        (placed, working, moved)
    }

    fn quotes(&self, ctx: &Context<'_>) -> bool {
        ctx.orders.iter().any(|o| o.market == self.market && o.tag.0 < AT_MARKET)
    }

    /// Whether the cells hold what the bot does not have any more. Only asked at a bar: of several fills in one report the position
    /// has all before the first is told.
    fn was_closed(&self, ctx: &Context<'_>) -> bool {
        self.phase == Phase::Working
            && self.start != Start::Neutral
            && self.cells.held_count() > 0
            && ctx.in_lots(self.market, Qty(ctx.position(self.market).0.max(0))).0 == 0
    }

    /// After the stop: nothing works, everything is sold.
    fn leave(&mut self, ctx: &Context<'_>, shown: f64, out: &mut Decisions) -> Reason {
        self.to_fill = 0;
        if self.quotes(ctx) {
            out.cancel_all(self.market);
            return Reason::new("stop_reached_cancelling").with("price", shown);
        }
        let sent = self.pause.is_over(ctx.now)
            && out.target(ctx, self.market, types::SignedQty(0), Tag(AT_MARKET + 1));
        let code = if sent { "stop_reached_selling" } else { "stopped" };
        Reason::new(code).with("price", shown)
    }

    fn filled(&mut self, ctx: &Context<'_>, order: Tag, fill: &VenueFill) {
        self.pause.accepted();
        self.settled = None;
        // A fee in the base asset comes out of what was bought and cannot be sold.
        let base = ctx
            .market(self.market)
            .map(|v| v.instrument())
            .filter(|i| i.kind == InstrumentKind::Spot && i.market.base.id == fill.fee_asset);
        let fee = base.map_or(0, |_| i64::try_from(fill.fee.0.max(0)).unwrap_or(0));
        if order.0 < AT_MARKET {
            self.cells.filled(order, fill.qty.0, fee);
        } else if order.0 == AT_MARKET {
            self.to_fill = (self.to_fill - fill.qty.0).max(0);
            self.cells.filled_above(fill.qty.0, fee);
        }
    }
}

impl Strategy for Grid {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        0
    }

    fn unguardable(&self) -> Option<&'static str> {
        let why = "a neutral grid takes no bracket: it passes through zero by itself and could not tell that its position was closed; use the grid's own stop";
        (self.start == Start::Neutral).then_some(why)
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        match event {
            Event::Fill { order, market, fill } if *market == self.market => self.filled(ctx, *order, fill),
            Event::Ended { how: Ended::Denied | Ended::Rejected | Ended::NeverArrived, order } => {
                self.pause.refused(ctx.now);
                self.settled = None;
                out.because(Reason::new("order_refused").with("order", f64::from(order.0)));
                return;
            }
            Event::Bar { .. } if self.was_closed(ctx) => self.phase = Phase::Closed,
            Event::Bar { .. } => {}
            Event::Ended { .. } => self.settled = None,
            Event::Fill { .. }
            | Event::Print { .. }
            | Event::Book { .. }
            | Event::Timer(_)
            | Event::Signal(_) => {
                return;
            }
        }
        let reason = self.decide(ctx, out);
        out.because(reason);
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u8(self.phase as u8);
        w.i64(self.to_fill);
        w.bool(self.settled.is_some());
        let (place, working) = self.settled.unwrap_or_default();
        w.u32(place);
        w.u32(working);
        self.pause.save(w);
        self.cells.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.phase = match r.u8()? {
            0 => Phase::Waiting,
            1 => Phase::Working,
            2 => Phase::Stopped,
            3 => Phase::Closed,
            _ => return Err(WireError::Invalid),
        };
        self.to_fill = r.i64()?;
        let settled = r.bool()?;
        let at = (r.u32()?, r.u32()?);
        self.settled = settled.then_some(at);
        self.pause.load(r)?;
        self.cells.load(r)
    }
}

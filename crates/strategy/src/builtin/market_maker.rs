//! Market making after Avellaneda and Stoikov: a bid and an ask around a price that leans against the inventory.
//!
//! Idea: earn the spread; hold as little as possible. Source: Avellaneda & Stoikov, High-frequency Trading in a Limit Order Book,
//! Quantitative Finance 8 (2008), in the stationary form with a constant horizon. Fails against traders who know more (the fills
//! come just before the price moves) and in trends, where one side fills until the inventory limit.
//!
//! In basis points of the mid s, with inventory q in quotes, volatility σ per √second and horizon τ:
//! reservation r = −q γ σ² τ, half spread h = ½ γ σ² τ + (1/γ) ln(1 + γ/κ); bid s (1 + (r − h)/10⁴), ask s (1 + (r + h)/10⁴), rounded
//! away from the mid to the tick and kept from crossing (post only). σ is an exponential average of squared mid returns.
//!
//! A stale book pulls both quotes. Quotes move only when they are off by more than `requote-bps` and at most once per
//! `rest-ms`, so that a busy book does not become a flood of orders; a part fill leaves the rest standing.

mod model;

use types::wire::{Reader, WireError, Writer};
use types::{InstrumentKind, Market, MarketId, Price, Qty, Side, Time};

use self::model::{Model, Volatility};
use super::Setting;
use super::reading::{amount, lots, readable, real, signal, units, whole};
use crate::{
    Context, Decisions, Description, Ended, Event, Feed, Instruments, ParamError, Params, Pause, Quote,
    Quoted, Reason, Strategy, Subscription, Tag,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "market-maker",
    idea: "A bid and an ask on the book around a price that leans against the inventory (Avellaneda-Stoikov).",
    source: "Avellaneda & Stoikov, Quantitative Finance 8 (2008), stationary form.",
    fails: "Informed flow and trends: one side fills until the inventory limit, just before the price moves.",
    instruments: Instruments::ONE,
    params: &[
        amount("qty", "base units per quote", "0.01"),
        amount("inventory", "largest position, base units; at it only the closing side is quoted", "0.1"),
        real("gamma", "risk aversion per basis point", (0.0001, 10.0), 0.1),
        real("kappa", "how fast fills become rarer with the distance, per basis point", (0.001, 100.0), 0.5),
        real("horizon", "seconds that inventory is held for", (0.1, 86_400.0), 60.0),
        real(
            "half-life",
            "seconds after which a squared return counts half in the volatility",
            (1.0, 86_400.0),
            60.0,
        ),
        real("least-bps", "smallest half spread, basis points", (0.0, 1_000.0), 1.0),
        real("requote-bps", "a quote stays while it is off by no more than this", (0.0, 1_000.0), 0.5),
        whole("rest-ms", "milliseconds between two moves of a quote", (0, 3_600_000), 500),
    ],
};

const BID: Tag = Tag(0);
const ASK: Tag = Tag(1);
/// Seconds of returns before the volatility means anything.
const SAMPLES_MIN: u64 = 10;

struct MarketMaker {
    subscriptions: [Subscription; 1],
    market: Market,
    is_spot: bool,
    qty: i64,
    inventory: i64,
    model: Model,
    requote_bps: f64,
    rest_ns: i64,
    volatility: Volatility,
    /// When each quote was last placed or withdrawn.
    moved: [Time; 2],
    pause: Pause,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let market = &settings[0].instrument.market;
    let (qty, inventory) = (lots(params, "qty", market)?, lots(params, "inventory", market)?);
    if inventory < qty {
        let text = |units: i64| types::decimal::format_short(i128::from(units), market.base.scale);
        let allowed = format!("at least qty ({})", text(qty));
        return Err(ParamError::Invalid { name: "inventory", given: text(inventory), allowed });
    }
    Ok(Box::new(MarketMaker {
        subscriptions: [Subscription { market: market.id, feed: Feed::Book }],
        market: market.clone(),
        is_spot: settings[0].instrument.kind == InstrumentKind::Spot,
        qty,
        inventory,
        model: Model {
            gamma: params.real("gamma"),
            kappa: params.real("kappa"),
            horizon: params.real("horizon"),
            least: params.real("least-bps"),
        },
        requote_bps: params.real("requote-bps"),
        rest_ns: params.whole("rest-ms") * 1_000_000,
        volatility: Volatility::new(params.real("half-life")),
        moved: [Time(i64::MIN); 2],
        pause: Pause::default(),
    }))
}

impl MarketMaker {
    const fn id(&self) -> MarketId {
        self.market.id
    }

    fn decide(&mut self, ctx: &Context<'_>, out: &mut Decisions) -> Reason {
        let view = ctx.market(self.id()).filter(|v| v.is_fresh());
        let best = view.and_then(|v| v.book()).and_then(|book| book.bid().zip(book.ask()));
        let Some(((bid, _), (ask, _))) = best.filter(|(bid, ask)| bid.0 < ask.0) else {
            return self.pull(ctx, out, "book_is_stale");
        };
        let mid = f64::midpoint(signal(bid), signal(ask));
        self.volatility.update(ctx.now, mid);
        let Some(sigma) = self.volatility.per_second(SAMPLES_MIN) else {
            return Reason::new("warming_up").with("seconds", self.volatility.samples() as f64);
        };
        if !self.pause.is_over(ctx.now) {
            return Reason::new("waiting_after_refusal").with("seconds", self.pause.seconds_left(ctx.now));
        }
        let held = ctx.position(self.id()).0;
        let (shift, half) = self.model.quotes(held as f64 / self.qty as f64, sigma);
        let at = |bps: f64| units(mid * (1.0 + bps / 10_000.0)).map(Price);
        let Some((low, high)) = at(shift - half).zip(at(shift + half)) else {
            return self.pull(ctx, out, "price_out_of_range");
        };
        // Never through the other side: one tick inside it at most.
        let tick = self.market.rules.tick.at(bid).0.max(1);
        let low = ctx.on_tick(self.id(), Side::Buy, low.min(Price(ask.0 - tick)));
        let high = ctx.on_tick(self.id(), Side::Sell, high.max(Price(bid.0 + tick)));
        let buys = self.qty.min(self.inventory - held);
        let room = if self.is_spot { held } else { self.inventory + held };
        let moves = [
            self.keep(ctx, BID, Side::Buy, low, buys, mid, out),
            self.keep(ctx, ASK, Side::Sell, high, self.qty.min(room), mid, out),
        ];
        let code = if moves.contains(&true) { "quotes_moved" } else { "quotes_stand" };
        Reason::new(code)
            .with("mid", readable(mid, self.market.price_scale))
            .with("shift_bps", shift)
            .with("half_bps", half)
            .with("sigma_bps", sigma)
    }

    /// One side's quote; `true` when something was done about it.
    #[expect(clippy::too_many_arguments, reason = "one call site, and every argument is a different thing")]
    fn keep(
        &mut self,
        ctx: &Context<'_>,
        tag: Tag,
        side: Side,
        price: Price,
        qty: i64,
        mid: f64,
        out: &mut Decisions,
    ) -> bool {
        let wanted = ctx.sendable(self.id(), Qty(qty.max(0)), price);
        let open = ctx.order(tag);
        let at = usize::from(tag == ASK);
        let Some(qty) = wanted else {
            // At the inventory limit this side goes at once.
            if open.is_some() {
                out.cancel(tag);
            }
            return open.is_some();
        };
        let resting = ctx.now.since(self.moved[at]) < self.rest_ns;
        match open {
            // More than is wanted would break the inventory limit; a rest of a part fill stays.
            Some(open) if open.open <= qty => {
                let standing = open.price.unwrap_or_default();
                let off = (signal(standing) - signal(price)).abs() / mid * 10_000.0;
                if off <= self.requote_bps || resting {
                    return false;
                }
            }
            None if resting => return false,
            Some(_) | None => {}
        }
        let quote = Quote { tag, market: self.id(), side, price, qty, post_only: true };
        let moved = out.quote(ctx, &quote) != Quoted::Kept;
        if moved && open.is_none() {
            self.moved[at] = ctx.now;
        }
        moved
    }

    fn pull(&self, ctx: &Context<'_>, out: &mut Decisions, code: &'static str) -> Reason {
        let standing = ctx.orders.iter().filter(|o| o.market == self.id()).count();
        if standing > 0 {
            out.cancel_all(self.id());
        }
        Reason::new(code).with("pulled", standing as f64)
    }
}

impl Strategy for MarketMaker {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        0
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        match event {
            Event::Ended { how: Ended::Denied | Ended::Rejected | Ended::NeverArrived, order } => {
                self.pause.refused(ctx.now);
                out.because(Reason::new("order_refused").with("order", f64::from(order.0)));
            }
            Event::Fill { .. } => {
                self.pause.accepted();
                let reason = self.decide(ctx, out);
                out.because(reason);
            }
            Event::Book { .. } | Event::Ended { .. } => {
                let reason = self.decide(ctx, out);
                out.because(reason);
            }
            Event::Bar { .. } | Event::Print { .. } | Event::Timer(_) | Event::Signal(_) => {}
        }
    }

    fn save(&self, w: &mut Writer<'_>) {
        self.volatility.save(w);
        self.moved.iter().for_each(|at| w.i64(at.0));
        self.pause.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.volatility.load(r)?;
        for at in &mut self.moved {
            *at = Time(r.i64()?);
        }
        self.pause.load(r)
    }
}

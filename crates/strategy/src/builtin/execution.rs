//! Working a large order in parts: what TWAP and VWAP share. Only the share that ought to be done by now differs.
//!
//! What is done is counted from fills alone. The clock starts when the first part is seen to be out or done, so that a paused bot
//! does not fall behind, and a delay is made up for slowly: one part is at most three times its regular size. The end is firm:
//! what is not done at the end of the time is sent by at most the same parts until all is done.

use types::order::Amount;
use types::wire::{Reader, WireError, Writer};
use types::{InstrumentKind, Market, Price, Qty, Side, Terms, Time, TimeInForce};

use super::Setting;
use super::reading::{amount, choice, lots, readable, real, signal, units, whole};
use crate::{Context, Decisions, Ended, Event, OrderIntent, Param, ParamError, Params, Pause, Reason, Tag};

/// Parameters of every execution.
pub(super) const SIDE: Param = choice("side", "which way to trade", &["buy", "sell"]);
pub(super) const QTY: Param = amount("qty", "base units in all", "1");
pub(super) const MINUTES: Param = whole("minutes", "minutes to take", (1, 100_000), 60);
pub(super) const LIMIT: Param = real(
    "limit-bps",
    "a part trades at most this many basis points beyond the last price, else it expires (0: at market)",
    (0.0, 1_000.0),
    0.0,
);

/// A part is at most this many times its regular size.
const CATCH_UP: i64 = 3;
const PART: Tag = Tag(0);

/// An order that is worked in parts.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) market: Market,
    is_spot: bool,
    side: Side,
    qty: i64,
    /// How long, and how long a bar is.
    length_ns: i64,
    bar_ns: i64,
    limit_bps: f64,
    started: Option<Time>,
    done: i64,
    quote: i128,
    pause: Pause,
}

impl Execution {
    pub(super) fn new(params: &Params, setting: &Setting<'_>) -> Result<Self, ParamError> {
        let market = &setting.instrument.market;
        let seconds = setting.interval.seconds();
        let minutes = params.whole("minutes");
        if seconds == 0 || seconds > minutes * 60 {
            let allowed = format!("at least one bar ({})", setting.interval.as_str());
            return Err(ParamError::Invalid { name: "minutes", given: minutes.to_string(), allowed });
        }
        Ok(Self {
            market: market.clone(),
            is_spot: setting.instrument.kind == InstrumentKind::Spot,
            side: if params.chosen("side") == "sell" { Side::Sell } else { Side::Buy },
            qty: lots(params, "qty", market)?,
            length_ns: minutes * 60_000_000_000,
            bar_ns: seconds * 1_000_000_000,
            limit_bps: params.real("limit-bps"),
            started: None,
            done: 0,
            quote: 0,
            pause: Pause::default(),
        })
    }

    /// When it began.
    pub(super) const fn started(&self) -> Option<Time> {
        self.started
    }

    /// How long it takes, ns.
    pub(super) const fn length_ns(&self) -> i64 {
        self.length_ns
    }

    /// Takes in what happened to its parts; `false` when the event is something else.
    pub(super) fn hear(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) -> bool {
        match event {
            Event::Fill { order: PART, fill, .. } => {
                self.begin(ctx.now);
                self.done = self.done.saturating_add(fill.qty.0);
                self.quote = self.quote.saturating_add(fill.quote.0);
                self.pause.accepted();
                out.because(self.shown("part_filled"));
                true
            }
            Event::Ended { order: PART, how } => {
                if matches!(how, Ended::Denied | Ended::Rejected | Ended::NeverArrived) {
                    self.pause.refused(ctx.now);
                    out.because(self.shown("part_refused"));
                } else {
                    self.begin(ctx.now);
                    out.because(self.shown("part_ended"));
                }
                true
            }
            _ => false,
        }
    }

    fn begin(&mut self, now: Time) {
        self.started.get_or_insert(now);
    }

    /// Sends what is missing when `share` of the time's work (0 to 1) ought to be done.
    pub(super) fn work(&mut self, ctx: &Context<'_>, share: f64, last: Price, out: &mut Decisions) -> Reason {
        if ctx.order(PART).is_some() {
            self.begin(ctx.now);
            return self.shown("part_is_working");
        }
        if !ctx.market(self.market.id).is_some_and(|v| v.is_fresh()) {
            return self.shown("market_is_stale");
        }
        let left = self.qty - self.done;
        let least = ctx.least_at_market(self.market.id).unwrap_or_default().0;
        // Dust that cannot be sent is done.
        if left <= 0 || (left < least && self.done > 0) {
            return self.shown("done");
        }
        if !self.pause.is_over(ctx.now) {
            return self.shown("waiting_after_refusal");
        }
        let due = units(self.qty as f64 * share.clamp(0.0, 1.0)).unwrap_or(0).min(self.qty);
        let regular = units(self.qty as f64 * self.bar_ns as f64 / self.length_ns as f64).unwrap_or(0);
        let missing = (due - self.done).min(regular.saturating_mul(CATCH_UP).max(least));
        // A part that is too small to send waits until it is not; the first one starts the clock, so it goes at once.
        let part = if self.started.is_none() { missing.max(least) } else { missing };
        // A part takes what it would leave as dust.
        let part = if part >= least && left - part < least { left } else { part.min(left) };
        let part = if self.is_spot && self.side == Side::Sell {
            part.min(ctx.position(self.market.id).0)
        } else {
            part
        };
        let Some(qty) = ctx.sendable_at_market(self.market.id, Qty(part.max(0))) else {
            return self.shown("on_schedule");
        };
        out.place(OrderIntent {
            tag: PART,
            market: self.market.id,
            side: self.side,
            terms: self.terms(ctx, qty, last),
            reduce_only: false,
            bracket: None,
        });
        self.shown("part_sent").with("part", readable(qty.0 as f64, self.market.base.scale))
    }

    fn terms(&self, ctx: &Context<'_>, qty: Qty, last: Price) -> Terms {
        if self.limit_bps <= 0.0 {
            return Terms::Market { amount: Amount::Base(qty) };
        }
        let away = if self.side == Side::Buy { self.limit_bps } else { -self.limit_bps };
        let limit = units(signal(last) * (1.0 + away / 10_000.0)).map_or(last, Price);
        let price = ctx.on_tick(self.market.id, self.side, limit);
        Terms::Limit { price, qty, tif: TimeInForce::Ioc, display: None }
    }

    fn shown(&self, code: &'static str) -> Reason {
        let paid = self.quote as f64 / 10_f64.powi(i32::from(self.market.quote.scale));
        let done = readable(self.done as f64, self.market.base.scale);
        let average = if done > 0.0 { paid / done } else { 0.0 };
        Reason::new(code)
            .with("done", done)
            .with("of", readable(self.qty as f64, self.market.base.scale))
            .with("average", average)
    }

    pub(super) fn save(&self, w: &mut Writer<'_>) {
        w.bool(self.started.is_some());
        w.i64(self.started.unwrap_or_default().0);
        w.i64(self.done);
        w.i128(self.quote);
        self.pause.save(w);
    }

    pub(super) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        let known = r.bool()?;
        let started = Time(r.i64()?);
        self.started = known.then_some(started);
        self.done = r.i64()?;
        self.quote = r.i128()?;
        self.pause.load(r)
    }
}

//! Rebalancing basket: several instruments held at fixed weights of what the bot is worth.
//!
//! Idea: keeps the risk where it was put, and sells what rose for what fell. Source: Perold & Sharpe, Dynamic Strategies for Asset
//! Allocation, Financial Analysts Journal 44 (1988). Fails in trends: it sells the winner all the way up and buys the loser all the
//! way down; every rebalancing costs fees, hence the band.
//!
//! All instruments are quoted in one asset. Decisions are made on bars of the first instrument. What has to shrink is sold first;
//! what has to grow is bought when the sales are done, as far as the money goes.

use types::decimal;
use types::wire::{Reader, WireError, Writer};
use types::{Instrument, InstrumentKind, Money, Price, Side, SignedQty};

use super::Setting;
use super::reading::{bars, bars_of, readable, real, whole};
use crate::{
    Context, Decisions, Description, Event, Instruments, Kind, Param, ParamError, Params, Pause, Reason,
    Strategy, Subscription, Tag,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "basket",
    idea: "Holds several instruments at fixed weights and trades back to them at times or when they drift.",
    source: "Perold & Sharpe, Financial Analysts Journal 44 (1988).",
    fails: "Trends: it sells the winner all the way up and buys the loser all the way down.",
    instruments: Instruments { min: 2, max: 16, doc: "the basket; bars of the first decide when" },
    params: &[
        Param {
            name: "weights",
            doc: "share of each instrument in percent, in their order; what is missing to 100 stays money",
            kind: Kind::Text { default: "equal", form: "equal, or numbers like 50,30,20" },
        },
        whole("every", "bars from one rebalancing to the next", (1, 1_000_000), 1_440),
        real(
            "band",
            "rebalances before its time when a weight is off by this many percent (0: never)",
            (0.0, 100.0),
            5.0,
        ),
    ],
};

/// Bars that a rebalancing may take before what is missing is left for the next one.
const BARS_MAX: u32 = 5;
/// Weights are in units of 10⁻⁴ percent.
const WEIGHT_SCALE: u8 = 4;
const WHOLE: i64 = 1_000_000;

/// One instrument of the basket.
struct Part {
    instrument: Instrument,
    weight: i64,
    goal: i64,
}

struct Basket {
    subscriptions: Vec<Subscription>,
    parts: Vec<Part>,
    every: u64,
    band: f64,
    waited: u64,
    /// Bars that the present rebalancing has taken; `None` when there is none.
    busy: Option<u32>,
    pause: Pause,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let quote = settings[0].instrument.market.quote.id;
    if let Some(other) = settings.iter().find(|s| s.instrument.market.quote.id != quote) {
        let why = format!("{} is quoted in another asset than the first", other.instrument.id);
        return Err(ParamError::Setting { why });
    }
    let weights = weights(params.text("weights"), settings.len())?;
    let parts = settings.iter().zip(weights);
    let every = u64::from(bars(params, "every"));
    Ok(Box::new(Basket {
        subscriptions: settings.iter().map(bars_of).collect(),
        parts: parts.map(|(s, weight)| Part { instrument: s.instrument.clone(), weight, goal: 0 }).collect(),
        every,
        band: params.real("band"),
        // The first rebalancing falls due at once.
        waited: every - 1,
        busy: None,
        pause: Pause::default(),
    }))
}

fn weights(text: &str, count: usize) -> Result<Vec<i64>, ParamError> {
    let invalid = |allowed: String| ParamError::Invalid { name: "weights", given: text.to_owned(), allowed };
    if text == "equal" {
        return Ok(vec![WHOLE / i64::try_from(count).unwrap_or(1); count]);
    }
    let read = |part: &str| decimal::parse_unsigned(part.trim(), WEIGHT_SCALE).ok();
    let weights: Option<Vec<i64>> = text.split(',').map(read).collect();
    let weights = weights.filter(|w| w.len() == count);
    let weights = weights.ok_or_else(|| invalid(format!("{count} numbers, or equal")))?;
    match weights.iter().try_fold(0_i64, |sum, w| sum.checked_add(*w)) {
        Some(sum) if sum <= WHOLE => Ok(weights),
        _ => Err(invalid("at most 100 in all".to_owned())),
    }
}

impl Basket {
    /// What the bot is worth, and the prices of its parts.
    fn worth(&self, ctx: &Context<'_>) -> Option<(i128, Vec<Price>)> {
        let mut prices = Vec::with_capacity(self.parts.len());
        let mut sum = ctx.account.asset(self.parts[0].instrument.market.quote.id).0;
        for part in &self.parts {
            let market = &part.instrument.market;
            let view = ctx.market(market.id).filter(|v| v.is_fresh())?;
            let price = view.last().filter(|p| p.0 > 0)?;
            let held = ctx.position(market.id).size();
            sum = sum.checked_add(match part.instrument.kind {
                InstrumentKind::Spot => market.notional.amount(price, held).0,
                InstrumentKind::LinearPerp { .. } => ctx.account.carried(&part.instrument, price).0,
            })?;
            prices.push(price);
        }
        Some((sum, prices))
    }

    /// The largest distance of a weight from where it ought to be, in percent.
    fn drift(&self, ctx: &Context<'_>, worth: i128, prices: &[Price]) -> f64 {
        let off = |(part, price): (&Part, &Price)| {
            let market = &part.instrument.market;
            let value = market.notional.amount(*price, ctx.position(market.id).size()).0 as f64;
            (value / worth as f64 * 100.0 - part.weight as f64 / 10_000.0).abs()
        };
        self.parts.iter().zip(prices).map(off).fold(0.0, f64::max)
    }

    fn decide(&mut self, ctx: &Context<'_>, out: &mut Decisions) -> Reason {
        let Some((worth, prices)) = self.worth(ctx).filter(|(worth, _)| *worth > 0) else {
            return Reason::new("no_price_yet");
        };
        let drift = self.drift(ctx, worth, &prices);
        let scale = self.parts[0].instrument.market.quote.scale;
        let shown =
            |code| Reason::new(code).with("worth", readable(worth as f64, scale)).with("drift", drift);
        if self.busy.is_none() {
            let due = self.waited >= self.every;
            let drifted = self.band > 0.0 && drift > self.band;
            if !due && !drifted {
                return shown("weights_are_kept").with("bars_left", (self.every - self.waited) as f64);
            }
            self.set_goals(worth, &prices);
            (self.busy, self.waited) = (Some(0), 0);
        }
        if !self.pause.is_over(ctx.now) {
            return shown("waiting_after_refusal");
        }
        let (sold, bought) = self.trade(ctx, out);
        shown(match (sold, bought, self.busy) {
            (0, 0, None) => "rebalanced",
            (0, 0, Some(_)) => "order_on_the_way",
            (0, _, _) => "buying",
            _ => "selling",
        })
    }

    fn set_goals(&mut self, worth: i128, prices: &[Price]) {
        for (part, price) in self.parts.iter_mut().zip(prices) {
            let market = &part.instrument.market;
            let budget = Money(worth / i128::from(WHOLE) * i128::from(part.weight));
            part.goal = market.notional.affordable(budget, *price, market.rules.lot.step).0;
        }
    }

    /// Sends the sales, and when none is left the purchases: how many of each.
    fn trade(&mut self, ctx: &Context<'_>, out: &mut Decisions) -> (u32, u32) {
        let working = |part: &Part, side| ctx.working(part.instrument.market.id, side).0 != 0;
        let missing = |part: &Part| part.goal - ctx.position(part.instrument.market.id).0;
        let (mut sold, mut bought) = (0, 0);
        let selling = self.parts.iter().any(|p| working(p, Side::Sell));
        for (at, part) in self.parts.iter().enumerate() {
            let tag = Tag(u32::try_from(at).unwrap_or(u32::MAX));
            if missing(part) < 0 && !working(part, Side::Sell) && !working(part, Side::Buy) {
                sold += u32::from(out.target(ctx, part.instrument.market.id, SignedQty(part.goal), tag));
            }
        }
        if sold == 0 && !selling {
            for (at, part) in self.parts.iter().enumerate() {
                let tag = Tag(u32::try_from(at).unwrap_or(u32::MAX));
                if missing(part) > 0 && !working(part, Side::Buy) {
                    bought +=
                        u32::from(out.target(ctx, part.instrument.market.id, SignedQty(part.goal), tag));
                }
            }
        }
        let any = self.parts.iter().any(|p| working(p, Side::Buy) || working(p, Side::Sell));
        if sold + bought == 0 && !any {
            self.busy = None;
        }
        (sold, bought)
    }
}

impl Strategy for Basket {
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
            Event::Bar { market, .. } if *market == self.subscriptions[0].market => {
                self.waited = (self.waited + 1).min(self.every);
                self.busy = self.busy.map(|bars| bars + 1).filter(|bars| *bars < BARS_MAX);
            }
            Event::Bar { .. } => return out.because(Reason::new("bars_of_the_first_decide")),
            Event::Ended { how, .. } => {
                if matches!(how, crate::Ended::Denied | crate::Ended::Rejected | crate::Ended::NeverArrived) {
                    self.pause.refused(ctx.now);
                    return out.because(Reason::new("order_refused"));
                }
                self.pause.accepted();
                if self.busy.is_none() {
                    return out.because(Reason::new("order_ended"));
                }
            }
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
        self.parts.iter().for_each(|part| w.i64(part.goal));
        w.u64(self.waited);
        w.bool(self.busy.is_some());
        w.u32(self.busy.unwrap_or(0));
        self.pause.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        for part in &mut self.parts {
            part.goal = r.i64()?;
        }
        self.waited = r.u64()?.min(self.every);
        let known = r.bool()?;
        let bars = r.u32()?;
        self.busy = known.then_some(bars);
        self.pause.load(r)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_percent_and_never_more_than_all() {
        assert_eq!(weights("equal", 4).unwrap(), [250_000; 4]);
        assert_eq!(weights("50, 30,20", 3).unwrap(), [500_000, 300_000, 200_000]);
        assert_eq!(weights("0.5,99.5", 2).unwrap(), [5_000, 995_000]);
        for (text, count) in [("50,51", 2), ("50", 2), ("a,b", 2), ("-1,2", 2), ("", 2)] {
            assert!(weights(text, count).is_err(), "{text}");
        }
    }
}

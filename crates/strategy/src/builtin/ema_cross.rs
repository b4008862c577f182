//! EMA cross: long while the fast average is above the slow one, else flat (or short).
//!
//! Idea: trends last longer than chance. Source: the oldest of trend rules; Brock, Lakonishok & LeBaron, Journal of Finance
//! 47 (1992), test its relatives. Fails in sideways markets, where every cross costs two fees and a slippage.

use indicators::{Ema, Seed};
use types::decimal;
use types::wire::{Reader, WireError, Writer};
use types::{MarketId, SignedQty};

use super::Setting;
use crate::{
    Context, Decisions, Description, Event, Feed, Kind, Param, ParamError, Params, Reason, Strategy,
    Subscription, Tag,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "ema-cross",
    idea: "Long while the fast exponential average of the close is above the slow one, else flat or short.",
    source: "Trend following; relatives tested by Brock, Lakonishok & LeBaron, Journal of Finance 47 (1992).",
    fails: "Sideways markets: every cross costs two fees and slippage.",
    params: &[
        Param {
            name: "fast",
            doc: "bars of the fast average",
            kind: Kind::Whole { min: 1, max: 5_000, default: 20 },
        },
        Param {
            name: "slow",
            doc: "bars of the slow average",
            kind: Kind::Whole { min: 2, max: 10_000, default: 100 },
        },
        Param { name: "qty", doc: "position size, base units", kind: Kind::Amount { default: "1" } },
        Param { name: "short", doc: "go short instead of flat", kind: Kind::Choice { of: &["no", "yes"] } },
        Param {
            name: "ema-seed",
            doc: "how the averages start",
            kind: Kind::Choice { of: &["mean", "first"] },
        },
    ],
};

struct EmaCross {
    subscriptions: [Subscription; 1],
    market: MarketId,
    slow_bars: u32,
    qty: i64,
    short: bool,
    fast: Ema,
    slow: Ema,
    seen: u64,
}

pub(super) fn make(params: &Params, setting: Setting<'_>) -> Result<Box<dyn Strategy>, ParamError> {
    let market = &setting.instrument.market;
    let bars = |name| u32::try_from(params.whole(name)).unwrap_or(u32::MAX);
    let (fast, slow) = (bars("fast"), bars("slow"));
    if fast >= slow {
        let allowed = format!("below slow ({slow})");
        return Err(ParamError::Invalid { name: "fast", given: fast.to_string(), allowed });
    }
    let qty = params.amount("qty", market.base.scale)?;
    let (step, least) = (market.rules.lot.step.0, market.rules.lot.min.0);
    if qty < least.max(1) || qty % step != 0 {
        let text = |units: i64| decimal::format_short(i128::from(units), market.base.scale);
        let allowed = format!("at least {} in steps of {}", text(least.max(1)), text(step));
        return Err(ParamError::Invalid { name: "qty", given: text(qty), allowed });
    }
    let seed = if params.choice("ema-seed") == 1 { Seed::First } else { Seed::Mean };
    Ok(Box::new(EmaCross {
        subscriptions: [Subscription { market: market.id, feed: Feed::Bars(setting.interval) }],
        market: market.id,
        slow_bars: slow,
        qty,
        short: params.choice("short") == 1,
        fast: Ema::new(fast, seed),
        slow: Ema::new(slow, seed),
        seen: 0,
    }))
}

impl Strategy for EmaCross {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        self.slow_bars
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        let Event::Bar { bar, .. } = event else { return };
        self.seen += 1;
        // A signal, not money: the price's integer is exact in a float up to 2^53.
        let close = bar.close.0 as f64;
        let averages = self.fast.update(close).zip(self.slow.update(close));
        let Some((fast, slow)) = averages.filter(|_| self.seen >= u64::from(self.slow_bars)) else {
            out.because(
                Reason::new("warming_up")
                    .with("bars", self.seen as f64)
                    .with("needed", f64::from(self.slow_bars)),
            );
            return;
        };
        let goal = match (fast > slow, self.short) {
            (true, _) => self.qty,
            (false, true) => -self.qty,
            (false, false) => 0,
        };
        let sent = out.target(ctx, self.market, SignedQty(goal), Tag(0));
        let code = match (sent, fast > slow) {
            (true, true) => "fast_crossed_above",
            (true, false) => "fast_crossed_below",
            (false, true) => "still_above",
            (false, false) => "still_below",
        };
        out.because(Reason::new(code).with("fast", fast).with("slow", slow));
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.seen);
        self.fast.save(w);
        self.slow.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.seen = r.u64()?;
        self.fast.load(r)?;
        self.slow.load(r)
    }
}

//! EMA cross: long while the fast average is above the slow one, else flat (or short).
//!
//! Idea: trends last longer than chance. Source: the oldest of trend rules; Brock, Lakonishok & LeBaron, Journal of Finance
//! 47 (1992), test its relatives. Fails in sideways markets, where every cross costs two fees and a slippage.

use indicators::{Ema, Indicator as _, Seed};
use types::wire::{Reader, WireError, Writer};

use super::Setting;
use super::reading::{QTY, SHORT, bars, readable, rising};
use super::stance::{Stance, Trader};
use crate::{
    Context, Decisions, Description, Event, Feed, Instruments, Kind, Param, ParamError, Params, Reason,
    Strategy, Subscription,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "ema-cross",
    idea: "Long while the fast exponential average of the close is above the slow one, else flat or short.",
    source: "Trend following; relatives tested by Brock, Lakonishok & LeBaron, Journal of Finance 47 (1992).",
    fails: "Sideways markets: every cross costs two fees and slippage.",
    instruments: Instruments::ONE,
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
        QTY,
        SHORT,
        Param {
            name: "ema-seed",
            doc: "how the averages start",
            kind: Kind::Choice { of: &["mean", "first"] },
        },
    ],
};

struct EmaCross {
    subscriptions: [Subscription; 1],
    trader: Trader,
    slow_bars: u32,
    fast: Ema,
    slow: Ema,
    seen: u64,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let setting = &settings[0];
    rising(params, "fast", "slow")?;
    let (fast, slow) = (bars(params, "fast"), bars(params, "slow"));
    let seed = if params.choice("ema-seed") == 1 { Seed::First } else { Seed::Mean };
    let trader = Trader::new(params, setting)?;
    Ok(Box::new(EmaCross {
        subscriptions: [Subscription { market: trader.market, feed: Feed::Bars(setting.interval) }],
        trader,
        slow_bars: slow,
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
        let stance = if fast > slow { Stance::Long } else { Stance::Short };
        let sent = self.trader.go(ctx, stance, out);
        let code = match (sent, fast > slow) {
            (true, true) => "fast_crossed_above",
            (true, false) => "fast_crossed_below",
            (false, true) => "still_above",
            (false, false) => "still_below",
        };
        let scale = self.trader.price_scale;
        out.because(
            Reason::new(code).with("fast", readable(fast, scale)).with("slow", readable(slow, scale)),
        );
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

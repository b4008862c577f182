//! RSI mean reversion: buys what fell too fast, sells it when the index is back in the middle.
//!
//! Idea: short moves overshoot. Source: Wilder, New Concepts in Technical Trading Systems (1978); Connors & Alvarez, Short Term
//! Trading Strategies That Work (2008). Fails in crashes and strong trends, where the index stays at its end while the price goes
//! on; there is no stop but the account's own limits.

use indicators::{Indicator as _, Rsi};
use types::wire::{Reader, WireError, Writer};

use super::Setting;
use super::reading::{QTY, SHORT, bars, bars_of, real, rising, signal, warming_up, whole};
use super::stance::{Stance, Trader};
use crate::{
    Context, Decisions, Description, Event, Instruments, ParamError, Params, Reason, Strategy, Subscription,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "rsi-reversion",
    idea: "Buys when the RSI is low, sells when it is back in the middle; short the other way round.",
    source: "Wilder (1978); Connors & Alvarez, Short Term Trading Strategies That Work (2008).",
    fails: "Crashes and strong trends: the index stays low while the price goes on falling.",
    instruments: Instruments::ONE,
    params: &[
        whole("period", "bars of the RSI", (2, 5_000), 14),
        real("low", "buys below this RSI", (0.0, 100.0), 30.0),
        real("exit", "leaves at this RSI", (0.0, 100.0), 50.0),
        real("high", "sells short above this RSI", (0.0, 100.0), 70.0),
        QTY,
        SHORT,
    ],
};

struct RsiReversion {
    subscriptions: [Subscription; 1],
    trader: Trader,
    period: u32,
    low: f64,
    exit: f64,
    high: f64,
    rsi: Rsi,
    seen: u64,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    rising(params, "low", "exit")?;
    rising(params, "exit", "high")?;
    let period = bars(params, "period");
    Ok(Box::new(RsiReversion {
        subscriptions: [bars_of(&settings[0])],
        trader: Trader::new(params, &settings[0])?,
        period,
        low: params.real("low"),
        exit: params.real("exit"),
        high: params.real("high"),
        rsi: Rsi::new(period),
        seen: 0,
    }))
}

impl RsiReversion {
    /// Where to be, given where it is, and why.
    fn wanted(&self, held: Stance, rsi: f64) -> (Stance, &'static str) {
        let fresh = if rsi < self.low {
            (Stance::Long, "oversold")
        } else if rsi > self.high {
            (self.trader.allowed(Stance::Short), "overbought")
        } else {
            (Stance::Flat, "in_the_middle")
        };
        match held {
            Stance::Long if rsi < self.exit => (Stance::Long, "waiting_to_sell"),
            Stance::Short if rsi > self.exit => (Stance::Short, "waiting_to_buy_back"),
            Stance::Long | Stance::Short if fresh.0 == Stance::Flat => (Stance::Flat, "back_in_the_middle"),
            Stance::Long | Stance::Short | Stance::Flat => fresh,
        }
    }
}

impl Strategy for RsiReversion {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        self.period + 1
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        let Event::Bar { bar, .. } = event else { return };
        self.seen += 1;
        let Some(rsi) = self.rsi.next(signal(bar.close)) else {
            return out.because(warming_up(self.seen, self.period + 1));
        };
        if self.trader.is_working(ctx) {
            return out.because(Reason::new("order_on_the_way").with("rsi", rsi));
        }
        let (stance, code) = self.wanted(self.trader.held(ctx), rsi);
        self.trader.go(ctx, stance, out);
        out.because(Reason::new(code).with("rsi", rsi).with("low", self.low).with("high", self.high));
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.seen);
        self.rsi.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.seen = r.u64()?;
        self.rsi.load(r)
    }
}

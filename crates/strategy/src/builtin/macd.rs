//! MACD: long while the difference of two averages is above its own average, else flat (or short).
//!
//! Idea: momentum of the trend itself. Source: Appel, The Moving Average Convergence-Divergence Trading Method (1979). Fails in
//! sideways markets and late in trends: the signal lags three averages behind the price.

use indicators::{Indicator as _, Macd};
use types::wire::{Reader, WireError, Writer};

use super::Setting;
use super::reading::{QTY, SHORT, bars, bars_of, choice, readable, rising, signal, warming_up, whole};
use super::stance::{Stance, Trader};
use crate::{
    Context, Decisions, Description, Event, Instruments, ParamError, Params, Reason, Strategy, Subscription,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "macd",
    idea: "Long while the MACD line is above its signal, else flat or short.",
    source: "Appel, The Moving Average Convergence-Divergence Trading Method (1979).",
    fails: "Sideways markets, and turns sharper than its averages: every signal costs two fees and slippage.",
    instruments: Instruments::ONE,
    params: &[
        whole("fast", "bars of the fast average", (2, 5_000), 12),
        whole("slow", "bars of the slow average", (3, 10_000), 26),
        whole("signal", "bars of the line's own average", (1, 5_000), 9),
        choice("zero-line", "long only above zero, short only below", &["ignored", "respected"]),
        QTY,
        SHORT,
    ],
};

struct MacdCross {
    subscriptions: [Subscription; 1],
    trader: Trader,
    respects_zero: bool,
    needed: u32,
    macd: Macd,
    seen: u64,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    rising(params, "fast", "slow")?;
    let (fast, slow, of_signal) = (bars(params, "fast"), bars(params, "slow"), bars(params, "signal"));
    Ok(Box::new(MacdCross {
        subscriptions: [bars_of(&settings[0])],
        trader: Trader::new(params, &settings[0])?,
        respects_zero: params.chosen("zero-line") == "respected",
        needed: slow + of_signal - 1,
        macd: Macd::new(fast, slow, of_signal),
        seen: 0,
    }))
}

impl Strategy for MacdCross {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        self.needed
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        let Event::Bar { bar, .. } = event else { return };
        self.seen += 1;
        let Some([line, of_signal, _]) = self.macd.next(signal(bar.close)) else {
            return out.because(warming_up(self.seen, self.needed));
        };
        let above = line > of_signal;
        let stance = match (above, self.respects_zero) {
            (true, true) if line <= 0.0 => Stance::Flat,
            (false, true) if line >= 0.0 => Stance::Flat,
            (true, _) => Stance::Long,
            (false, _) => Stance::Short,
        };
        let sent = self.trader.go(ctx, stance, out);
        let code = match (sent, above) {
            (true, true) => "line_crossed_above",
            (true, false) => "line_crossed_below",
            (false, true) => "line_still_above",
            (false, false) => "line_still_below",
        };
        let scale = self.trader.price_scale;
        out.because(
            Reason::new(code).with("line", readable(line, scale)).with("signal", readable(of_signal, scale)),
        );
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.seen);
        self.macd.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.seen = r.u64()?;
        self.macd.load(r)
    }
}

//! ATR trailing trend: a stop some average true ranges behind the best close; the trend turns when it is touched.
//!
//! Idea: stay with a move until it gives back more than its usual range. Source: Wilder's volatility system (New Concepts, 1978);
//! the chandelier exit of LeBeau. Fails in ranges narrower than the stop's distance times two, where every turn costs, and in
//! gaps, which go through the stop.

use indicators::{Atr, Indicator as _};
use types::wire::{Reader, WireError, Writer};

use super::Setting;
use super::reading::{QTY, SHORT, bars, bars_of, readable, real, signal, warming_up, whole};
use super::stance::{Stance, Trader};
use crate::{
    Context, Decisions, Description, Event, Instruments, ParamError, Params, Reason, Strategy, Subscription,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "atr-trail",
    idea: "Follows a move with a stop some average true ranges behind it; turns when a close touches the stop.",
    source: "Wilder's volatility system (New Concepts, 1978); the chandelier exit of LeBeau.",
    fails: "Ranges narrower than twice the stop's distance, and gaps through the stop.",
    instruments: Instruments::ONE,
    params: &[
        whole("period", "bars of the average true range", (1, 5_000), 14),
        real("distance", "average true ranges from the best close to the stop", (0.1, 50.0), 3.0),
        QTY,
        SHORT,
    ],
};

/// Direction of the move and its stop.
#[derive(Clone, Copy)]
struct Trail {
    up: bool,
    stop: f64,
}

struct AtrTrail {
    subscriptions: [Subscription; 1],
    trader: Trader,
    period: u32,
    distance: f64,
    atr: Atr,
    trail: Option<Trail>,
    seen: u64,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let period = bars(params, "period");
    Ok(Box::new(AtrTrail {
        subscriptions: [bars_of(&settings[0])],
        trader: Trader::new(params, &settings[0])?,
        period,
        distance: params.real("distance"),
        atr: Atr::new(period),
        trail: None,
        seen: 0,
    }))
}

impl Strategy for AtrTrail {
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
        let close = signal(bar.close);
        let Some(atr) = self.atr.next(signal(bar.high), signal(bar.low), close) else {
            return out.because(warming_up(self.seen, self.period + 1));
        };
        let (below, above) = (close - self.distance * atr, close + self.distance * atr);
        let (trail, turned) = match self.trail {
            // The first direction is that of the first bar it is known for.
            None if bar.close >= bar.open => (Trail { up: true, stop: below }, true),
            None => (Trail { up: false, stop: above }, true),
            Some(Trail { up: true, stop }) if close < stop => (Trail { up: false, stop: above }, true),
            Some(Trail { up: false, stop }) if close > stop => (Trail { up: true, stop: below }, true),
            Some(Trail { up: true, stop }) => (Trail { up: true, stop: stop.max(below) }, false),
            Some(Trail { up: false, stop }) => (Trail { up: false, stop: stop.min(above) }, false),
        };
        self.trail = Some(trail);
        self.trader.go(ctx, if trail.up { Stance::Long } else { Stance::Short }, out);
        let code = match (turned, trail.up) {
            (true, true) => "turned_up",
            (true, false) => "turned_down",
            (false, true) => "above_the_stop",
            (false, false) => "below_the_stop",
        };
        let scale = self.trader.price_scale;
        out.because(
            Reason::new(code)
                .with("close", readable(close, scale))
                .with("stop", readable(trail.stop, scale))
                .with("atr", readable(atr, scale)),
        );
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.seen);
        self.atr.save(w);
        w.bool(self.trail.is_some());
        let trail = self.trail.unwrap_or(Trail { up: false, stop: 0.0 });
        w.bool(trail.up);
        w.u64(trail.stop.to_bits());
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.seen = r.u64()?;
        self.atr.load(r)?;
        let known = r.bool()?;
        let trail = Trail { up: r.bool()?, stop: f64::from_bits(r.u64()?) };
        self.trail = known.then_some(trail);
        Ok(())
    }
}

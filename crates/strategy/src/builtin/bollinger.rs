//! Bollinger reversion: buys below the lower band, sells at the middle (or the upper) band.
//!
//! Idea: a close two deviations from its mean is more often followed by a move back. Source: Bollinger, Bollinger on Bollinger
//! Bands (2001). Fails when the deviation is the start of a trend: the bands widen, the mean follows, and the position is held
//! against it until the price meets the middle band.

use indicators::{Bands, Indicator as _};
use types::wire::{Reader, WireError, Writer};

use super::Setting;
use super::reading::{QTY, SHORT, bars, bars_of, choice, readable, real, signal, warming_up, whole};
use super::stance::{Stance, Trader};
use crate::{
    Context, Decisions, Description, Event, Instruments, ParamError, Params, Reason, Strategy, Subscription,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "bollinger",
    idea: "Buys a close below the lower Bollinger band, sells at the middle band; short the other way round.",
    source: "Bollinger, Bollinger on Bollinger Bands (2001).",
    fails: "Breakouts: the bands widen and the mean follows the price away from the position.",
    instruments: Instruments::ONE,
    params: &[
        whole("period", "bars of the mean and the deviation", (2, 5_000), 20),
        real("width", "standard deviations from the mean to a band", (0.1, 10.0), 2.0),
        choice("exit", "which band ends a position", &["middle", "opposite"]),
        QTY,
        SHORT,
    ],
};

struct Bollinger {
    subscriptions: [Subscription; 1],
    trader: Trader,
    period: u32,
    to_opposite: bool,
    bands: Bands,
    seen: u64,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let (period, width) = (bars(params, "period"), params.real("width"));
    Ok(Box::new(Bollinger {
        subscriptions: [bars_of(&settings[0])],
        trader: Trader::new(params, &settings[0])?,
        period,
        to_opposite: params.chosen("exit") == "opposite",
        bands: Bands::new(period, width, width),
        seen: 0,
    }))
}

impl Bollinger {
    fn wanted(&self, held: Stance, close: f64, [upper, middle, lower]: [f64; 3]) -> (Stance, &'static str) {
        let (sell_at, buy_back_at) = if self.to_opposite { (upper, lower) } else { (middle, middle) };
        let fresh = if close < lower {
            (Stance::Long, "below_the_lower_band")
        } else if close > upper {
            (self.trader.allowed(Stance::Short), "above_the_upper_band")
        } else {
            (Stance::Flat, "inside_the_bands")
        };
        match held {
            Stance::Long if close < sell_at => (Stance::Long, "waiting_to_sell"),
            Stance::Short if close > buy_back_at => (Stance::Short, "waiting_to_buy_back"),
            Stance::Long | Stance::Short if fresh.0 == Stance::Flat => (Stance::Flat, "exit_band_reached"),
            Stance::Long | Stance::Short | Stance::Flat => fresh,
        }
    }
}

impl Strategy for Bollinger {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        self.period
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        let Event::Bar { bar, .. } = event else { return };
        self.seen += 1;
        let close = signal(bar.close);
        let Some(bands) = self.bands.next(close) else {
            return out.because(warming_up(self.seen, self.period));
        };
        let scale = self.trader.price_scale;
        let shown = |code| {
            Reason::new(code)
                .with("close", readable(close, scale))
                .with("upper", readable(bands[0], scale))
                .with("middle", readable(bands[1], scale))
                .with("lower", readable(bands[2], scale))
        };
        if self.trader.is_working(ctx) {
            return out.because(shown("order_on_the_way"));
        }
        let (stance, code) = self.wanted(self.trader.held(ctx), close, bands);
        self.trader.go(ctx, stance, out);
        out.because(shown(code));
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.seen);
        self.bands.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.seen = r.u64()?;
        self.bands.load(r)
    }
}

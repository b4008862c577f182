//! Donchian breakout: long after a close above the highest high of the bars before, out below the lowest low of fewer.
//!
//! Idea: a new extreme is followed by more of it often enough to pay for the false ones. Source: Donchian's four-week rule; the
//! Turtles' 20/10 system (Faith, Way of the Turtle, 2007). Fails in ranges: it buys highs and sells lows. An optional filter
//! looks at a longer timeframe, of which only closed bars are seen: long only above its average, short only below.

use indicators::{Donchian, Ema, Indicator as _, Seed, Timeframe};
use types::wire::{Reader, WireError, Writer};
use types::{Bar, Interval};

use super::Setting;
use super::reading::{QTY, SHORT, bars, bars_of, choice, readable, signal, warming_up, whole};
use super::stance::{Stance, Trader};
use crate::{
    Context, Decisions, Description, Event, Instruments, ParamError, Params, Reason, Strategy, Subscription,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "donchian",
    idea: "Long after a close above the highest high of the bars before, out below the lowest low of fewer.",
    source: "Donchian's four-week rule; the Turtles' system (Faith, Way of the Turtle, 2007).",
    fails: "Ranges: it buys highs and sells lows.",
    instruments: Instruments::ONE,
    params: &[
        whole("entry", "bars before whose extreme a close must exceed", (2, 5_000), 20),
        whole("exit", "bars before whose opposite extreme ends a position, at most entry", (1, 5_000), 10),
        choice("trend", "timeframe of the trend filter", &["off", "15m", "1h", "4h", "1d", "1w"]),
        whole("trend-bars", "bars of that timeframe in its average", (2, 1_000), 50),
        QTY,
        SHORT,
    ],
};

/// The average of a longer timeframe.
struct Trend {
    frame: Timeframe,
    average: Ema,
    /// The last closed long bar's close and the average after it.
    now: Option<(f64, f64)>,
}

impl Trend {
    fn update(&mut self, bar: &Bar) {
        for closed in self.frame.update(bar).into_iter().flatten() {
            let close = signal(closed.close);
            self.now = self.average.update(close).map(|average| (close, average));
        }
    }
}

struct Breakout {
    subscriptions: [Subscription; 1],
    trader: Trader,
    entry_bars: u32,
    entry: Donchian,
    exit: Donchian,
    /// The channels of the bars before this one.
    before: Option<([f64; 3], [f64; 3])>,
    trend: Option<Trend>,
    seen: u64,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let (entry, exit) = (bars(params, "entry"), bars(params, "exit"));
    if exit > entry {
        let allowed = format!("at most entry ({entry})");
        return Err(ParamError::Invalid { name: "exit", given: exit.to_string(), allowed });
    }
    let trend = match params.chosen("trend") {
        "off" => None,
        name => {
            let base = settings[0].interval;
            let frame = Interval::parse(name).and_then(|long| Timeframe::new(long, base));
            let frame = frame.ok_or_else(|| ParamError::Invalid {
                name: "trend",
                given: name.to_owned(),
                allowed: format!("off, or a whole number of bars of {}", base.as_str()),
            })?;
            Some(Trend { frame, average: Ema::new(bars(params, "trend-bars"), Seed::Mean), now: None })
        }
    };
    Ok(Box::new(Breakout {
        subscriptions: [bars_of(&settings[0])],
        trader: Trader::new(params, &settings[0])?,
        entry_bars: entry,
        entry: Donchian::new(entry),
        exit: Donchian::new(exit),
        before: None,
        trend,
        seen: 0,
    }))
}

impl Breakout {
    /// What the trend filter lets through.
    fn filtered(&self, stance: Stance) -> Stance {
        let Some(trend) = &self.trend else { return stance };
        match (stance, trend.now) {
            (Stance::Long, Some((close, average))) if close > average => Stance::Long,
            (Stance::Short, Some((close, average))) if close < average => Stance::Short,
            _ => Stance::Flat,
        }
    }

    fn wanted(&self, held: Stance, close: f64, entry: [f64; 3], exit: [f64; 3]) -> (Stance, &'static str) {
        let broken = if close > entry[0] {
            Some((Stance::Long, "broke_above"))
        } else if close < entry[2] {
            Some((Stance::Short, "broke_below"))
        } else {
            None
        };
        match (held, broken) {
            (Stance::Long, _) if close >= exit[2] => (Stance::Long, "long_in_trend"),
            (Stance::Short, _) if close <= exit[0] => (Stance::Short, "short_in_trend"),
            (Stance::Long | Stance::Short, None) => (Stance::Flat, "exit_channel_left"),
            (_, Some((stance, code))) => {
                let let_through = self.trader.allowed(self.filtered(stance));
                (let_through, if let_through == Stance::Flat { "breakout_not_taken" } else { code })
            }
            (Stance::Flat, None) => (Stance::Flat, "inside_the_channel"),
        }
    }
}

impl Strategy for Breakout {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        self.entry_bars + 1
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        let Event::Bar { bar, .. } = event else { return };
        self.seen += 1;
        let (high, low, close) = (signal(bar.high), signal(bar.low), signal(bar.close));
        let channels = self.entry.next(high, low).zip(self.exit.next(high, low));
        let before = std::mem::replace(&mut self.before, channels);
        if let Some(trend) = &mut self.trend {
            trend.update(bar);
        }
        let Some((entry, exit)) = before else {
            return out.because(warming_up(self.seen, self.entry_bars + 1));
        };
        let scale = self.trader.price_scale;
        let shown = |code| {
            Reason::new(code)
                .with("close", readable(close, scale))
                .with("upper", readable(entry[0], scale))
                .with("lower", readable(entry[2], scale))
        };
        if self.trader.is_working(ctx) {
            return out.because(shown("order_on_the_way"));
        }
        let (stance, code) = self.wanted(self.trader.held(ctx), close, entry, exit);
        self.trader.go(ctx, stance, out);
        out.because(shown(code));
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.seen);
        self.entry.save(w);
        self.exit.save(w);
        w.bool(self.before.is_some());
        let (entry, exit) = self.before.unwrap_or_default();
        entry.iter().chain(&exit).for_each(|line| w.u64(line.to_bits()));
        if let Some(trend) = &self.trend {
            trend.frame.save(w);
            trend.average.save(w);
            w.bool(trend.now.is_some());
            let (close, average) = trend.now.unwrap_or_default();
            w.u64(close.to_bits());
            w.u64(average.to_bits());
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.seen = r.u64()?;
        self.entry.load(r)?;
        self.exit.load(r)?;
        let known = r.bool()?;
        let mut channels = ([0.0; 3], [0.0; 3]);
        for line in channels.0.iter_mut().chain(&mut channels.1) {
            *line = f64::from_bits(r.u64()?);
        }
        self.before = known.then_some(channels);
        if let Some(trend) = &mut self.trend {
            trend.frame.load(r)?;
            trend.average.load(r)?;
            let known = r.bool()?;
            let now = (f64::from_bits(r.u64()?), f64::from_bits(r.u64()?));
            trend.now = known.then_some(now);
        }
        Ok(())
    }
}

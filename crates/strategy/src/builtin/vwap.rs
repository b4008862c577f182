//! VWAP: works a large order in parts as large as the market's usual volume of the hour.
//!
//! Idea: trade when others do, and reach the volume-weighted average price. Source: Konishi, Journal of Financial Markets 5 (2002);
//! Madhavan, VWAP Strategies (2002). Fails when the day's volume does not follow the usual curve, and against drift.
//!
//! The curve is the average volume of each hour of the (UTC) day, learnt from the bars heard so far, older days weighing less. An
//! hour that was never heard counts as the average of the others; without any it is TWAP.

use types::wire::{Reader, WireError, Writer};
use types::{Bar, Time};

use super::Setting;
use super::execution::{Execution, LIMIT, MINUTES, QTY, SIDE};
use super::reading::bars_of;
use crate::{
    Context, Decisions, Description, Event, Instruments, ParamError, Params, Strategy, Subscription,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "vwap",
    idea: "Works a large order in parts as large as the market's usual volume of the hour.",
    source: "Konishi, Journal of Financial Markets 5 (2002); Madhavan, VWAP Strategies (2002).",
    fails: "Days that do not follow the usual curve of volume, and drift against the order.",
    instruments: Instruments::ONE,
    params: &[SIDE, QTY, MINUTES, LIMIT],
};

const HOURS: usize = 24;
const HOUR_NS: i64 = 3_600_000_000_000;
/// Weight of the newest day in an hour's average.
const NEWEST: f64 = 0.2;

/// The usual volume of each hour of the day.
#[derive(Clone, Debug, Default, PartialEq)]
struct Curve {
    usual: [f64; HOURS],
    /// The hour that is being added up, by its number since 1970, and its volume so far.
    hour: i64,
    volume: f64,
}

impl Curve {
    fn learn(&mut self, bar: &Bar) {
        let hour = bar.open_time.0.div_euclid(HOUR_NS);
        if hour != self.hour {
            if self.volume > 0.0 {
                let usual = &mut self.usual[Self::place(self.hour)];
                *usual = if *usual > 0.0 { *usual + NEWEST * (self.volume - *usual) } else { self.volume };
            }
            (self.hour, self.volume) = (hour, 0.0);
        }
        self.volume += bar.volume.0 as f64;
    }

    fn place(hour: i64) -> usize {
        usize::try_from(hour.rem_euclid(24)).unwrap_or(0)
    }

    /// The usual volume from `from` to `to`.
    fn between(&self, from: Time, to: Time) -> f64 {
        let known: Vec<f64> = self.usual.iter().copied().filter(|v| *v > 0.0).collect();
        let average = if known.is_empty() { 1.0 } else { known.iter().sum::<f64>() / known.len() as f64 };
        let (mut at, mut sum) = (from.0, 0.0);
        while at < to.0 {
            let hour = at.div_euclid(HOUR_NS);
            let end = ((hour + 1) * HOUR_NS).min(to.0);
            let usual = self.usual[Self::place(hour)];
            let usual = if usual > 0.0 { usual } else { average };
            sum += usual * (end - at) as f64 / HOUR_NS as f64;
            at = end;
        }
        sum
    }
}

struct Vwap {
    subscriptions: [Subscription; 1],
    execution: Execution,
    curve: Curve,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let execution = Execution::new(params, &settings[0])?;
    Ok(Box::new(Vwap { subscriptions: [bars_of(&settings[0])], execution, curve: Curve::default() }))
}

impl Strategy for Vwap {
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
        if self.execution.hear(ctx, event, out) {
            return;
        }
        let Event::Bar { bar, .. } = event else { return };
        self.curve.learn(bar);
        let started = self.execution.started().unwrap_or(ctx.now);
        let end = started.plus_nanos(self.execution.length_ns());
        let due = ctx.now.plus_nanos(bar.interval.seconds() * 1_000_000_000).min(end);
        let share = self.curve.between(started, due) / self.curve.between(started, end);
        let reason = self.execution.work(ctx, share, bar.close, out);
        out.because(reason);
    }

    fn save(&self, w: &mut Writer<'_>) {
        self.execution.save(w);
        self.curve.usual.iter().for_each(|usual| w.u64(usual.to_bits()));
        w.i64(self.curve.hour);
        w.u64(self.curve.volume.to_bits());
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.execution.load(r)?;
        for usual in &mut self.curve.usual {
            *usual = f64::from_bits(r.u64()?);
        }
        self.curve.hour = r.i64()?;
        self.curve.volume = f64::from_bits(r.u64()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Interval, Money, Price};

    #[test]
    fn the_curve_follows_the_hours_that_were_heard() {
        let mut curve = Curve::default();
        for hour in 0..48 {
            let mut bar = Bar::flat(Interval::H1, Time(hour * HOUR_NS), Price(1));
            bar.volume = Money(if hour % 24 == 12 { 300 } else { 100 });
            curve.learn(&bar);
        }
        let at = |hour: i64| Time((240 + hour) * HOUR_NS);
        assert!((curve.between(at(12), at(13)) - 300.0).abs() < 1e-9);
        assert!((curve.between(at(11), at(13)) - 400.0).abs() < 1e-9);
        assert!((curve.between(at(11), Time(at(11).0 + HOUR_NS / 2)) - 50.0).abs() < 1e-9);
    }
}

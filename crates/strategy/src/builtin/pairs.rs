//! Pairs: the ratio of two prices, sold when it is unusually high and bought when it is unusually low.
//!
//! Idea: two prices that follow the same thing come back together. Source: Gatev, Goetzmann & Rouwenhorst, Review of Financial
//! Studies 19 (2006). Fails when they part for good; `stop` ends that, and funding or fees on two legs can exceed the spread.
//!
//! z is the distance of ln(a/b) from its mean in standard deviations over a window. Both legs have the same value when they are
//! opened. Both instruments must be perpetuals, since one leg is always short. A decision needs closed bars of the same time from
//! both; a leg that stays missing for three bars ends both.

use indicators::{Indicator as _, Sma, Variance};
use types::wire::{Reader, WireError, Writer};
use types::{Bar, InstrumentKind, Market, Side, SignedQty, Time};

use super::Setting;
use super::reading::{QTY, bars, bars_of, lots, real, rising, signal, units, warming_up, whole};
use crate::{
    Context, Decisions, Description, Event, Instruments, ParamError, Params, Reason, Strategy, Subscription,
    Tag,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "pairs",
    idea: "Sells the ratio of two prices when it is unusually high, buys it when it is unusually low.",
    source: "Gatev, Goetzmann & Rouwenhorst, Review of Financial Studies 19 (2006).",
    fails: "Prices that part for good, and costs on two legs above the spread.",
    instruments: Instruments {
        min: 2,
        max: 2,
        doc: "the one whose quantity is given, and the one against it",
    },
    params: &[
        whole("window", "bars of the mean and the deviation of the log ratio", (10, 10_000), 200),
        real("exit", "leaves when the ratio is this many deviations from its mean", (0.0, 10.0), 0.5),
        real("entry", "enters at this many deviations", (0.1, 20.0), 2.0),
        real(
            "stop",
            "gives up at this many deviations, until the ratio is back inside exit",
            (0.2, 100.0),
            4.0,
        ),
        QTY,
    ],
};

/// Bars that a leg may be missing before both are ended.
const LAME_BARS_MAX: u32 = 3;

/// One instrument.
struct Leg {
    market: Market,
    /// The last closed bar.
    last: Option<(Time, f64)>,
}

struct Pairs {
    subscriptions: [Subscription; 2],
    legs: [Leg; 2],
    window: u32,
    entry: f64,
    exit: f64,
    stop: f64,
    qty: i64,
    mean: Sma,
    variance: Variance,
    seen: u64,
    /// What both legs are to be.
    goals: [i64; 2],
    stopped: bool,
    lame_bars: u32,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    rising(params, "exit", "entry")?;
    rising(params, "entry", "stop")?;
    let [a, b] = settings else { return Err(ParamError::Setting { why: "pairs trades two".to_owned() }) };
    if let Some(spot) = settings.iter().find(|s| s.instrument.kind == InstrumentKind::Spot) {
        let why = format!("{} is a spot market; one leg of a pair is always short", spot.instrument.id);
        return Err(ParamError::Setting { why });
    }
    if a.interval != b.interval {
        return Err(ParamError::Setting { why: "both instruments need bars of the same length".to_owned() });
    }
    let window = bars(params, "window");
    let leg = |setting: &Setting<'_>| Leg { market: setting.instrument.market.clone(), last: None };
    Ok(Box::new(Pairs {
        subscriptions: [bars_of(a), bars_of(b)],
        legs: [leg(a), leg(b)],
        window,
        entry: params.real("entry"),
        exit: params.real("exit"),
        stop: params.real("stop"),
        qty: lots(params, "qty", &a.instrument.market)?,
        mean: Sma::new(window),
        variance: Variance::new(window),
        seen: 0,
        goals: [0; 2],
        stopped: false,
        lame_bars: 0,
    }))
}

impl Pairs {
    /// Both have closed a bar of the same time: z, or what is missing.
    fn score(&mut self) -> Result<f64, Reason> {
        let [a, b] = self.legs.each_ref().map(|leg| leg.last);
        let (Some((at, a)), Some((other, b))) = (a, b) else { return Err(Reason::new("waiting_for_both")) };
        if at != other {
            return Err(Reason::new("waiting_for_both"));
        }
        let ratio = (a / b).ln();
        self.seen += 1;
        let stats = self.mean.next(ratio).zip(self.variance.next(ratio));
        let (mean, variance) = stats.ok_or_else(|| warming_up(self.seen, self.window))?;
        let deviation = variance.max(0.0).sqrt();
        if deviation <= 0.0 {
            return Err(Reason::new("ratio_does_not_move"));
        }
        Ok((ratio - mean) / deviation)
    }

    fn decide(&mut self, ctx: &Context<'_>, out: &mut Decisions) -> Reason {
        let z = match self.score() {
            Ok(z) => z,
            Err(reason) => return reason,
        };
        let shown = |code| Reason::new(code).with("z", z);
        let fresh = |leg: &Leg| ctx.market(leg.market.id).is_some_and(|view| view.is_fresh());
        if !self.legs.iter().all(fresh) {
            return shown("market_is_stale");
        }
        let working = |leg: &Leg, side| ctx.working(leg.market.id, side).0 != 0;
        if self.legs.iter().any(|leg| working(leg, Side::Buy) || working(leg, Side::Sell)) {
            return shown("order_on_the_way");
        }
        let code = self.turn(z);
        if self.is_lame(ctx) {
            self.lame_bars += 1;
            if self.lame_bars > LAME_BARS_MAX {
                // One leg does not come: no position is better than half of one.
                (self.goals, self.stopped, self.lame_bars) = ([0; 2], true, 0);
            }
        } else {
            self.lame_bars = 0;
        }
        for (at, leg) in self.legs.iter().enumerate() {
            out.target(ctx, leg.market.id, SignedQty(self.goals[at]), Tag(u32::from(at == 1)));
        }
        shown(code).with("leg_a", self.goals[0] as f64).with("leg_b", self.goals[1] as f64)
    }

    /// What z means for the goals.
    fn turn(&mut self, z: f64) -> &'static str {
        let side = self.goals[0].signum();
        if self.stopped {
            self.goals = [0; 2];
            self.stopped = z.abs() > self.exit;
            return if self.stopped { "stopped_out" } else { "back_after_stop" };
        }
        match side {
            0 if z.abs() >= self.stop => "too_far_to_enter",
            0 if z.abs() >= self.entry => {
                self.goals = self.sized(if z > 0.0 { -1 } else { 1 });
                if z > 0.0 { "ratio_is_high" } else { "ratio_is_low" }
            }
            0 => "ratio_is_usual",
            // Short the ratio while it is high, long while it is low.
            _ if z * side as f64 <= -self.stop => {
                (self.goals, self.stopped) = ([0; 2], true);
                "stop_reached"
            }
            _ if z * side as f64 >= -self.exit => {
                self.goals = [0; 2];
                "ratio_is_back"
            }
            _ => "waiting_for_the_ratio",
        }
    }

    /// Both legs of the same value, the second in its own lots.
    fn sized(&self, side: i64) -> [i64; 2] {
        let [a, b] = &self.legs;
        let (Some((_, price_a)), Some((_, price_b))) = (a.last, b.last) else { return [0; 2] };
        let scale =
            |leg: &Leg| 10_f64.powi(i32::from(leg.market.base.scale) + i32::from(leg.market.price_scale));
        let qty = units(self.qty as f64 * (price_a / price_b) * (scale(b) / scale(a))).unwrap_or(0);
        let qty = qty - qty.rem_euclid(b.market.rules.lot.step.0.max(1));
        if qty < b.market.rules.lot.min.0 { [0; 2] } else { [side * self.qty, -side * qty] }
    }

    /// Whether the position is not what was decided at an earlier bar.
    fn is_lame(&self, ctx: &Context<'_>) -> bool {
        let missing = |at: usize| self.goals[at] - ctx.position(self.legs[at].market.id).0;
        let off = |at: usize| missing(at).abs() >= self.legs[at].market.rules.lot.min.0.max(1);
        off(0) || off(1)
    }

    fn heard(&mut self, market: types::MarketId, bar: &Bar) {
        if let Some(leg) = self.legs.iter_mut().find(|leg| leg.market.id == market) {
            leg.last = Some((bar.open_time, signal(bar.close)));
        }
    }
}

impl Strategy for Pairs {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        self.window
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        let Event::Bar { market, bar } = event else { return };
        self.heard(*market, bar);
        let reason = self.decide(ctx, out);
        out.because(reason);
    }

    fn save(&self, w: &mut Writer<'_>) {
        for leg in &self.legs {
            w.bool(leg.last.is_some());
            let (at, close) = leg.last.unwrap_or_default();
            w.i64(at.0);
            w.u64(close.to_bits());
        }
        self.mean.save(w);
        self.variance.save(w);
        w.u64(self.seen);
        self.goals.iter().for_each(|goal| w.i64(*goal));
        w.bool(self.stopped);
        w.u32(self.lame_bars);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        for leg in &mut self.legs {
            let known = r.bool()?;
            let last = (Time(r.i64()?), f64::from_bits(r.u64()?));
            leg.last = known.then_some(last);
        }
        self.mean.load(r)?;
        self.variance.load(r)?;
        self.seen = r.u64()?;
        for goal in &mut self.goals {
            *goal = r.i64()?;
        }
        self.stopped = r.bool()?;
        self.lame_bars = r.u32()?;
        Ok(())
    }
}

//! Rules: any of TA-Lib's functions by name, as conditions for entering and leaving.
//!
//! Idea: what the other strategies do with built-in indicators, said in the user's own words, like
//! `enter=EMA(20) crosses above EMA(100) and ADX(14) > 25`. The grammar: [`condition`]. Source: the rule-based systems of technical
//! analysis (Kaufman, Trading Systems and Methods, 2013). Fails as what is written fails, and soonest what was found by trying many:
//! each text that is tried is a trial like any other. A bracket ([`guard`]) can stand around each position. Limit: functions that keep all their past take 1,048,576 bars, after which the
//! strategy is flat and says so.

mod condition;
mod guard;
mod series;

use types::wire::{Reader, WireError, Writer};
use types::{Bar, InstrumentKind};

use self::condition::{Comparison, Condition};
use self::guard::{Guard, STOP, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP};
use self::series::Series;
use super::Setting;
use super::reading::{QTY, bars_of, real, warming_up};
use super::stance::{Stance, Trader};
use crate::{
    Context, Decisions, Description, Ended, Event, Instruments, Kind, Param, ParamError, Params, Reason,
    Strategy, Subscription,
};

/// What a condition looks like.
const FORM: &str =
    "comparisons with and, or, not: RSI(14) < 30, MACD.macd crosses above MACD.macd-signal, never";
/// Numbers that conditions may name.
const NUMBERS: [&str; 3] = ["x", "y", "z"];
const RANGE: (f64, f64) = (-1e9, 1e9);

const fn rule(name: &'static str, doc: &'static str, default: &'static str) -> Param {
    Param { name, doc, kind: Kind::Text { default, form: FORM } }
}

pub(super) const DESCRIPTION: Description = Description {
    name: "rules",
    idea: "Enters and leaves by conditions on any of TA-Lib's indicators, written as text.",
    source: "Rule-based technical analysis (Kaufman, Trading Systems and Methods, 2013).",
    fails: "As the rules fail, and soonest those that were found by trying many.",
    instruments: Instruments::ONE,
    params: &[
        rule("enter", "buys when this is so", "RSI(14) < 30"),
        rule("leave", "sells what it bought when this is so", "RSI(14) > 70"),
        rule("enter-short", "sells short when this is so (perpetuals only)", "never"),
        rule("leave-short", "buys back when this is so", "never"),
        real("x", "number that rules write as $x, for sweeps", RANGE, 0.0),
        real("y", "number that rules write as $y", RANGE, 0.0),
        real("z", "number that rules write as $z", RANGE, 0.0),
        STOP_LOSS,
        TRAILING_STOP,
        TAKE_PROFIT,
        QTY,
    ],
};

struct Rules {
    subscriptions: [Subscription; 1],
    trader: Trader,
    enter: Condition,
    leave: Condition,
    enter_short: Condition,
    leave_short: Condition,
    guard: Option<Guard>,
    series: Series,
    warm_up: u32,
    seen: u64,
    /// The position is to be left as soon as its stop is out of the way.
    leaving: bool,
    /// The bracket ended a position: the next one waits until entering was not wanted in between.
    spent: bool,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let market = &settings[0].instrument.market;
    let mut series = Series::new(market.price_scale, market.base.scale);
    let mut read = |name: &'static str| {
        let given = params.text(name);
        let text = NUMBERS.iter().fold(given.to_owned(), |text, number| {
            text.replace(&format!("${number}"), &params.real(number).to_string())
        });
        Condition::parse(&text, &mut series).map_err(|allowed| ParamError::Invalid {
            name,
            given: given.to_owned(),
            allowed,
        })
    };
    let (enter, leave) = (read("enter")?, read("leave")?);
    let (enter_short, leave_short) = (read("enter-short")?, read("leave-short")?);
    let short = enter_short != Condition::Never;
    if short && settings[0].instrument.kind == InstrumentKind::Spot {
        let allowed =
            format!("never: {} is a spot market, which cannot be sold short", settings[0].instrument.id);
        let given = params.text("enter-short").to_owned();
        return Err(ParamError::Invalid { name: "enter-short", given, allowed });
    }
    let looks_back = [&enter, &leave, &enter_short, &leave_short].iter().any(|rule| rule.looks_back());
    let warm_up = series.lookback() + 1 + usize::from(looks_back);
    Ok(Box::new(Rules {
        subscriptions: [bars_of(&settings[0])],
        trader: Trader::with_short(params, &settings[0], short)?,
        enter,
        leave,
        enter_short,
        leave_short,
        guard: Guard::new(params, market.id)?,
        series,
        warm_up: u32::try_from(warm_up).unwrap_or(u32::MAX),
        seen: 0,
        leaving: false,
        spent: false,
    }))
}

/// Where to be, why, and the comparison that decided.
type Wanted = (Stance, &'static str, Option<Comparison>);

impl Rules {
    fn wanted(&self, held: Stance) -> Wanted {
        let judge = |rule: &Condition| rule.judge(&self.series);
        let (leave, leave_short) = (judge(&self.leave), judge(&self.leave_short));
        match held {
            Stance::Long if !leave.0 => (Stance::Long, "waiting_to_leave", leave.1),
            Stance::Short if !leave_short.0 => (Stance::Short, "waiting_to_leave", leave_short.1),
            _ => {
                let (enter, enter_short) = (judge(&self.enter), judge(&self.enter_short));
                // What would be left at once is not entered.
                let (long, short) = (enter.0 && !leave.0, enter_short.0 && !leave_short.0);
                match (long, short, held) {
                    (true, true, _) => (Stance::Flat, "both_sides_at_once", enter.1),
                    (true, false, _) => (Stance::Long, "entered", enter.1),
                    (false, true, _) => (Stance::Short, "entered_short", enter_short.1),
                    (false, false, Stance::Long) => (Stance::Flat, "left", leave.1),
                    (false, false, Stance::Short) => (Stance::Flat, "left_short", leave_short.1),
                    (false, false, Stance::Flat) if enter.0 || enter_short.0 => (
                        Stance::Flat,
                        "enter_and_leave_at_once",
                        if enter.0 { leave.1 } else { leave_short.1 },
                    ),
                    (false, false, Stance::Flat) => {
                        (Stance::Flat, "waiting_to_enter", enter.1.or(enter_short.1))
                    }
                }
            }
        }
    }

    /// The same with a bracket around the position.
    fn guarded(
        &mut self,
        ctx: &Context<'_>,
        bar: &Bar,
        guard: &Guard,
        held: Stance,
        (stance, code, by): Wanted,
        out: &mut Decisions,
    ) {
        if ctx.orders.iter().any(|order| order.tag != STOP) {
            return out.because(self.shown("order_on_the_way", by));
        }
        if held == Stance::Flat {
            self.spent &= stance != Stance::Flat;
            if ctx.order(STOP).is_some() {
                out.cancel(STOP);
                return out.because(Reason::new("taking_back_the_stop"));
            }
            if self.spent {
                return out.because(self.shown("waiting_for_a_new_signal", by));
            }
            self.trader.go(ctx, stance, out);
            return out.because(self.shown(code, by));
        }
        let ended = guard.ends(ctx, bar);
        if ended.is_none() && stance == held {
            let code = if guard.keep(ctx, out) { "setting_the_stop" } else { code };
            return out.because(self.shown(code, by));
        }
        self.spent |= ended.is_some();
        if ctx.order(STOP).is_some() {
            out.cancel(STOP);
            self.leaving = true;
        } else {
            self.trader.go(ctx, Stance::Flat, out);
        }
        let turned = if held == Stance::Long { "left" } else { "left_short" };
        out.because(self.shown(ended.unwrap_or(turned), by));
    }

    /// The stop is no more: it has ended the position, or it has made room for leaving.
    fn stop_ended(&mut self, ctx: &Context<'_>, how: Ended, out: &mut Decisions) {
        let leaves = std::mem::take(&mut self.leaving);
        if how == Ended::Filled {
            self.spent = true;
            return out.because(Reason::new("stopped_out"));
        }
        if leaves {
            self.trader.go(ctx, Stance::Flat, out);
            return out.because(Reason::new("left_after_its_stop"));
        }
        out.because(Reason::new("stop_is_gone"));
    }

    /// A reason with the two sides of what decided.
    fn shown(&self, code: &'static str, by: Option<Comparison>) -> Reason {
        let Some(by) = by else { return Reason::new(code) };
        let (mut left, mut right) = (self.series.label(by.left), self.series.label(by.right));
        if left == right {
            (left, right) = ("left", "right");
        }
        Reason::new(code).with(left, self.series.now(by.left)).with(right, self.series.now(by.right))
    }
}

impl Strategy for Rules {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        self.warm_up
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        if let Event::Ended { order: STOP, how } = event {
            return self.stop_ended(ctx, *how, out);
        }
        let Event::Bar { bar, .. } = event else { return };
        self.seen += 1;
        if self.series.update(bar).is_err() {
            self.trader.go(ctx, Stance::Flat, out);
            return out.because(Reason::new("indicator_full").with("bars", self.seen as f64));
        }
        if self.seen < u64::from(self.warm_up) {
            return out.because(warming_up(self.seen, self.warm_up));
        }
        let held = self.trader.held(ctx);
        let (stance, code, by) = self.wanted(held);
        if let Some(guard) = self.guard {
            return self.guarded(ctx, bar, &guard, held, (stance, code, by), out);
        }
        if self.trader.is_working(ctx) {
            return out.because(self.shown("order_on_the_way", by));
        }
        self.trader.go(ctx, stance, out);
        out.because(self.shown(code, by));
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.seen);
        w.bool(self.leaving);
        w.bool(self.spent);
        self.series.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.seen = r.u64()?;
        (self.leaving, self.spent) = (r.bool()?, r.bool()?);
        self.series.load(r)
    }
}

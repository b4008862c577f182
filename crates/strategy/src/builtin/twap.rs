//! TWAP: works a large order in equal parts over a time.
//!
//! Idea: the average price of the time instead of the price of a moment, with less impact. Source: Bertsimas & Lo, Journal of
//! Financial Markets 1 (1998): equal parts are best when impact is linear and prices have no drift. Fails against drift (the rest
//! gets dearer) and is easy to see for others.

use types::wire::{Reader, WireError, Writer};

use super::Setting;
use super::execution::{Execution, LIMIT, MINUTES, QTY, SIDE};
use super::reading::bars_of;
use crate::{
    Context, Decisions, Description, Event, Instruments, ParamError, Params, Strategy, Subscription,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "twap",
    idea: "Works a large order in equal parts over a time.",
    source: "Bertsimas & Lo, Journal of Financial Markets 1 (1998).",
    fails: "Drift against the order, and others who see the pattern.",
    instruments: Instruments::ONE,
    params: &[SIDE, QTY, MINUTES, LIMIT],
};

struct Twap {
    subscriptions: [Subscription; 1],
    execution: Execution,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let execution = Execution::new(params, &settings[0])?;
    Ok(Box::new(Twap { subscriptions: [bars_of(&settings[0])], execution }))
}

impl Strategy for Twap {
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
        let length = self.execution.length_ns() as f64;
        let bar_ns = bar.interval.seconds() as f64 * 1e9;
        // The part of this bar is due at its start: the first at once, the last one bar before the end.
        let gone = self.execution.started().map_or(0.0, |started| ctx.now.since(started) as f64);
        let reason = self.execution.work(ctx, (gone + bar_ns) / length, bar.close, out);
        out.because(reason);
    }

    fn save(&self, w: &mut Writer<'_>) {
        self.execution.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.execution.load(r)
    }
}

//! Forecast-driven: long when a forecast expects more than costs, short when it expects as much the other way.
//!
//! Idea: let a model of the series say where it goes, and trade only what exceeds costs and its own uncertainty. Source: Box & Jenkins,
//! Time Series Analysis (1970), for ARIMA. Fails when the forecast is no better than the naive one, which for prices is the rule:
//! compare with `model=naive`, which never trades, and with `model=drift`.

use types::wire::{Reader, WireError, Writer};

use super::Setting;
use super::reading::{QTY, SHORT, bars, bars_of, choice, real, warming_up, whole};
use super::stance::{Stance, Trader};
use crate::forecaster::{Arima, Forecaster, RandomWalk};
use crate::{
    Context, Decisions, Description, Event, Instruments, ParamError, Params, Reason, Strategy, Subscription,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "forecast",
    idea: "Long when a forecast of the price expects more than costs, short when as much the other way.",
    source: "Box & Jenkins, Time Series Analysis (1970).",
    fails: "Forecasts no better than the naive one, which for prices is the rule.",
    instruments: Instruments::ONE,
    params: &[
        choice(
            "model",
            "what forecasts: arima, drift (the mean change goes on) or naive (no change)",
            &["arima", "drift", "naive"],
        ),
        whole("window", "closes the forecast is made from", (20, 5_000), 300),
        whole("ar", "autoregressive order of arima", (0, 5), 2),
        whole("ma", "moving-average order of arima", (0, 5), 1),
        whole("refit", "bars from one estimation of arima to the next", (1, 100_000), 100),
        whole("horizon", "bars that the forecast looks ahead", (1, 500), 5),
        real("cost-bps", "expected change worth a trade, basis points", (0.0, 10_000.0), 20.0),
        real("certainty", "expected change in its own standard deviations worth a trade", (0.0, 10.0), 0.1),
        QTY,
        SHORT,
    ],
};

struct ForecastDriven {
    subscriptions: [Subscription; 1],
    trader: Trader,
    forecaster: Box<dyn Forecaster>,
    horizon: u32,
    cost: f64,
    certainty: f64,
    seen: u64,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let window = bars(params, "window");
    let order = |name| usize::try_from(params.whole(name)).unwrap_or(0);
    let forecaster: Box<dyn Forecaster> = match params.chosen("model") {
        "naive" => Box::new(RandomWalk::naive(window)),
        "drift" => Box::new(RandomWalk::with_drift(window)),
        _ => Box::new(Arima::new(order("ar"), order("ma"), window, bars(params, "refit"))),
    };
    with(params, settings, forecaster)
}

/// The same strategy with any forecaster; `model`, `window` and the orders are its own affair then.
///
/// # Errors
/// What is wrong with a parameter.
pub(super) fn with(
    params: &Params,
    settings: &[Setting<'_>],
    forecaster: Box<dyn Forecaster>,
) -> Result<Box<dyn Strategy>, ParamError> {
    Ok(Box::new(ForecastDriven {
        subscriptions: [bars_of(&settings[0])],
        trader: Trader::new(params, &settings[0])?,
        forecaster,
        horizon: bars(params, "horizon"),
        cost: params.real("cost-bps") / 10_000.0,
        certainty: params.real("certainty"),
        seen: 0,
    }))
}

impl Strategy for ForecastDriven {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        self.forecaster.warm_up()
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        let Event::Bar { bar, .. } = event else { return };
        self.seen += 1;
        self.forecaster.hear(bar);
        let Some(outlook) = self.forecaster.outlook(self.horizon) else {
            let needed = self.forecaster.warm_up();
            return out.because(if self.seen < u64::from(needed) {
                warming_up(self.seen, needed)
            } else {
                Reason::new("no_forecast")
            });
        };
        let shown = |code| {
            Reason::new(code)
                .with("expected_bps", outlook.mean * 10_000.0)
                .with("deviation_bps", outlook.deviation * 10_000.0)
                .with("cost_bps", self.cost * 10_000.0)
        };
        if self.trader.is_working(ctx) {
            return out.because(shown("order_on_the_way"));
        }
        let held = self.trader.held(ctx);
        let strong =
            outlook.mean.abs() > self.cost && outlook.mean.abs() >= self.certainty * outlook.deviation;
        let towards = if outlook.mean > 0.0 { Stance::Long } else { Stance::Short };
        let (stance, code) = match (strong, held) {
            (true, _) => (towards, if outlook.mean > 0.0 { "expects_a_rise" } else { "expects_a_fall" }),
            // Leaving costs as much as staying out saves: a position is kept while the forecast does not turn against it.
            (false, held) if held == towards => (held, "forecast_still_agrees"),
            (false, Stance::Flat) => (Stance::Flat, "not_worth_the_costs"),
            (false, _) => (Stance::Flat, "forecast_turned"),
        };
        self.trader.go(ctx, stance, out);
        out.because(shown(code));
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.seen);
        self.forecaster.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.seen = r.u64()?;
        self.forecaster.load(r)
    }
}

//! Strategies as signals on columns, one file each; each gives the same decisions as its namesake in `strategy::builtin`.

mod bollinger;
mod donchian;
mod ema_cross;
mod macd;
mod rsi_reversion;

use strategy::Params;
use types::Instrument;

use super::cache::Column;
use super::kernel::{self, End, Watch};
use super::{Cache, Columns, Desk, NeedsEvents, Signal, Size};
use crate::sweep::Window;

/// A strategy with its parameters, ready for columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    kind: Kind,
    size: Size,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    EmaCross(ema_cross::EmaCross),
    Macd(macd::Cross),
    Donchian(donchian::Breakout),
    RsiReversion(rsi_reversion::Reversion),
    Bollinger(bollinger::Reversion),
}

/// Names of the strategies that have a rule.
pub const NAMES: &[&str] = &["ema-cross", "macd", "donchian", "rsi-reversion", "bollinger"];

impl Rule {
    /// The rule of `strategy` with checked `params`; `None` if it has none.
    #[must_use]
    pub fn of(strategy: &str, params: &Params, instrument: &Instrument) -> Option<Self> {
        let kind = match strategy {
            "ema-cross" => Kind::EmaCross(ema_cross::EmaCross::of(params)),
            "macd" => Kind::Macd(macd::Cross::of(params)),
            "donchian" => Kind::Donchian(donchian::Breakout::of(params)?),
            "rsi-reversion" => Kind::RsiReversion(rsi_reversion::Reversion::of(params)),
            "bollinger" => Kind::Bollinger(bollinger::Reversion::of(params)),
            _ => return None,
        };
        let qty = params.amount("qty", instrument.market.base.scale).ok()?;
        Some(Self { kind, size: Size { qty, short: params.chosen("short") == "yes" } })
    }

    /// Runs it over the bars of `window`.
    ///
    /// # Errors
    /// What needs the event path.
    pub fn run(
        &self,
        bars: &Columns,
        cache: &Cache,
        window: Window,
        desk: &Desk<'_>,
        watch: &mut impl Watch,
    ) -> Result<End, NeedsEvents> {
        match &self.kind {
            Kind::EmaCross(rule) => self.with(&rule.signal(bars, cache), bars, window, desk, watch),
            Kind::Macd(rule) => self.with(&rule.signal(bars, cache), bars, window, desk, watch),
            Kind::Donchian(rule) => self.with(&rule.signal(bars, cache), bars, window, desk, watch),
            Kind::RsiReversion(rule) => self.with(&rule.signal(bars, cache), bars, window, desk, watch),
            Kind::Bollinger(rule) => self.with(&rule.signal(bars, cache), bars, window, desk, watch),
        }
    }

    fn with(
        &self,
        signal: &impl Signal,
        bars: &Columns,
        window: Window,
        desk: &Desk<'_>,
        watch: &mut impl Watch,
    ) -> Result<End, NeedsEvents> {
        kernel::run(bars, window, desk, self.size, signal, watch)
    }
}

/// A column of `update`'s values, fed with the closes; NaN where there is none.
fn from_closes(bars: &Columns, mut update: impl FnMut(f64) -> Option<f64>) -> Column {
    // A signal, not money: the price's integer is exact in a float up to 2^53.
    bars.close().iter().map(|c| update(*c as f64).unwrap_or(f64::NAN)).collect()
}

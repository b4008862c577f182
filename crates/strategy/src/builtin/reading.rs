//! Parameters that several strategies read in the same way.

use types::decimal;
use types::{InstrumentKind, Market, Price};

use super::Setting;
use crate::{Feed, Kind, Param, ParamError, Params, Reason, Subscription};

/// The position's size.
pub(super) const QTY: Param =
    Param { name: "qty", doc: "position size, base units", kind: Kind::Amount { default: "1" } };
/// Whether the strategy goes short where it would be flat.
pub(super) const SHORT: Param = Param {
    name: "short",
    doc: "go short instead of flat (perpetuals only)",
    kind: Kind::Choice { of: &["no", "yes"] },
};

/// A whole parameter as a number of bars.
pub(super) fn bars(params: &Params, name: &str) -> u32 {
    u32::try_from(params.whole(name)).unwrap_or(u32::MAX)
}

/// `low` < `high`, or the error that says so.
pub(super) fn rising(params: &Params, low: &'static str, high: &'static str) -> Result<(), ParamError> {
    let (a, b) = (number(params, low), number(params, high));
    if a < b {
        return Ok(());
    }
    Err(ParamError::Invalid { name: low, given: a.to_string(), allowed: format!("below {high} ({b})") })
}

fn number(params: &Params, name: &str) -> f64 {
    // One of the two is 0: a parameter is whole or real.
    params.whole(name) as f64 + params.real(name)
}

/// An amount that can be a quantity of the market: whole lots, at least the smallest.
pub(super) fn lots(params: &Params, name: &'static str, market: &Market) -> Result<i64, ParamError> {
    let qty = params.amount(name, market.base.scale)?;
    let (step, least) = (market.rules.lot.step.0.max(1), market.rules.lot.min.0.max(1));
    if qty < least || qty % step != 0 {
        let text = |units: i64| decimal::format_short(i128::from(units), market.base.scale);
        let allowed = format!("at least {} in steps of {}", text(least), text(step));
        return Err(ParamError::Invalid { name, given: text(qty), allowed });
    }
    Ok(qty)
}

/// A price on the market's tick and within its range; `None` when it is given as 0.
pub(super) fn price(
    params: &Params,
    name: &'static str,
    market: &Market,
) -> Result<Option<Price>, ParamError> {
    let price = Price(params.amount(name, market.price_scale)?);
    if price.0 == 0 {
        return Ok(None);
    }
    let rules = &market.rules;
    let text = |price: Price| decimal::format_short(i128::from(price.0), market.price_scale);
    if price < rules.price_min || (rules.price_max.0 > 0 && price > rules.price_max) {
        let allowed = format!("from {} to {}", text(rules.price_min), text(rules.price_max));
        return Err(ParamError::Invalid { name, given: text(price), allowed });
    }
    if !rules.tick.allows(price) {
        let allowed = format!("in steps of {}", text(rules.tick.at(price)));
        return Err(ParamError::Invalid { name, given: text(price), allowed });
    }
    Ok(Some(price))
}

/// Whether a position may go below zero: asked for, and possible there.
pub(super) fn short(params: &Params, setting: &Setting<'_>) -> Result<bool, ParamError> {
    let wanted = params.chosen("short") == "yes";
    if wanted && setting.instrument.kind == InstrumentKind::Spot {
        let allowed = format!("{} is a spot market, which cannot be sold short", setting.instrument.id);
        return Err(ParamError::Invalid { name: "short", given: "yes".to_owned(), allowed });
    }
    Ok(wanted)
}

/// A price's integer as people read it; for reasons only.
pub(super) fn readable(units: f64, scale: u8) -> f64 {
    // A reason is made for every bar, and a power costs a call.
    const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    units / POWERS.get(usize::from(scale)).copied().unwrap_or_else(|| 10_f64.powi(i32::from(scale)))
}

/// A signal rounded down to the integer units of a price or quantity; `None` when it is not a number that fits.
pub(super) fn units(value: f64) -> Option<i64> {
    /// 2^62: far beyond any price, and exact in a float.
    const MOST: f64 = 4_611_686_018_427_387_904.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, the fraction is to be cut")]
    (value.abs() < MOST).then(|| value.floor() as i64)
}

/// A price as a signal: its integer is exact in a float up to 2^53.
pub(super) fn signal(price: Price) -> f64 {
    price.0 as f64
}

/// The first subscription of a strategy that decides on the bars of one market.
pub(super) const fn bars_of(setting: &Setting<'_>) -> Subscription {
    Subscription { market: setting.instrument.market.id, feed: Feed::Bars(setting.interval) }
}

/// The decision of a strategy that does not know enough yet.
pub(super) fn warming_up(seen: u64, needed: u32) -> Reason {
    Reason::new("warming_up").with("bars", seen as f64).with("needed", f64::from(needed))
}

/// A whole parameter with its range.
pub(super) const fn whole(
    name: &'static str,
    doc: &'static str,
    (min, max): (i64, i64),
    default: i64,
) -> Param {
    Param { name, doc, kind: Kind::Whole { min, max, default } }
}

/// A real parameter with its range.
pub(super) const fn real(
    name: &'static str,
    doc: &'static str,
    (min, max): (f64, f64),
    default: f64,
) -> Param {
    Param { name, doc, kind: Kind::Real { min, max, default } }
}

/// An amount.
pub(super) const fn amount(name: &'static str, doc: &'static str, default: &'static str) -> Param {
    Param { name, doc, kind: Kind::Amount { default } }
}

/// One of a list; the first is the default.
pub(super) const fn choice(name: &'static str, doc: &'static str, of: &'static [&'static str]) -> Param {
    Param { name, doc, kind: Kind::Choice { of } }
}

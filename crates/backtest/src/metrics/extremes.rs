//! Best and worst day, month and trade. Source: definition; days and months of UTC.

use super::basis::PeriodReturn;
use super::calendar::{Date, MONTHS};
use super::{Basis, Measured, Metric, Unit};

const fn metric(
    name: &'static str,
    label: &'static str,
    doc: &'static str,
    compute: fn(&Basis<'_>) -> Measured,
) -> Metric {
    Metric { name, label, unit: Unit::Share, doc, signed: true, compute }
}

/// Best day.
pub const BEST_DAY: Metric =
    metric("best_day", "Best day", "The best day of UTC.", |b| day(highest(&b.days)));
/// Worst day.
pub const WORST_DAY: Metric =
    metric("worst_day", "Worst day", "The worst day of UTC.", |b| day(lowest(&b.days)));
/// Best month.
pub const BEST_MONTH: Metric =
    metric("best_month", "Best month", "The best month of UTC, parts of months included.", |b| {
        month(highest(&b.months))
    });
/// Worst month.
pub const WORST_MONTH: Metric =
    metric("worst_month", "Worst month", "The worst month of UTC, parts of months included.", |b| {
        month(lowest(&b.months))
    });
/// Best trade.
pub const BEST_TRADE: Metric =
    metric("best_trade", "Best trade", "The best closed trade, of what was put in.", |b| {
        trade(b, |a, c| a > c)
    });
/// Worst trade.
pub const WORST_TRADE: Metric =
    metric("worst_trade", "Worst trade", "The worst closed trade, of what was put in.", |b| {
        trade(b, |a, c| a < c)
    });

fn highest(of: &[PeriodReturn]) -> Option<PeriodReturn> {
    of.iter().copied().reduce(|a, b| if b.share > a.share { b } else { a })
}

fn lowest(of: &[PeriodReturn]) -> Option<PeriodReturn> {
    of.iter().copied().reduce(|a, b| if b.share < a.share { b } else { a })
}

fn day(found: Option<PeriodReturn>) -> Measured {
    found.map_or_else(
        || Measured::absent("no day"),
        |r| Measured::of(r.share).note(Date::of(r.at).to_string()),
    )
}

fn month(found: Option<PeriodReturn>) -> Measured {
    let name = |at| {
        let date = Date::of(at);
        format!("{} {}", MONTHS[date.month - 1], date.year)
    };
    found.map_or_else(|| Measured::absent("no month"), |r| Measured::of(r.share).note(name(r.at)))
}

fn trade(basis: &Basis<'_>, better: fn(f64, f64) -> bool) -> Measured {
    let found = basis.track.trades.iter().reduce(|a, b| if better(b.share(), a.share()) { b } else { a });
    found.map_or_else(
        || Measured::absent("no closed trade"),
        |t| Measured::of(t.share()).note(Date::of(t.exited).to_string()),
    )
}

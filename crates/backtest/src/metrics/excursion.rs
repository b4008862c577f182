//! Excursions: how far prices went against a trade (MAE) and for it (MFE) while it was open, as shares of the entry price.
//! Source: Sweeney, "Maximum Adverse Excursion", 1997. From bars: the low and high of every bar the trade was open in.

use super::{Basis, Measured, Metric, Unit, stats};

/// Mean adverse excursion.
pub const ADVERSE: Metric = Metric {
    name: "adverse_excursion",
    label: "Mean adverse excursion",
    unit: Unit::Share,
    doc: "How far the price went against a trade before it ended, on average.",
    signed: true,
    compute: |basis| mean(basis, |t| t.mae, f64::min),
};

/// Mean favourable excursion.
pub const FAVOURABLE: Metric = Metric {
    name: "favourable_excursion",
    label: "Mean favourable excursion",
    unit: Unit::Share,
    doc: "How far the price went for a trade before it ended, on average.",
    signed: true,
    compute: |basis| mean(basis, |t| t.mfe, f64::max),
};

fn mean(basis: &Basis<'_>, of: fn(&super::Trade) -> f64, most: fn(f64, f64) -> f64) -> Measured {
    let all: Vec<f64> = basis.track.trades.iter().map(of).collect();
    let Some(mean) = stats::mean(&all) else { return Measured::absent("no closed trade") };
    let extreme = all.iter().copied().fold(0.0, most);
    Measured::of(mean).note(format!("most {}", Unit::Share.text(extreme, true)))
}

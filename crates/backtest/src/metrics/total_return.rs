//! Total return: R = E_T / E_0 − 1, from the equity E at the start and at the last point, after all costs.
//! Source: definition.

use super::{Basis, Measured, Metric, Unit};

/// Total return.
pub const METRIC: Metric = Metric {
    name: "total_return",
    label: "Return",
    unit: Unit::Share,
    doc: "What the account gained over the whole time, after all costs.",
    signed: true,
    compute,
};

fn compute(basis: &Basis<'_>) -> Measured {
    let (e_t, e_0) = (basis.track.end(), basis.track.start);
    let hold = basis.track.price.first().zip(basis.track.price.last());
    let note = hold.filter(|(first, _)| **first > 0.0).map_or_else(String::new, |(first, last)| {
        format!("hold: {}", Unit::Share.text(last / first - 1.0, true))
    });
    Measured::of(e_t / e_0 - 1.0).note(note)
}

//! Maximum drawdown: D = min over t of E_t / max_{s ≤ t} E_s − 1, at every bar, the starting money being the first high.
//! Source: definition. Between two bars it may have been deeper.

use super::basis::Drawdown;
use super::calendar::Date;
use super::{Basis, Measured, Metric, Unit};

/// Maximum drawdown.
pub const METRIC: Metric = Metric {
    name: "max_drawdown",
    label: "Worst drawdown",
    unit: Unit::Share,
    doc: "The largest fall from a high, bar by bar.",
    signed: true,
    compute,
};

/// The deepest episode; the first of equals.
#[must_use]
pub fn worst(basis: &Basis<'_>) -> Option<Drawdown> {
    basis.track.exact.or_else(|| deepest(basis))
}

fn deepest(basis: &Basis<'_>) -> Option<Drawdown> {
    basis.drawdowns.iter().copied().reduce(|a, b| if b.depth < a.depth { b } else { a })
}

fn compute(basis: &Basis<'_>) -> Measured {
    let Some(worst) = worst(basis) else { return Measured::of(0.0) };
    let back =
        worst.recovered.map_or_else(|| "not recovered".to_owned(), |at| format!("back {}", Date::of(at)));
    Measured::of(worst.depth).note(format!("{} to {}, {back}", Date::of(worst.peak), Date::of(worst.trough)))
}

#[cfg(test)]
mod tests {
    use super::super::basis::tests::daily;
    use super::*;

    #[test]
    fn the_fall_counts_from_the_highest_before_it() {
        let track = daily(100.0, &[120.0, 90.0, 130.0, 104.0], &[1.0; 4]);
        let measured = compute(&Basis::of(&track, None));
        assert!((measured.value.unwrap() + 0.25).abs() < 1e-12);
        assert_eq!(measured.note, "1 Jan 1970 to 2 Jan 1970, back 3 Jan 1970");
        let rising = daily(100.0, &[101.0, 102.0], &[1.0; 2]);
        assert_eq!(compute(&Basis::of(&rising, None)).value, Some(0.0));
    }
}

//! What trading cost: fees, slippage against the price decided on, funding. Sums of the ledger, quote asset.

use super::{Basis, Measured, Metric, Unit};

/// Fees.
pub const FEES: Metric = Metric {
    name: "fees",
    label: "Fees",
    unit: Unit::Money,
    doc: "Fees of all fills.",
    signed: false,
    compute: |basis| of_start(basis, basis.track.fees),
};

/// Slippage.
pub const SLIPPAGE: Metric = Metric {
    name: "slippage",
    label: "Slippage",
    unit: Unit::Money,
    doc: "What fills cost against the price that the strategy decided on.",
    signed: false,
    compute: |basis| of_start(basis, basis.track.slippage),
};

/// Funding.
pub const FUNDING: Metric = Metric {
    name: "funding",
    label: "Funding",
    unit: Unit::Money,
    doc: "Funding of perpetuals, received above zero and paid below.",
    signed: true,
    compute: |basis| of_start(basis, basis.track.funding),
};

fn of_start(basis: &Basis<'_>, amount: f64) -> Measured {
    Measured::of(amount)
        .note(format!("{} of starting money", Unit::Share.text(amount / basis.track.start, false)))
}

//! Instruments for the tests of this module.

use testkit::Listing;
use types::{Instrument, InstrumentKind, Qty};

pub(super) fn spot() -> Instrument {
    instrument(InstrumentKind::Spot)
}

pub(super) fn perp() -> Instrument {
    instrument(InstrumentKind::LinearPerp { initial_margin: 1_000, maintenance_margin: 500 })
}

fn instrument(kind: InstrumentKind) -> Instrument {
    Listing { kind, lot: Qty(1_000), lot_max: Qty(900_000_000_000), ..Listing::default() }.instrument()
}

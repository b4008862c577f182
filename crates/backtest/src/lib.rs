//! Layer 4: back-tests. Recorded markets go through the same engine as live ones, in virtual time.
//!
//! What a run is stands in [`RunSpec`], what it gave in [`Outcome`]; both are integers with their scales, so that two runs can
//! be compared to the last digit. Floats appear in measures only, never in a money path (invariant L7).

mod draw;
pub mod equity;
pub mod metrics;
pub mod montecarlo;
pub mod outcome;
pub mod run_spec;
pub mod sweep;

pub use equity::{EquityCurve, EquityPoint};
pub use outcome::{ClosedTrade, FillRecord, OrderCounts, Outcome};
pub use run_spec::{Fees, Latency, PricePath, RunSpec, Slippage, Traded};

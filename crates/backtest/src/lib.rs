//! Layer 4: back-tests. Recorded markets go through the same engine as live ones, in virtual time.
//!
//! What a run is stands in [`RunSpec`], what it gave in [`Outcome`]; both are integers with their scales, so that two runs can
//! be compared to the last digit. Floats appear in measures only, never in a money path (invariant L7).

mod clock;
mod draw;
mod driver;
pub mod equity;
pub mod file;
mod listing;
pub mod look_ahead;
pub mod metrics;
pub mod montecarlo;
pub mod outcome;
pub mod plan;
mod recorder;
pub mod report;
pub mod run;
pub mod run_spec;
pub mod stored;
pub mod sweep;
pub mod tape;
pub mod vector;
mod warnings;

pub use clock::{cpu_seconds, memory_peak, process_cpu_seconds};
pub use driver::Watch;
pub use equity::{EquityCurve, EquityPoint};
pub use listing::listing;
pub use market_data::fold;
pub use outcome::{ClosedTrade, FillRecord, OrderCounts, Outcome};
pub use plan::{Model, Plan, PlanError};
pub use run::{Recording, RunError, Setup, run};
pub use run_spec::{Faults, Fees, Latency, PricePath, Queue, RunSpec, Slippage, Touch, Traded, VenueConfig};
pub use tape::{Tape, TapeError};

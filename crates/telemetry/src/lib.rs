//! Layer 3: what the process tells about itself. Everybody records through the `metrics` facade; only this crate knows where it goes.
//! What it forbids: a library that chooses an exporter, and a number that is shown in two places and measured twice.
//!
//! [`install`] makes one recorder of two parts: Prometheus' text ([`Telemetry::prometheus`]) and rolling windows of the last hour
//! ([`Telemetry::report`]) that see the same values. [`catalogue`] names every metric; `docs/metrics.md` is made from it.

mod budget;
pub mod catalogue;
mod flame;
pub mod machine;
pub mod profile;
pub mod promises;
mod recorder;
mod report;
mod routes;
mod window;

pub use budget::{BUDGETS, Bad, Budget, Burn};
pub use recorder::{InstallError, Telemetry, install, recorder};
pub use report::{Database, Latency, Promised, Recent, Report, Requests, System};
pub use window::{Summary, Window};

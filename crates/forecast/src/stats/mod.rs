//! Statistics that several kernels and reports use.

mod ljung_box;
mod stationarity;

pub use ljung_box::{LjungBox, ljung_box};
pub use stationarity::{kpss, seasonal_strength};

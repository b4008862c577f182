//! Statistics that several kernels and reports use.

mod ljung_box;

pub use ljung_box::{LjungBox, ljung_box};

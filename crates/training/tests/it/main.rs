//! Training, keeping and asking models: real kernels, real files, a market made by a seeded generator.

#![allow(clippy::unwrap_used, reason = "tests")]

mod market;
mod predicting;
mod registering;
mod training;

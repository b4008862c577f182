//! Predictions: models loaded once, results cached, questions that wait answered together.
//!
//! One thread answers. It takes what waits, at most ten at a time, and never waits for more: a question alone is answered at
//! once, a crowd shares one pass through the network. The queue in front is bounded; full means "busy", at once.

mod cache;
mod service;

pub use service::{Answer, Ask, PredictError, Predictor, Statistics};

//! Exponential smoothing with additive errors: level, trend (none, additive, damped), season (none, additive).
//!
//! Source: Hyndman, Koehler, Ord & Snyder, Forecasting with Exponential Smoothing (2008), ch. 2, 5, 6:
//! y = l + φ b + s + e, l' = l + φ b + α e, b' = φ b + β e, s' = s + γ e. Estimated by maximum likelihood over the smoothing
//! parameters and the first level and trend; the first season is that of the first two seasons. The form is chosen by AICc.
//! A missing value has no error and moves no state but the trend's course.

mod fit;

pub use fit::{EtsError, Fit, Form, Trend, fit, select};

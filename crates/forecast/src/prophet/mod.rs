//! Prophet: a piecewise linear or flat trend, Fourier seasonalities, holidays and extra regressors, by maximum a
//! posteriori estimation.
//!
//! Source: Taylor & Letham, Forecasting at Scale, The American Statistician 72 (2018), and the published Stan model:
//! y/scale ~ N(g(t) · (1 + X_m β_m) + X_a β_a, σ), g(t) = (k + a(t)ᵀδ) t + (m − a(t)ᵀ(s∘δ)), k, m ~ N(0, 5), δ ~ Laplace(0, τ),
//! β ~ N(0, prior scale), σ ~ N⁺(0, 0.5). The reported log-posterior drops all constants, as Stan's optimiser does.

mod design;
mod features;
mod fit;
mod forecast;
mod lasso;
mod options;

pub use features::{Feature, Kind};
pub use fit::{Model, fit, log_posterior};
pub use forecast::{Forecast, SAMPLES_MAX, Uncertainty};
pub use options::{
    Auto, CHANGEPOINTS_MAX, FEATURES_MAX, Growth, Holiday, Mode, ORDER_MAX, Options, ProphetError, Regressor,
    Seasonality,
};

//! ARIMA and seasonal ARIMA by exact Gaussian maximum likelihood of the differenced series.
//!
//! Model: φ(B) Φ(Bˢ) (w_t − μ) = θ(B) Θ(Bˢ) ε_t with w_t = (1−B)^d (1−Bˢ)^D y_t, moving-average signs as in R and
//! statsmodels (θ(B) = 1 + θ₁B + …). A mean is allowed only without differencing, a drift only with exactly one
//! difference, and neither is ever added silently.
//!
//! Source: Durbin & Koopman, Time Series Analysis by State Space Methods, 2nd ed., §3.4; Harvey's state-space form.

mod filter;
mod fit;
mod inference;
mod polynomial;
mod predict;
mod select;
mod spec;
mod starts;
mod stationary;
mod transform;

pub use fit::{Effort, Fit, evaluate, fit, fit_polled, fit_with, fixed};
pub use predict::Point;
pub use select::{Bounds, Selection, Tried, select, try_all};
pub use spec::{ArimaError, Given, ORDER_MAX, PERIOD_MAX, Params, Regressor, Seasonal, Spec};

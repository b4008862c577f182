//! Forecasts of a market's price from its bars: every kernel behind one recipe, one training and one answer.
//!
//! Kernels see the logarithm of the close (times 100) or, the LSTM, features of the bars. The answer is a price for each of
//! the next bars: the median and the ends of an 80 % interval. Bars are checked once, when they become [`Bars`].

mod bars;
mod features;
mod neural;
mod recipe;
mod trained;

pub use bars::{Bars, BarsError, FILLED_SHARE_MAX, View};
pub use features::{FEATURES, WARM_UP, features};
pub use neural::{Neural, NeuralModel};
pub use recipe::{Algorithm, ArimaRecipe, ForecastError, Recipe, Told, train};
pub use trained::{ArimaModel, INTERVAL, Step, Trained};

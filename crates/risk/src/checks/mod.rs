//! One check per file.

pub(crate) mod balance;
pub(crate) mod bracket;
pub(crate) mod cool_down;
pub(crate) mod daily_loss;
pub(crate) mod drawdown;
pub(crate) mod exposure;
pub(crate) mod fresh;
pub(crate) mod halt;
pub(crate) mod order_rate;
pub(crate) mod order_size;
pub(crate) mod position;
pub(crate) mod price_band;
pub(crate) mod reducing;
pub(crate) mod running;
pub(crate) mod shape;
#[cfg(test)]
mod tests;
mod value;

//! One module per table, or per family of tables.

pub mod account_risk;
pub mod accounts;
pub mod alerts;
pub mod audit;
pub mod balances;
pub mod bots;
pub(crate) mod equity;
pub mod jobs;
pub mod keys;
pub mod markets;
pub mod models;
pub mod orders;
pub mod positions;
pub mod projections;
pub mod research;
pub mod sessions;
pub mod settings;
pub mod silences;
pub mod trades;
pub mod users;

use crate::value::Ts;

words! {
    /// Buy or sell.
    pub enum Side {
        /// Buys.
        Buy = "buy",
        /// Sells.
        Sell = "sell",
    }
}
use crate::record::words;

/// A moment after all others that both engines can hold (year 9999).
pub(crate) const FAR: Ts = Ts(253_402_300_799_000_000);

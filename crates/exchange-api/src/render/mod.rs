//! The exchange's words as Binance's JSON.

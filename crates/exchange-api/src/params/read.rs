//! Typed parameters, with Binance's error for each way to get one wrong.

//! Market data as everybody reads it: depth, trades, tickers, bars.

//! Binance-compatible REST, streams and WebSocket API in front of exchange-host.

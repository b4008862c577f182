//! Bounds of the API that are not a connection's, with their reasons.

/// Most parameters of one request. Binance's largest has about forty.
pub const PARAMS_MAX: usize = 100;
/// Largest `recvWindow` in milliseconds (Binance).
pub const RECV_WINDOW_MAX_MS: i64 = 60_000;
/// `recvWindow` when it is not sent, in milliseconds (Binance).
pub const RECV_WINDOW_DEFAULT_MS: i64 = 5_000;
/// How far ahead of our clock a request's time may be, in milliseconds (Binance).
pub const AHEAD_MAX_MS: i64 = 1_000;
/// Most listen keys alive at once: one per account with a user stream of the old kind.
pub const LISTEN_KEYS_MAX: usize = 100_000;
/// Life of a listen key that is not kept alive, in seconds (Binance: 60 minutes).
pub const LISTEN_KEY_LIFE_S: i64 = 3_600;

//! Every bound of the streams and of the WebSocket API, with its reason. Binance's own numbers where it has one
//! (web-socket-streams.md, 2026-07-21).

use std::time::Duration;

/// Streams on one connection (Binance).
pub(crate) const STREAMS_MAX: usize = 1024;
/// Longest stream name looked at, in bytes: the longest real one is below 60.
pub(crate) const NAME_LEN_MAX: usize = 128;
/// Longest incoming message in bytes: 1,024 stream names fit, a flood does not.
pub(crate) const MESSAGE_LEN_MAX: usize = 64 * 1024;
/// Longest `id` given as a text (Binance).
pub(crate) const ID_LEN_MAX: usize = 36;
/// Messages waiting for one connection. A second of the busiest market stays below it; a client that is further behind
/// than this is closed, because it will not catch up.
pub(crate) const QUEUE_LEN_MAX: usize = 1024;
/// Distinct price levels gathered for one depth message; a fuller one is sent before its time.
pub(crate) const DEPTH_LEVELS_MAX: usize = 5000;
/// How often the server pings (Binance).
pub(crate) const PING_EVERY: Duration = Duration::from_secs(20);
/// How long it waits for the pong before it closes (Binance).
pub(crate) const PONG_WITHIN: Duration = Duration::from_secs(60);
/// Incoming messages within one second on a stream connection; one more closes it (Binance, who counts pings and pongs
/// too; here the transport answers those and bounds them by the socket).
pub(crate) const INCOMING_PER_SECOND_MAX: usize = 5;
/// How long a connection may live (Binance).
pub(crate) const LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long before the end of its life a connection is told by `serverShutdown` (Binance).
pub(crate) const SHUTDOWN_NOTICE: Duration = Duration::from_secs(10 * 60);
/// New connections of one address within [`CONNECTIONS_WINDOW`] (Binance). Loopback is exempt: who sits on the machine
/// can do worse than connect.
pub(crate) const CONNECTIONS_PER_ADDRESS_MAX: u32 = 300;
/// The window of [`CONNECTIONS_PER_ADDRESS_MAX`] (Binance).
pub(crate) const CONNECTIONS_WINDOW: Duration = Duration::from_secs(5 * 60);
/// Addresses remembered for the connection limit; when full, addresses without a connection in the window are forgotten.
pub(crate) const ADDRESSES_MAX: usize = 10_000;
/// Requests of one WebSocket API connection that are worked on at the same time; further ones wait in the socket.
pub(crate) const IN_FLIGHT_MAX: usize = 64;
/// User data subscriptions of one WebSocket API connection (Binance allows 1,000 in 65,536 a life; a bot needs one).
pub(crate) const USER_SUBSCRIPTIONS_MAX: usize = 100;

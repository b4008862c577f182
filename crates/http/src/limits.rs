//! What a client may take, in time, space and number.

use std::time::Duration;

/// Limits of one listener. [`Limits::default`] suits a server on the open network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte of a request to the end of its head. Ends slow-header attacks.
    pub head_read_max: Duration,
    /// How long a connection may lie without a request.
    pub idle_max: Duration,
    /// From the start of reading a body to its end.
    pub body_read_max: Duration,
    /// How long one write may make no progress because the client does not read.
    pub write_stall_max: Duration,
    /// Largest request head in bytes. At least [`HEAD_LEN_MIN`].
    pub head_len_max: usize,
    /// Most header lines.
    pub headers_max: usize,
    /// Largest request body in bytes.
    pub body_len_max: usize,
    /// Most connections at once, WebSockets included. Further ones are closed at once.
    pub connections_max: usize,
    /// Most connections at once from one address.
    pub connections_per_ip_max: usize,
    /// How long open requests and sockets may take to end after a stop.
    pub drain_max: Duration,
}

/// The smallest head buffer that the HTTP parser accepts.
pub const HEAD_LEN_MIN: usize = 8 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_read_max: Duration::from_secs(10),
            // Longer than the usual pools' own limits, so that the client is the one who closes.
            idle_max: Duration::from_secs(75),
            body_read_max: Duration::from_secs(10),
            write_stall_max: Duration::from_secs(30),
            head_len_max: 32 * 1024,
            headers_max: 100,
            body_len_max: 256 * 1024,
            connections_max: 10_000,
            connections_per_ip_max: 5_000,
            drain_max: Duration::from_secs(5),
        }
    }
}

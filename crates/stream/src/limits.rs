//! Every bound of the stream, with its reason.

/// Connections of one process: what 16 KiB each let it hold in 160 MiB.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Connections of one user: a person with many screens and a hundred programs shares them.
pub const CONNECTIONS_PER_OWNER_MAX: usize = 50;
/// Rooms on one connection.
pub const ROOMS_MAX: usize = 100;
/// Events remembered by a room for those who come back, and those that may wait for one client.
pub const RING_MAX: usize = 1_000;
/// Events that may wait for one client; one more and it is too slow.
pub const BACKLOG_MAX: usize = 1_000;
/// Bytes that may wait for one client: a thousand full books.
pub const BACKLOG_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Events in one message of several: keeps a message's size within what clients take.
pub const BATCH_MAX: usize = 200;
/// Bytes of events in one message of several, unless a single event is larger.
pub const BATCH_BYTES_MAX: usize = 256 * 1024;
/// Requests of a client a second, in the long run.
pub const REQUESTS_PER_SECOND: i64 = 10;
/// Requests of a client at once.
pub const REQUESTS_BURST: i64 = 20;
/// Requests beyond the pace that are ignored before the connection is closed.
pub const IGNORED_MAX: u32 = 100;
/// Longest request, in bytes.
pub const REQUEST_LEN_MAX: usize = 64 * 1024;
/// A room that nobody listens to is forgotten after this time, in milliseconds: long enough to come back after a lost connection.
pub const ROOM_IDLE_MAX_MS: i64 = 120_000;
/// How often the server pings, in seconds.
pub const PING_S: u64 = 25;
/// A client that says nothing at all for so long, not even a pong, is dead; in seconds.
pub const SILENCE_MAX_S: u64 = 60;
/// A ticket's life, in milliseconds.
pub const TICKET_LIFE_MS: i64 = 30_000;
/// Tickets that may be open: twice what can connect.
pub const TICKETS_MAX: usize = 2 * CONNECTIONS_MAX;
/// Longest `id` of a ping given as a text.
pub const PING_ID_LEN_MAX: usize = 64;

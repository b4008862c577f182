//! What can go wrong with a feed.

use std::net::IpAddr;

/// Why a venue's market data cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The address is not acceptable as it stands.
    #[error("the address {0:?} {1}")]
    Address(String, &'static str),
    /// It is another machine, and nobody said that it may be.
    #[error(
        "{0} is another machine; say --feed-allow-remote (feed.allow_remote) if the feed comes from there"
    )]
    Remote(String),
    /// It leads where it must not.
    #[error("{host} is {network} ({ip}): a feed comes from this machine or from a public address")]
    Refused {
        /// The host.
        host: String,
        /// What it resolves to.
        ip: IpAddr,
        /// What that is.
        network: &'static str,
    },
    /// The name cannot be resolved, nobody listens, TLS or the transport failed, or it took too long.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// What happened.
        why: String,
    },
    /// It said no.
    #[error("{host} answered with status {status}: {text}")]
    Status {
        /// The host.
        host: String,
        /// Its status.
        status: u16,
        /// The beginning of what it said.
        text: String,
    },
    /// What it said is not what the protocol says.
    #[error("{host} said what cannot be read: {why}")]
    Malformed {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// It closed the stream, or nothing came any more.
    #[error("the stream ended: {0}")]
    Ended(String),
    /// Who listens is too slow: everything begins anew.
    #[error("the bots are too slow for the feed, which begins anew")]
    TooSlow,
}

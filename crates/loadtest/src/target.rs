//! Where the load goes: this machine, unless somebody says otherwise.

use std::net::{SocketAddr, ToSocketAddrs as _};

/// Whether other machines may be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only this one.
    Loopback,
    /// Any; the caller said that it may be.
    Anywhere,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As the `Host` header names it.
    pub(crate) host: String,
    /// Where to connect.
    pub(crate) addr: SocketAddr,
}

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not `http://HOST:PORT`.
    #[error("{0:?} is not an address like http://127.0.0.1:8080")]
    Text(String),
    /// The name has no address.
    #[error("{0} cannot be resolved")]
    Unresolved(String),
    /// Another machine.
    #[error(
        "{0} is another machine, and its owner may not want to be loaded; say --allow-remote if that is you"
    )]
    Remote(String),
}

impl Target {
    /// Reads `http://HOST:PORT`.
    ///
    /// # Errors
    /// See [`TargetError`].
    pub fn new(text: &str, reach: Reach) -> Result<Self, TargetError> {
        let wrong = || TargetError::Text(text.to_owned());
        let host = text.strip_prefix("http://").ok_or_else(wrong)?.trim_end_matches('/');
        if host.is_empty() || host.contains(['/', '?', '@', ' ']) {
            return Err(wrong());
        }
        let with_port = if host.rsplit(']').next().is_some_and(|rest| rest.contains(':')) {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let mut found = with_port.to_socket_addrs().map_err(|_| TargetError::Unresolved(host.to_owned()))?;
        let addr = found.next().ok_or_else(|| TargetError::Unresolved(host.to_owned()))?;
        if reach == Reach::Loopback && !addr.ip().to_canonical().is_loopback() {
            return Err(TargetError::Remote(host.to_owned()));
        }
        Ok(Self { host: host.to_owned(), addr })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_refused_unless_somebody_says_so() {
        for (text, good) in [
            ("http://127.0.0.1:8080", true),
            ("http://127.9.9.9:1/", true),
            ("http://[::1]:8080", true),
            ("http://192.0.2.7:80", false),
            ("http://[::ffff:192.0.2.7]:80", false),
            ("https://127.0.0.1", false),
            ("127.0.0.1:8080", false),
            ("http://user@127.0.0.1:8080", false),
            ("http://127.0.0.1:8080/path", false),
        ] {
            assert_eq!(Target::new(text, Reach::Loopback).is_ok(), good, "{text}");
        }
        assert!(Target::new("http://192.0.2.7", Reach::Anywhere).is_ok());
    }
}

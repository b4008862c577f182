//! Where a feed comes from. This machine, or a public host over TLS if the operator says so; never another network.
//!
//! A name is resolved for every connection, every address of it is looked at, and the connection goes to one that was looked at.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Host, Url};

use crate::FeedError;

/// Says what a network is that no feed may come from; `None` for a public address.
pub type Judge = fn(IpAddr) -> Option<&'static str>;
/// How to speak TLS; asked when the first such connection is made.
pub type Tls = fn() -> Arc<ClientConfig>;

/// Whether other machines may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only this one.
    Loopback,
    /// Public addresses too, over TLS; the operator said so.
    Public,
}

/// A connection.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// The stream's and the REST interface's addresses.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(crate) stream: Site,
    pub(crate) rest: Site,
}

/// One host as far as its address tells.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    url: Url,
    tls: bool,
    reach: Reach,
    judge: Judge,
    connector: Tls,
}

impl Endpoint {
    /// Looks at the addresses' text: `ws://` or `wss://`, and for REST `http://` or `https://`; without the latter it is the same host
    /// and port.
    ///
    /// # Errors
    /// What is wrong with it. A name is only resolved when it is used.
    pub fn new(
        stream: &str,
        rest: Option<&str>,
        reach: Reach,
        judge: Judge,
        connector: Tls,
    ) -> Result<Self, FeedError> {
        let stream = Site::new(stream, ["ws", "wss"], reach, judge, connector)?;
        let rest = match rest {
            Some(rest) => Site::new(rest, ["http", "https"], reach, judge, connector)?,
            None => stream.clone(),
        };
        Ok(Self { stream, rest })
    }
}

impl Site {
    fn new(
        text: &str,
        [plain, secure]: [&str; 2],
        reach: Reach,
        judge: Judge,
        connector: Tls,
    ) -> Result<Self, FeedError> {
        let wrong = |why| FeedError::Address(text.to_owned(), why);
        let url = Url::parse(text).map_err(|_| wrong("is no URL like wss://stream.example.org:9443"))?;
        let scheme = url.scheme();
        if scheme != plain && scheme != secure {
            let why = if plain == "ws" {
                "begins with neither ws:// nor wss://"
            } else {
                "begins with neither http:// nor https://"
            };
            return Err(wrong(why));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("must not hold a user or a password"));
        }
        if url.host().is_none() {
            return Err(wrong("names no host"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("must not hold a query: the streams are added to it"));
        }
        let tls = scheme == secure;
        let host = Self { tls, reach, judge, connector, url };
        match host.url.host() {
            Some(Host::Ipv4(ip)) => host.vet(&[IpAddr::V4(ip)])?,
            Some(Host::Ipv6(ip)) => host.vet(&[IpAddr::V6(ip)])?,
            Some(Host::Domain(name)) if name != "localhost" && reach == Reach::Loopback => {
                return Err(FeedError::Remote(name.to_owned()));
            }
            Some(Host::Domain(name)) if name != "localhost" && !host.tls => {
                return Err(wrong(
                    "must be encrypted (wss://, https://): what bots trade on could be changed on the way",
                ));
            }
            _ => {}
        }
        Ok(host)
    }

    /// For people, and for the `Host` header.
    pub(crate) fn name(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", self.url.host_str().unwrap_or_default())
    }

    /// The path that everything begins with, without a slash at its end.
    pub(crate) fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    pub(crate) const fn scheme(&self) -> &'static str {
        if self.tls { "wss" } else { "ws" }
    }

    /// Every address of a name must be allowed: one that is not shows that the name is not what it seems.
    fn vet(&self, ips: &[IpAddr]) -> Result<(), FeedError> {
        for ip in ips {
            if ip.to_canonical().is_loopback() {
                continue;
            }
            if self.reach == Reach::Loopback {
                return Err(FeedError::Remote(self.name()));
            }
            if let Some(network) = (self.judge)(*ip) {
                return Err(FeedError::Refused { host: self.name(), ip: *ip, network });
            }
            if !self.tls {
                let why =
                    "must be encrypted (wss://, https://): what bots trade on could be changed on the way";
                return Err(FeedError::Address(self.url.to_string(), why));
            }
        }
        Ok(())
    }

    async fn resolve(&self) -> Result<SocketAddr, FeedError> {
        let port = self.url.port().unwrap_or(if self.tls { 443 } else { 80 });
        let found: Vec<SocketAddr> = match self.url.host() {
            Some(Host::Ipv4(ip)) => vec![SocketAddr::from((ip, port))],
            Some(Host::Ipv6(ip)) => vec![SocketAddr::from((ip, port))],
            Some(Host::Domain(name)) => {
                let found = tokio::net::lookup_host((name, port)).await;
                found.map_err(|error| self.unreachable(&error))?.collect()
            }
            None => Vec::new(),
        };
        self.vet(&found.iter().map(SocketAddr::ip).collect::<Vec<_>>())?;
        found.first().copied().ok_or_else(|| self.unreachable(&"its name has no address"))
    }

    pub(crate) fn unreachable(&self, why: &dyn std::fmt::Display) -> FeedError {
        FeedError::Unreachable { host: self.name(), why: why.to_string() }
    }

    /// Connects, with TLS where the address says so.
    pub(crate) async fn connect(&self) -> Result<Box<dyn Duplex>, FeedError> {
        let failed = |error: std::io::Error| self.unreachable(&error);
        let stream = TcpStream::connect(self.resolve().await?).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        if !self.tls {
            return Ok(Box::new(stream));
        }
        let name = self.url.host_str().unwrap_or_default().to_owned();
        let name = ServerName::try_from(name).map_err(|error| self.unreachable(&error))?;
        let stream = TlsConnector::from((self.connector)()).connect(name, stream).await.map_err(failed)?;
        Ok(Box::new(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(ip: IpAddr) -> Option<&'static str> {
        matches!(ip, IpAddr::V4(ip) if ip.is_private()).then_some("a private network")
    }

    fn tls() -> Arc<ClientConfig> {
        unreachable!("nothing connects here")
    }

    fn endpoint(stream: &str, reach: Reach) -> Result<Endpoint, FeedError> {
        Endpoint::new(stream, None, reach, judge, tls)
    }

    #[test]
    fn a_feed_comes_from_this_machine_or_if_somebody_says_so_from_a_public_host_over_tls() {
        for (text, here, anywhere) in [
            ("ws://127.0.0.1:9000", true, true),
            ("ws://[::1]:9000/", true, true),
            ("ws://localhost:9000", true, true),
            ("wss://127.0.0.1:9000", true, true),
            ("wss://stream.example.org:9443", false, true),
            ("wss://8.8.8.8", false, true),
            ("ws://stream.example.org", false, false),
            ("ws://8.8.8.8", false, false),
            ("wss://10.0.0.1", false, false),
            ("ws://[::ffff:10.0.0.1]", false, false),
            ("http://127.0.0.1:9000", false, false),
            ("file:///etc/passwd", false, false),
            ("wss://user:pw@stream.example.org", false, false),
            ("wss://stream.example.org/?streams=x", false, false),
            ("nonsense", false, false),
        ] {
            assert_eq!(endpoint(text, Reach::Loopback).is_ok(), here, "{text} here");
            assert_eq!(endpoint(text, Reach::Public).is_ok(), anywhere, "{text} anywhere");
        }
        let rest = |rest| Endpoint::new("ws://127.0.0.1:1", Some(rest), Reach::Public, judge, tls);
        assert!(rest("https://api.example.org").is_ok());
        assert!(rest("http://api.example.org").is_err());
        assert!(rest("wss://api.example.org").is_err());
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let refused = endpoint("wss://stream.example.org", Reach::Loopback).unwrap_err().to_string();
        assert!(refused.contains("--feed-allow-remote"), "{refused}");
        let refused = endpoint("wss://10.0.0.1", Reach::Public).unwrap_err().to_string();
        assert!(refused.contains("a private network"), "{refused}");
    }
}

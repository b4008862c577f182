//! One outgoing POST to an address that was vetted: resolve once, look at every address, connect to one that was looked at.
//!
//! HTTP/1.1 without reuse, redirects or cookies. The head of the answer is read by `httparse`; of the body nobody wants anything.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use traces::{Context, Kind, Span};
use url::{Host, Url};

use crate::vet;

/// How long one request may take, from the look-up of the name to the answer's head.
const REQUEST_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read at most.
const ANSWER_MAX: usize = 64 * 1024;
/// Lines of an answer's head.
const HEADERS_MAX: usize = 64;

/// Why a request was not made or had no success. The texts hold no path or query: webhooks have their secrets there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The URL is not acceptable.
    #[error("the address {0}")]
    Url(&'static str),
    /// It leads where it must not.
    #[error("{host} is {network} ({ip}); set alerts.private_addresses if that is meant")]
    Refused {
        /// The host.
        host: String,
        /// What it resolves to.
        ip: IpAddr,
        /// What that is.
        network: &'static str,
    },
    /// The name cannot be resolved, nobody listens, TLS or the transport failed.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// What happened.
        why: String,
    },
    /// It did not answer in time.
    #[error("{0} did not answer within 5 seconds")]
    TimedOut(String),
    /// It said no.
    #[error("{host} answered with status {status}")]
    Status {
        /// The host.
        host: String,
        /// Its status.
        status: u16,
    },
    /// What it said is not HTTP.
    #[error("{0} did not answer in HTTP/1.1")]
    NotHttp(String),
}

/// Whether requests may go to this machine and private networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Public addresses over HTTPS only.
    Public,
    /// Anything; the operator said so.
    Anywhere,
}

/// An address that may be asked, as far as its text tells.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    url: Url,
    reach: Reach,
}

impl Target {
    /// Looks at a URL's text.
    pub(crate) fn new(text: &str, reach: Reach) -> Result<Self, OutboundError> {
        let url = Url::parse(text).map_err(|_| OutboundError::Url("is no URL"))?;
        match url.scheme() {
            "https" => {}
            "http" if reach == Reach::Anywhere => {}
            "http" => {
                return Err(OutboundError::Url(
                    "must begin with https://: what is told could be read on the way",
                ));
            }
            _ => return Err(OutboundError::Url("must begin with https://")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Url("must not hold a user or a password"));
        }
        if url.host().is_none() {
            return Err(OutboundError::Url("names no host"));
        }
        let target = Self { url, reach };
        // An address in the text itself is refused at once, not when the first alert wants to be told.
        match target.url.host() {
            Some(Host::Ipv4(ip)) => target.vetted(&[IpAddr::V4(ip)])?,
            Some(Host::Ipv6(ip)) => target.vetted(&[IpAddr::V6(ip)])?,
            _ => {}
        }
        Ok(target)
    }

    /// The host, for people.
    pub(crate) fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    /// Every address of a name must be allowed: one that is not shows that the name is not what it seems.
    fn vetted(&self, ips: &[IpAddr]) -> Result<(), OutboundError> {
        let refused = ips.iter().find_map(|ip| Some((*ip, vet::refusal(*ip)?)));
        match refused {
            Some((ip, network)) if self.reach == Reach::Public => {
                Err(OutboundError::Refused { host: self.host(), ip, network })
            }
            _ => Ok(()),
        }
    }

    async fn resolve(&self) -> Result<SocketAddr, OutboundError> {
        let unreachable = |why: String| OutboundError::Unreachable { host: self.host(), why };
        let port = self.url.port_or_known_default().unwrap_or(443);
        let found: Vec<SocketAddr> = match self.url.host() {
            Some(Host::Ipv4(ip)) => vec![SocketAddr::from((ip, port))],
            Some(Host::Ipv6(ip)) => vec![SocketAddr::from((ip, port))],
            Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
                .await
                .map_err(|error| unreachable(error.to_string()))?
                .collect(),
            None => Vec::new(),
        };
        self.vetted(&found.iter().map(SocketAddr::ip).collect::<Vec<_>>())?;
        found.first().copied().ok_or_else(|| unreachable("its name has no address".to_owned()))
    }

    /// Posts JSON, as part of the trace this task is in; any status 2xx is a success.
    pub(crate) async fn post(&self, body: &str) -> Result<(), OutboundError> {
        let mut span = Span::child(Kind::Client, "POST");
        span.set("server.address", || self.host());
        let post = Post { kind: "application/json", body: body.as_bytes(), place: span.context() };
        let sent = self.send(&post).await;
        if let Err(why) = &sent {
            span.fail(why.to_string());
        }
        sent
    }

    async fn send(&self, post: &Post<'_>) -> Result<(), OutboundError> {
        let asked = tokio::time::timeout(REQUEST_MAX, self.ask(post)).await;
        let status = asked.map_err(|_| OutboundError::TimedOut(self.host()))??;
        if (200..300).contains(&status) {
            return Ok(());
        }
        Err(OutboundError::Status { host: self.host(), status })
    }

    async fn ask(&self, post: &Post<'_>) -> Result<u16, OutboundError> {
        let failed =
            |error: std::io::Error| OutboundError::Unreachable { host: self.host(), why: error.to_string() };
        let stream = TcpStream::connect(self.resolve().await?).await.map_err(failed)?;
        if self.url.scheme() == "http" {
            return self.speak(stream, post).await;
        }
        let name = ServerName::try_from(self.host()).map_err(|_| OutboundError::Url("names no host"))?;
        let tls = TlsConnector::from(tls()).connect(name, stream).await.map_err(failed)?;
        self.speak(tls, post).await
    }

    async fn speak(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        post: &Post<'_>,
    ) -> Result<u16, OutboundError> {
        let failed =
            |error: std::io::Error| OutboundError::Unreachable { host: self.host(), why: error.to_string() };
        let query = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let place = post.place.map(|place| format!("{}: {place}\r\n", traces::HEADER)).unwrap_or_default();
        let head = format!(
            "POST {}{query} HTTP/1.1\r\nHost: {}{port}\r\nUser-Agent: tradewind\r\nContent-Type: {}\r\n{place}\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.url.path(),
            self.host(),
            post.kind,
            post.body.len()
        );
        stream.write_all(&[head.as_bytes(), post.body].concat()).await.map_err(failed)?;
        let mut answer = Vec::with_capacity(1_024);
        loop {
            if let Some(status) = status(&answer).map_err(|()| OutboundError::NotHttp(self.host()))? {
                return Ok(status);
            }
            let room = ANSWER_MAX - answer.len();
            if room == 0 || (&mut stream).take(room as u64).read_buf(&mut answer).await.map_err(failed)? == 0
            {
                return Err(OutboundError::NotHttp(self.host()));
            }
        }
    }
}

/// What is posted.
struct Post<'a> {
    /// Its media type.
    kind: &'static str,
    body: &'a [u8],
    /// The trace it is part of.
    place: Option<Context>,
}

/// Somewhere the operator sends to: any address, of which nothing is told but the host.
#[derive(Clone, Debug)]
pub struct Outlet(Target);

impl Outlet {
    /// Looks at a URL's text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(url: &str) -> Result<Self, OutboundError> {
        Target::new(url, Reach::Anywhere).map(Self)
    }

    /// Posts a body of a media type; any status 2xx is a success. Part of no trace.
    ///
    /// # Errors
    /// Why it had no success.
    pub async fn post(&self, kind: &'static str, body: &[u8]) -> Result<(), OutboundError> {
        self.0.send(&Post { kind, body, place: None }).await
    }
}

/// The status of an answer whose head is complete.
fn status(answer: &[u8]) -> Result<Option<u16>, ()> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(answer) {
        Ok(httparse::Status::Complete(_)) => Ok(response.code),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(()),
    }
}

/// TLS with the machine's trusted certificates, read once.
#[must_use]
pub fn tls() -> Arc<ClientConfig> {
    static TLS: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    Arc::clone(TLS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "some of the machine's trusted certificates cannot be read");
        }
        roots.add_parsable_certificates(found.certs);
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_looked_at_before_anything_is_sent() {
        for (text, good) in [
            ("https://hooks.slack.com/services/T/B/x", true),
            ("https://8.8.8.8/x", true),
            ("http://hooks.slack.com/x", false),
            ("ftp://hooks.slack.com/x", false),
            ("file:///etc/passwd", false),
            ("https://user:pw@hooks.slack.com/x", false),
            ("https://127.0.0.1/x", false),
            ("https://2130706433/x", false),
            ("https://0x7f.1/x", false),
            ("https://[::1]/x", false),
            ("https://[::ffff:169.254.169.254]/latest/meta-data", false),
            ("nonsense", false),
            ("https://", false),
        ] {
            assert_eq!(Target::new(text, Reach::Public).is_ok(), good, "{text}");
        }
        assert!(Target::new("http://127.0.0.1:9/x", Reach::Anywhere).is_ok());
        assert!(Target::new("file:///etc/passwd", Reach::Anywhere).is_err());
    }

    #[tokio::test]
    async fn a_name_that_means_this_machine_is_refused_when_it_is_resolved() {
        let target = Target::new("https://localhost/x", Reach::Public).unwrap();
        let refused = target.post("{}").await.unwrap_err();
        assert!(matches!(&refused, OutboundError::Refused { network: "this machine", .. }), "{refused:?}");
        assert!(!refused.to_string().contains("/x"), "the path is a secret: {refused}");
    }

    #[test]
    fn the_status_is_read_from_a_complete_head() {
        assert_eq!(status(b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"), Ok(Some(204)));
        assert_eq!(status(b"HTTP/1.1 200 OK\r\nX:"), Ok(None));
        assert_eq!(status(b"SSH-2.0-OpenSSH\r\n"), Err(()));
    }
}

//! A keep-alive HTTP/1.1 connection that costs a generator little: one buffer, heads by `httparse`, bodies counted and mostly dropped.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::target::Target;

/// How long one request may take before it is given up.
pub(crate) const REQUEST_MAX: Duration = Duration::from_secs(30);
/// Lines of an answer's head.
const HEADERS_MAX: usize = 64;
/// Largest answer.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failed {
    /// No connection.
    Connect,
    /// The connection broke.
    Broken,
    /// No answer in time.
    TimedOut,
    /// What came is not HTTP/1.1.
    NotHttp,
}

impl Failed {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Connect => "no connection",
            Self::Broken => "connection broke",
            Self::TimedOut => "no answer in 30 s",
            Self::NotHttp => "not HTTP",
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) body: Option<&'a str>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after_s: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// A client with a connection of its own.
#[derive(Debug)]
pub(crate) struct Client {
    target: Target,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    request: Vec<u8>,
}

/// How a body's end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    len: usize,
    status: u16,
    framing: Framing,
    closes: bool,
    retry_after_s: Option<u64>,
}

impl Client {
    pub(crate) fn new(target: &Target) -> Self {
        Self { target: target.clone(), stream: None, buffer: Vec::new(), request: Vec::new() }
    }

    /// Asks and waits for the whole answer.
    pub(crate) async fn ask(&mut self, ask: Ask<'_>) -> Result<Answer, Failed> {
        self.write_out(ask);
        let outcome = tokio::time::timeout(REQUEST_MAX, self.exchange(ask.method == "GET")).await;
        let outcome = outcome.unwrap_or(Err(Failed::TimedOut));
        if outcome.is_err() {
            self.stream = None;
        }
        outcome
    }

    fn write_out(&mut self, ask: Ask<'_>) {
        let request = &mut self.request;
        request.clear();
        for part in [ask.method, " ", ask.path, " HTTP/1.1\r\nHost: ", &self.target.host, "\r\n"] {
            request.extend_from_slice(part.as_bytes());
        }
        if let Some(token) = ask.token {
            for part in ["Authorization: Bearer ", token, "\r\n"] {
                request.extend_from_slice(part.as_bytes());
            }
        }
        let body = ask.body.unwrap_or_default();
        if ask.body.is_some() || ask.method != "GET" {
            let head = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
            request.extend_from_slice(head.as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body.as_bytes());
    }

    /// A connection that lay idle may have been closed meanwhile: a read is asked again on a new one, a change never.
    async fn exchange(&mut self, repeatable: bool) -> Result<Answer, Failed> {
        let reused = self.stream.is_some();
        match self.once().await {
            Err(Failed::Broken) if reused && repeatable && self.buffer.is_empty() => {
                self.stream = None;
                self.once().await
            }
            outcome => outcome,
        }
    }

    async fn once(&mut self) -> Result<Answer, Failed> {
        self.buffer.clear();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.target.addr).await.map_err(|_| Failed::Connect)?;
                // A request is one write and must not wait for the answer to the one before.
                stream.set_nodelay(true).map_err(|_| Failed::Connect)?;
                stream
            }
        };
        stream.write_all(&self.request).await.map_err(|_| Failed::Broken)?;
        let head = loop {
            if let Some(head) = head(&self.buffer)? {
                break head;
            }
            self.more(&mut stream).await?;
        };
        let body = match head.framing {
            Framing::Length(len) => {
                while self.buffer.len() < head.len + len {
                    self.more(&mut stream).await?;
                }
                self.buffer[head.len..head.len + len].to_vec()
            }
            Framing::Chunked => loop {
                if let Some(body) = dechunked(&self.buffer[head.len..])? {
                    break body;
                }
                self.more(&mut stream).await?;
            },
            Framing::UntilClose => {
                while self.more(&mut stream).await.is_ok() {}
                self.buffer[head.len..].to_vec()
            }
        };
        if !head.closes {
            self.stream = Some(stream);
        }
        Ok(Answer { status: head.status, retry_after_s: head.retry_after_s, body })
    }

    async fn more(&mut self, stream: &mut TcpStream) -> Result<(), Failed> {
        if self.buffer.len() > ANSWER_MAX {
            return Err(Failed::NotHttp);
        }
        match stream.read_buf(&mut self.buffer).await {
            Ok(0) | Err(_) => Err(Failed::Broken),
            Ok(_) => Ok(()),
        }
    }
}

fn head(buffer: &[u8]) -> Result<Option<Head>, Failed> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let len = match response.parse(buffer) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Failed::NotHttp),
    };
    let status = response.code.ok_or(Failed::NotHttp)?;
    let value = |name: &str| {
        let found = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()
    };
    let framing = if matches!(status, 100..=199 | 204 | 304) {
        Framing::Length(0)
    } else if value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        Framing::Chunked
    } else if let Some(len) = value("content-length") {
        Framing::Length(len.trim().parse().map_err(|_| Failed::NotHttp)?)
    } else {
        Framing::UntilClose
    };
    let closes = framing == Framing::UntilClose
        || value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let retry_after_s = value("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    Ok(Some(Head { len, status, framing, closes, retry_after_s }))
}

/// The body of a chunked answer; `None` while it is not complete. Trailers are not kept.
fn dechunked(mut rest: &[u8]) -> Result<Option<Vec<u8>>, Failed> {
    let mut body = Vec::new();
    loop {
        let (start, len) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(Failed::NotHttp),
        };
        let len = usize::try_from(len).map_err(|_| Failed::NotHttp)?;
        let end = start + len;
        if rest.len() < end + 2 {
            return Ok(None);
        }
        if len == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(&rest[start..end]);
        rest = &rest[end + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_bodies_are_read_in_every_framing() {
        let read = |text: &str| {
            head(text.as_bytes()).map(|head| head.map(|head| (head.status, head.framing, head.closes)))
        };
        assert_eq!(
            read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            Ok(Some((200, Framing::Length(5), false)))
        );
        assert_eq!(read("HTTP/1.1 204 No Content\r\n\r\n"), Ok(Some((204, Framing::Length(0), false))));
        assert_eq!(
            read("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"),
            Ok(Some((200, Framing::Chunked, true)))
        );
        assert_eq!(read("HTTP/1.1 200 OK\r\n\r\n"), Ok(Some((200, Framing::UntilClose, true))));
        assert_eq!(read("HTTP/1.1 200"), Ok(None));
        assert_eq!(read("nonsense\r\n\r\n"), Err(Failed::NotHttp));
        let chunked = b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n";
        assert_eq!(dechunked(chunked), Ok(Some(b"Wikipedia".to_vec())));
        for cut in 0..chunked.len() {
            assert_eq!(dechunked(&chunked[..cut]), Ok(None), "at {cut}");
        }
        assert_eq!(dechunked(b"xyz\r\n"), Err(Failed::NotHttp));
    }
}

//! One question to a server on this machine: HTTP/1.1 over a connection of its own, JSON back.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long the connection and each part of the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest answer read, in bytes.
const ANSWER_LEN_MAX: u64 = 8 * 1024 * 1024;

/// The status and the JSON of a GET.
///
/// # Errors
/// When nobody answers in time, or not in HTTP with JSON.
pub(super) fn get(addr: SocketAddr, path: &str) -> io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {addr}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_LEN_MAX).read_to_end(&mut answer)?;
    understood(&answer)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP with JSON"))
}

fn understood(answer: &[u8]) -> Option<(u16, Value)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let mut words = head.lines().next()?.split(' ');
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    let status = words.next()?.parse().ok()?;
    Some((status, serde_json::from_slice(answer.get(end + 4..)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_with_json_is_understood() {
        let good = understood(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"a\":1}");
        assert_eq!(good, Some((200, serde_json::json!({ "a": 1 }))));
        for bad in [&b"HTTP/1.1 200 OK\r\n\r\n<p>"[..], b"SSH-2.0\r\n\r\n{}", b"HTTP/1.1 200 OK", b""] {
            assert_eq!(understood(bad), None);
        }
    }
}

//! One kept connection to the platform: a request, its answer, how long it took.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A connection that is kept.
pub struct Client {
    addr: SocketAddr,
    reader: BufReader<TcpStream>,
    token: String,
}

/// An answer and how long it took from the first byte sent to the last byte read.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// Wall time.
    pub took: Duration,
}

fn connect(addr: SocketAddr) -> std::io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

impl Client {
    /// Connects; `token` may be empty.
    pub fn new(addr: SocketAddr, token: &str) -> std::io::Result<Self> {
        Ok(Self { addr, reader: connect(addr)?, token: token.to_owned() })
    }

    /// Asks and waits for the whole answer.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        if !self.token.is_empty() {
            request.push_str(&format!("Authorization: Bearer {}\r\n", self.token));
        }
        if !body.is_empty() {
            request
                .push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        let begin = Instant::now();
        let (status, body) = match self.send(&request) {
            // A connection carries so many requests and no more; a read may be asked again.
            Err(_) if method == "GET" => {
                self.reader = connect(self.addr)?;
                self.send(&request)?
            }
            answer => answer?,
        };
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default(), took: begin.elapsed() })
    }

    fn send(&mut self, request: &str) -> std::io::Result<(u16, Vec<u8>)> {
        self.reader.get_mut().write_all(request.as_bytes())?;
        self.read()
    }

    fn read(&mut self) -> std::io::Result<(u16, Vec<u8>)> {
        let (mut status, mut length, mut chunked) = (0, 0, false);
        for n in 0.. {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if n == 0 {
                status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
            } else if line.is_empty() {
                break;
            } else if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            } else if line.starts_with("transfer-encoding:") {
                chunked = line.contains("chunked");
            }
        }
        let mut body = vec![0; length];
        if !chunked {
            self.reader.read_exact(&mut body)?;
            return Ok((status, body));
        }
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
            let mut part = vec![0; length + 2];
            self.reader.read_exact(&mut part)?;
            if length == 0 {
                return Ok((status, body));
            }
            body.extend_from_slice(&part[..length]);
        }
    }
}

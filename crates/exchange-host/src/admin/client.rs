//! The command line's end of the control socket.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::protocol::{REPLY_LEN_MAX, Reply, Request};
use super::socket::SOCKET_NAME;

/// Longest wait for an answer: a snapshot of a large exchange takes seconds.
const REPLY_WAIT_MAX: Duration = Duration::from_secs(120);

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The socket failed.
    #[error("the control socket: {0}")]
    Io(#[from] std::io::Error),
    /// The server's words make no sense.
    #[error("the server's answer cannot be read: {0}")]
    Answer(String),
}

/// A connection to a running server.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to the server that runs in `dir`; `None` when none does.
    pub fn connect(dir: &Path) -> Result<Option<Self>, ClientError> {
        match UnixStream::connect(dir.join(SOCKET_NAME)) {
            Ok(stream) => {
                stream.set_read_timeout(Some(REPLY_WAIT_MAX))?;
                Ok(Some(Self { stream }))
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Asks and waits for the answer.
    pub fn call(&mut self, request: &Request) -> Result<Reply, ClientError> {
        self.ask(request)
    }

    /// The same in the words of an [`super::Extension`].
    pub fn ask<Q: Serialize, A: DeserializeOwned>(&mut self, request: &Q) -> Result<A, ClientError> {
        let mut line = serde_json::to_vec(request).map_err(|error| ClientError::Answer(error.to_string()))?;
        line.push(b'\n');
        self.stream.write_all(&line)?;
        let mut answer = Vec::new();
        BufReader::new((&self.stream).take(REPLY_LEN_MAX as u64)).read_until(b'\n', &mut answer)?;
        if answer.last() != Some(&b'\n') {
            return Err(ClientError::Answer("it ends too early".to_owned()));
        }
        serde_json::from_slice(&answer).map_err(|error| ClientError::Answer(error.to_string()))
    }
}

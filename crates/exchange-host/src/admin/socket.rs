//! The control socket: administration of the running server from its own machine and user.
//!
//! A Unix socket of mode 0600 in the data directory; one JSON object per line each way, answered in order. It is made at a
//! temporary name and moved into place once its mode is right, so it is never open to others. Whoever holds the
//! directory's lock may take away a socket that lies there: its owner is gone.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::protocol::{REQUEST_LEN_MAX, Reply, Request};
use super::{Admin, AdminError};
use crate::OpenError;
use crate::files::failed;

/// Name of the socket in the data directory.
pub const SOCKET_NAME: &str = "control.sock";
/// Connections at a time: administrators are few, each costs a thread.
const CONNECTIONS_MAX: usize = 8;
/// A connection that says nothing for so long is closed.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The listening thread. Dropping it closes the socket and waits for what is being carried out.
#[derive(Debug)]
pub(crate) struct ControlSocket {
    path: PathBuf,
    closing: Arc<AtomicBool>,
    /// The listening socket itself, to end the wait on it: its name in the directory may be gone or somebody else's.
    waker: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl ControlSocket {
    /// Listens in `dir`. The caller holds the directory's lock.
    pub(crate) fn open(dir: &Path, admin: Admin) -> Result<Self, OpenError> {
        let path = dir.join(SOCKET_NAME);
        let unfinished = dir.join("control.sock.new");
        for left_over in [&path, &unfinished] {
            match std::fs::remove_file(left_over) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(left_over)(error)),
                _ => {}
            }
        }
        let listener = UnixListener::bind(&unfinished).map_err(failed(&unfinished))?;
        std::fs::set_permissions(&unfinished, Permissions::from_mode(0o600)).map_err(failed(&unfinished))?;
        std::fs::rename(&unfinished, &path).map_err(failed(&path))?;
        let waker = UnixStream::from(OwnedFd::from(listener.try_clone().map_err(failed(&path))?));
        let closing = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&closing);
        let thread = std::thread::Builder::new()
            .name("exchange-control".to_owned())
            .spawn(move || listen(&listener, &admin, &closed))
            .map_err(failed(&path))?;
        Ok(Self { path, closing, waker, thread: Some(thread) })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        if let Err(error) = self.waker.shutdown(Shutdown::Both) {
            // Nobody wakes the listener, and a stop that hangs is worse than a thread that the process takes along.
            tracing::warn!(%error, "the control socket could not be closed");
        } else if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the control socket's thread ended by a panic");
        }
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, "the control socket could not be removed");
        }
    }
}

/// A connection's thread, and its stream to end it with.
struct Connection {
    stream: UnixStream,
    thread: JoinHandle<()>,
}

fn listen(listener: &UnixListener, admin: &Admin, closing: &AtomicBool) {
    let mut connections: Vec<Connection> = Vec::new();
    for incoming in listener.incoming() {
        if closing.load(Ordering::Acquire) {
            break;
        }
        connections.retain(|connection| !connection.thread.is_finished());
        match incoming.and_then(|stream| accept(stream, admin, connections.len())) {
            Ok(Some(connection)) => connections.push(connection),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a connection to the control socket failed"),
        }
    }
    for connection in connections {
        // What is being carried out gets its answer; then the reader sees the end.
        let _ = connection.stream.shutdown(Shutdown::Read);
        if connection.thread.join().is_err() {
            tracing::error!("a connection of the control socket ended by a panic");
        }
    }
}

fn accept(mut stream: UnixStream, admin: &Admin, others: usize) -> std::io::Result<Option<Connection>> {
    stream.set_read_timeout(Some(IDLE_MAX))?;
    stream.set_write_timeout(Some(IDLE_MAX))?;
    if others >= CONNECTIONS_MAX {
        answer(&mut stream, &refusal(&AdminError::Busy))?;
        return Ok(None);
    }
    let (admin, own) = (admin.clone(), stream.try_clone()?);
    let thread = std::thread::Builder::new().name("exchange-admin".to_owned()).spawn(move || {
        if let Err(error) = converse(&own, &admin) {
            tracing::debug!(%error, "a connection to the control socket ended");
        }
        // The listener still has its copy of the stream: closing ours would not be seen by the other side.
        let _ = own.shutdown(Shutdown::Both);
    })?;
    Ok(Some(Connection { stream, thread }))
}

/// Answers one line after the other until the other side ends, errs or falls silent.
fn converse(mut stream: &UnixStream, admin: &Admin) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        (&mut reader).take(REQUEST_LEN_MAX as u64 + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        if line.len() > REQUEST_LEN_MAX {
            let error = AdminError::BadRequest(format!("it is longer than {REQUEST_LEN_MAX} bytes"));
            return answer(&mut stream, &refusal(&error));
        }
        let reply = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => admin.perform(request),
            Err(_) if let Some(mut answer) = admin.extended(&line) => {
                answer.push(b'\n');
                stream.write_all(&answer)?;
                continue;
            }
            Err(error) => refusal(&AdminError::BadRequest(error.to_string())),
        };
        answer(&mut stream, &reply)?;
    }
}

fn refusal(error: &AdminError) -> Reply {
    Reply::Error { code: error.code().to_owned(), message: error.to_string() }
}

fn answer(stream: &mut impl Write, reply: &Reply) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    stream.write_all(&line)
}

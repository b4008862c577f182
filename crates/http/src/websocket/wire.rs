//! The socket of one connection, shared by those who read it and those who write it.
//!
//! Frames are put together and written at once, so that a burst of messages costs one system call; between two bursts nothing is
//! held. Who has a message while nothing waits may write it past the connection's task ([`Wire::put_now`]): waking that task
//! costs more than the write.

use std::fmt;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::unconstrained;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, OpCode};

/// Bytes that are put together before they are written.
const BURST_LEN: usize = 32 * 1024;
/// Longest head of a frame that is not masked.
const HEAD_LEN_MAX: usize = 10;

/// What became of a message that was to be written at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Now {
    /// It is on its way.
    Written,
    /// It is accepted, but the socket did not take all of it: somebody has to flush.
    Begun,
    /// Others come first, or the connection is over: nothing happened.
    Refused,
}

/// Writing past the connection's task, whatever the socket is.
pub(super) trait PutNow: Send + Sync + fmt::Debug {
    /// Writes a message if nothing waits in front of it, neither here nor among the `queued` ones.
    fn put_now(&self, queued: &AtomicUsize, kind: OpCode, deflated: bool, payload: &[u8]) -> Now;
}

/// See the module.
pub(super) struct Wire<S> {
    // Held for one read or write, never across an await.
    inner: Mutex<Inner<S>>,
}

struct Inner<S> {
    /// Gone when the connection is over, whoever still holds the wire.
    socket: Option<S>,
    out: Vec<u8>,
    /// So many bytes of `out` are written. A write that is given up is gone on with by the next.
    written: usize,
    /// A goodbye was put: nothing comes behind it.
    closed: bool,
}

impl<S> fmt::Debug for Wire<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl<S> Inner<S> {
    /// Puts a whole message behind what waits to be written. Ours are not masked (RFC 6455 §5.1).
    fn put(&mut self, kind: OpCode, deflated: bool, payload: &[u8]) {
        self.out.reserve(HEAD_LEN_MAX + payload.len());
        let head = FrameHeader { is_final: true, rsv1: deflated, opcode: kind, ..FrameHeader::default() };
        // Writing to memory never fails.
        let _ = head.format(payload.len() as u64, &mut self.out);
        self.out.extend_from_slice(payload);
    }
}

impl<S: AsyncWrite + Unpin> Inner<S> {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(socket) = &mut self.socket else { return Poll::Ready(Err(ErrorKind::NotConnected.into())) };
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut *socket).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                count => self.written += count,
            }
        }
        (self.out, self.written) = (Vec::new(), 0);
        Pin::new(socket).poll_flush(cx)
    }
}

impl<S> Wire<S> {
    pub(super) const fn new(socket: S) -> Self {
        let inner = Inner { socket: Some(socket), out: Vec::new(), written: 0, closed: false };
        Self { inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a whole message behind what waits to be written.
    pub(super) fn put(&self, kind: OpCode, deflated: bool, payload: &[u8]) {
        self.inner().put(kind, deflated, payload);
    }

    /// Whether so much waits that it should be written first.
    pub(super) fn is_full(&self) -> bool {
        self.inner().out.len() >= BURST_LEN
    }

    /// Lets go of the socket: the connection is over, whoever still holds the wire.
    pub(super) fn cut(&self) {
        let mut inner = self.inner();
        (inner.socket, inner.out, inner.written) = (None, Vec::new(), 0);
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    pub(super) fn poll_read(&self, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner().socket {
            Some(socket) => Pin::new(socket).poll_read(cx, room),
            None => Poll::Ready(Err(ErrorKind::NotConnected.into())),
        }
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Writes all that waits. May be dropped and called again.
    pub(super) async fn flush(&self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.inner().poll_flush(cx)).await
    }

    /// Says goodbye behind what waits. `None` answers a goodbye that gave no code.
    pub(super) async fn close(&self, code: Option<CloseCode>, reason: &str) {
        let payload = code.map_or_else(Vec::new, |code| {
            let mut payload = u16::from(code).to_be_bytes().to_vec();
            payload.extend_from_slice(reason.as_bytes());
            payload
        });
        {
            let mut inner = self.inner();
            inner.closed = true;
            inner.put(OpCode::Control(Control::Close), false, &payload);
        }
        // A client that is gone needs no goodbye.
        let _ = self.flush().await;
    }

    /// Ends the sending side.
    pub(super) async fn shutdown(&self) {
        let ended = std::future::poll_fn(|cx| match &mut self.inner().socket {
            Some(socket) => Pin::new(socket).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        });
        let _ = ended.await;
    }
}

impl<S: AsyncWrite + Unpin + Send> PutNow for Wire<S> {
    fn put_now(&self, queued: &AtomicUsize, kind: OpCode, deflated: bool, payload: &[u8]) -> Now {
        let mut inner = self.inner();
        // Looked at under the lock: a queued message is counted until it was put.
        let first = inner.out.is_empty() && queued.load(Ordering::Acquire) == 0;
        if !first || inner.closed || inner.socket.is_none() {
            return Now::Refused;
        }
        inner.put(kind, deflated, payload);
        // The caller may write to thousands: its task's budget, meant for one connection, is not to be spent on them. Nobody is
        // woken when there is room again: who gets `Begun` sees to that.
        let whole = std::future::poll_fn(|cx| inner.poll_flush(cx));
        match unconstrained(whole).now_or_never() {
            Some(Ok(())) => Now::Written,
            // An error is met once more, and told, by who flushes.
            Some(Err(_)) | None => Now::Begun,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures_util::FutureExt;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;

    use super::*;

    /// Takes a byte at a time, every second call.
    #[derive(Default)]
    struct Narrow {
        taken: Vec<u8>,
        calls: usize,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.calls += 1;
            if self.calls.is_multiple_of(2) {
                return Poll::Pending;
            }
            self.taken.extend(&bytes[..1]);
            Poll::Ready(Ok(1))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_write_that_was_given_up_is_gone_on_with_and_a_goodbye_comes_behind_it() {
        let writer = Wire::new(Narrow::default());
        writer.put(OpCode::Data(Data::Text), false, b"one");
        writer.put(OpCode::Data(Data::Binary), true, &[7; 200]);
        for _ in 0..3 {
            assert!(writer.flush().now_or_never().is_none(), "given up");
        }
        assert!(writer.close(Some(CloseCode::Again), "slow").now_or_never().is_none());
        while writer.flush().now_or_never().is_none() {}
        let inner = writer.inner();
        let taken = &inner.socket.as_ref().unwrap().taken;
        let mut want = vec![0x81, 3, b'o', b'n', b'e', 0xc2, 126, 0, 200];
        want.extend([7; 200]);
        want.extend([0x88, 6, 0x03, 0xf5, b's', b'l', b'o', b'w']);
        assert_eq!(*taken, want);
        assert_eq!(inner.out.capacity(), 0, "nothing is held between bursts");
    }

    const TEXT: OpCode = OpCode::Data(Data::Text);

    #[test]
    fn a_message_is_written_at_once_only_when_it_is_the_first_and_before_the_goodbye() {
        let wire = Wire::new(Narrow::default());
        let queued = AtomicUsize::new(1);
        assert_eq!(wire.put_now(&queued, TEXT, false, b"a"), Now::Refused, "one is queued");
        queued.store(0, Ordering::Release);
        assert_eq!(wire.put_now(&queued, TEXT, false, b"a"), Now::Begun, "it takes a byte at a time");
        assert_eq!(wire.put_now(&queued, TEXT, false, b"b"), Now::Refused, "the first is not through");
        while wire.flush().now_or_never().is_none() {}
        wire.put(TEXT, false, b"c");
        assert_eq!(wire.put_now(&queued, TEXT, false, b"d"), Now::Refused, "one is put");
        while wire.flush().now_or_never().is_none() {}
        let _ = wire.close(None, "").now_or_never();
        while wire.flush().now_or_never().is_none() {}
        assert_eq!(wire.put_now(&queued, TEXT, false, b"e"), Now::Refused, "goodbye was said");
        let want = [0x81, 1, b'a', 0x81, 1, b'c', 0x88, 0];
        assert!(wire.inner().socket.as_ref().unwrap().taken.starts_with(&want));
        wire.cut();
        assert_eq!(wire.put_now(&queued, TEXT, false, b"f"), Now::Refused, "it is over");
        assert!(wire.flush().now_or_never().unwrap().is_err());
    }

    #[tokio::test]
    async fn one_task_writes_at_once_to_more_than_its_budget_of_sockets() {
        let queued = AtomicUsize::new(0);
        for n in 0..1_000 {
            let (socket, mut client) = tokio::io::duplex(64);
            let wire = Wire::new(socket);
            assert_eq!(wire.put_now(&queued, TEXT, false, b"hello"), Now::Written, "{n}");
            drop(wire);
            let mut got = Vec::new();
            unconstrained(tokio::io::AsyncReadExt::read_to_end(&mut client, &mut got)).await.unwrap();
            assert_eq!(got, b"\x81\x05hello");
        }
    }
}

//! A byte stream that ends when its client makes the server wait too long.
//!
//! A connection is always in one [`Phase`]. While it is idle or in a request head, reading past the phase's deadline
//! fails with `TimedOut`. The head's deadline counts from its first byte, so bytes that drip in do not extend it. While a
//! request is being served there is no read deadline here (the body has its own), and a WebSocket has its own rules. A
//! write that makes no progress for `write_stall_max` fails in every phase.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::{Counters, Limits};

/// What the connection is doing. Set by the connection, read by the stream below it.
#[derive(Debug)]
pub(crate) struct Phase(AtomicU8);

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const BUSY: u8 = 2;

impl Phase {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU8::new(IDLE)))
    }

    /// A whole head was read and its request is being served, or the connection became a WebSocket.
    pub(crate) fn busy(&self) {
        self.0.store(BUSY, Ordering::Release);
    }

    /// The answer is on its way; the next request may come.
    pub(crate) fn idle(&self) {
        self.0.store(IDLE, Ordering::Release);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

/// The stream with its two clocks.
#[derive(Debug)]
pub(crate) struct Timed<S> {
    io: S,
    phase: Arc<Phase>,
    counters: Arc<Counters>,
    head_read_max: Duration,
    idle_max: Duration,
    write_stall_max: Duration,
    /// The phase that the read clock was set for.
    armed_for: Option<u8>,
    read_clock: Pin<Box<Sleep>>,
    stalled: bool,
    write_clock: Pin<Box<Sleep>>,
}

impl<S> Timed<S> {
    pub(crate) fn new(io: S, phase: Arc<Phase>, counters: Arc<Counters>, limits: &Limits) -> Self {
        Self {
            io,
            phase,
            counters,
            head_read_max: limits.head_read_max,
            idle_max: limits.idle_max,
            write_stall_max: limits.write_stall_max,
            armed_for: None,
            read_clock: Box::pin(sleep(Duration::ZERO)),
            stalled: false,
            write_clock: Box::pin(sleep(Duration::ZERO)),
        }
    }

    /// Fails once the phase's read deadline has passed; otherwise registers to be woken then.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let phase = self.phase.get();
        if phase == BUSY {
            self.armed_for = None;
            return Ok(());
        }
        if self.armed_for != Some(phase) {
            let wait = if phase == HEAD { self.head_read_max } else { self.idle_max };
            self.read_clock.as_mut().reset(Instant::now() + wait);
            self.armed_for = Some(phase);
        }
        match self.read_clock.as_mut().poll(cx) {
            Poll::Ready(()) => Err(self.timed_out()),
            Poll::Pending => Ok(()),
        }
    }

    /// Passes a write's outcome on and fails when writes have made no progress for too long.
    fn watch_write<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = false;
            return outcome;
        }
        if !self.stalled {
            self.stalled = true;
            self.write_clock.as_mut().reset(Instant::now() + self.write_stall_max);
        }
        ready!(self.write_clock.as_mut().poll(cx));
        Poll::Ready(Err(self.timed_out()))
    }

    fn timed_out(&self) -> io::Error {
        Counters::add(&self.counters.timed_out);
        io::ErrorKind::TimedOut.into()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Bytes that are there already do not win against a deadline that has passed.
        self.poll_read_deadline(cx)?;
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        if buf.filled().len() > before && self.phase.get() == IDLE {
            self.phase.0.store(HEAD, Ordering::Release);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(cx, buf);
        self.watch_write(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.watch_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_flush(cx);
        self.watch_write(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_shutdown(cx);
        self.watch_write(cx, outcome)
    }
}

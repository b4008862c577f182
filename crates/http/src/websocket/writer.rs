//! The writing half: frames are put together and written at once, so that a burst of messages costs one system call. Between two
//! bursts it holds no memory.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, OpCode};

/// Bytes that are put together before they are written.
const BURST_LEN: usize = 32 * 1024;
/// Longest head of a frame that is not masked.
const HEAD_LEN_MAX: usize = 10;

#[derive(Debug)]
pub(super) struct Writer<W> {
    sink: W,
    out: Vec<u8>,
    /// So many bytes of `out` are written. A write that is given up is gone on with by the next.
    written: usize,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(super) const fn new(sink: W) -> Self {
        Self { sink, out: Vec::new(), written: 0 }
    }

    /// Puts a whole message behind what waits to be written. Ours are not masked (RFC 6455 §5.1).
    pub(super) fn put(&mut self, kind: OpCode, deflated: bool, payload: &[u8]) {
        self.out.reserve(HEAD_LEN_MAX + payload.len());
        let head = FrameHeader { is_final: true, rsv1: deflated, opcode: kind, ..FrameHeader::default() };
        // Writing to memory never fails.
        let _ = head.format(payload.len() as u64, &mut self.out);
        self.out.extend_from_slice(payload);
    }

    /// Whether so much waits that it should be written first.
    pub(super) fn is_full(&self) -> bool {
        self.out.len() >= BURST_LEN
    }

    /// Writes all that waits. May be dropped and called again.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.sink.write(rest).await? {
                0 => return Err(ErrorKind::WriteZero.into()),
                count => self.written += count,
            }
        }
        (self.out, self.written) = (Vec::new(), 0);
        self.sink.flush().await
    }

    /// Says goodbye behind what waits. `None` answers a goodbye that gave no code.
    pub(super) async fn close(&mut self, code: Option<CloseCode>, reason: &str) {
        let payload = code.map_or_else(Vec::new, |code| {
            let mut payload = u16::from(code).to_be_bytes().to_vec();
            payload.extend_from_slice(reason.as_bytes());
            payload
        });
        self.put(OpCode::Control(Control::Close), false, &payload);
        // A client that is gone needs no goodbye.
        let _ = self.flush().await;
    }

    /// Ends the sending side.
    pub(super) async fn shutdown(&mut self) {
        let _ = self.sink.shutdown().await;
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
        let mut writer = Writer::new(Narrow::default());
        writer.put(OpCode::Data(Data::Text), false, b"one");
        writer.put(OpCode::Data(Data::Binary), true, &[7; 200]);
        for _ in 0..3 {
            assert!(writer.flush().now_or_never().is_none(), "given up");
        }
        assert!(writer.close(Some(CloseCode::Again), "slow").now_or_never().is_none());
        while writer.flush().now_or_never().is_none() {}
        let taken = &writer.sink.taken;
        let mut want = vec![0x81, 3, b'o', b'n', b'e', 0xc2, 126, 0, 200];
        want.extend([7; 200]);
        want.extend([0x88, 6, 0x03, 0xf5, b's', b'l', b'o', b'w']);
        assert_eq!(*taken, want);
        assert_eq!(writer.out.capacity(), 0, "nothing is held between bursts");
    }
}

//! A part of a task that is polled only when it was woken itself.
//!
//! A WebSocket's task waits for many things at once and is woken mostly for one of them: a message to write. Without a gate
//! every message polls all of them, which costs more than writing it does.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker, ready};

use futures_util::Stream;
use futures_util::task::AtomicWaker;

/// See the module.
#[derive(Debug)]
pub(super) struct Gate<S> {
    inner: Pin<Box<S>>,
    bell: Arc<Bell>,
    waker: Waker,
}

#[derive(Debug)]
struct Bell {
    rung: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl<S: Stream> Gate<S> {
    pub(super) fn new(inner: S) -> Self {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), task: AtomicWaker::new() });
        Self { inner: Box::pin(inner), waker: Waker::from(Arc::clone(&bell)), bell }
    }
}

impl<S: Stream> Stream for Gate<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        // First the waker, then the look: a ring in between wakes the task again.
        this.bell.task.register(cx.waker());
        if !this.bell.rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let item = ready!(this.inner.as_mut().poll_next(&mut Context::from_waker(&this.waker)));
        // It registered with nobody: the next poll must look again.
        this.bell.rung.store(true, Ordering::Release);
        Poll::Ready(item)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures_util::{FutureExt, StreamExt};
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn it_is_polled_once_per_ring_and_misses_none() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let polls = AtomicUsize::new(0);
        let counted = futures_util::stream::poll_fn(|cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            receiver.poll_recv(cx)
        });
        let mut gate = Gate::new(counted);
        for _ in 0..10 {
            assert!(gate.next().now_or_never().is_none());
        }
        assert_eq!(polls.load(Ordering::Relaxed), 1, "nobody rang");
        sender.send(1).unwrap();
        assert_eq!(gate.next().await, Some(1));
        assert!(gate.next().now_or_never().is_none());
        assert!(gate.next().now_or_never().is_none());
        assert_eq!(polls.load(Ordering::Relaxed), 3);
        // Rung from another task, it wakes the task that waits for it.
        let other = tokio::spawn(async move { (2..=4).for_each(|n| sender.send(n).unwrap()) });
        assert_eq!(gate.by_ref().take(3).collect::<Vec<_>>().await, [2, 3, 4]);
        assert_eq!(gate.next().await, None, "the sender is gone");
        other.await.unwrap();
    }
}

//! News to any number of listeners. A listener that is too slow loses the oldest and is told how many.

use tokio::sync::broadcast;

/// Most events a slow listener may lag behind.
const LAG_MAX: usize = 4_096;

/// A source of news.
#[derive(Clone, Debug)]
pub struct Topic<T: Clone>(broadcast::Sender<T>);

impl<T: Clone> Default for Topic<T> {
    fn default() -> Self {
        Self(broadcast::channel(LAG_MAX).0)
    }
}

impl<T: Clone> Topic<T> {
    /// Tells everybody who listens; nobody may.
    pub fn publish(&self, event: T) {
        let _ = self.0.send(event);
    }

    /// Listens from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription<T> {
        Subscription(self.0.subscribe())
    }
}

/// A listener.
#[derive(Debug)]
pub struct Subscription<T>(broadcast::Receiver<T>);

impl<T: Clone> Subscription<T> {
    /// The next event; `Err` with the number of events that were lost to slowness; `None` when the source is gone.
    pub async fn next(&mut self) -> Option<Result<T, u64>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(broadcast::error::RecvError::Lagged(lost)) => Some(Err(lost)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// The same, blocking this thread. Not for async tasks.
    pub fn wait(&mut self) -> Option<Result<T, u64>> {
        match self.0.blocking_recv() {
            Ok(event) => Some(Ok(event)),
            Err(broadcast::error::RecvError::Lagged(lost)) => Some(Err(lost)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_listener_is_told_what_it_lost() {
        let topic = Topic::default();
        topic.publish(0);
        let mut slow = topic.subscribe();
        for n in 1..=LAG_MAX + 2 {
            topic.publish(n);
        }
        assert_eq!(slow.wait(), Some(Err(2)));
        assert_eq!(slow.wait(), Some(Ok(3)));
        drop(topic);
        let mut last = None;
        while let Some(event) = slow.wait() {
            last = Some(event);
        }
        assert_eq!(last, Some(Ok(LAG_MAX + 2)));
    }
}

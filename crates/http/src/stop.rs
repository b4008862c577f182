//! The signal to end: one [`Stopper`] ends everything that holds a [`Stop`]. Dropping the stopper stops too.

use tokio::sync::watch;

/// Ends all who wait on the matching [`Stop`].
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Tells when to end. Clones wait for the same signal.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A connected pair.
#[must_use]
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Gives the signal; further calls do nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns once the signal was given or its [`Stopper`] is gone. Safe to drop and call again.
    pub async fn wait(&mut self) {
        // An error means that the stopper is gone, which is the signal too.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }

    /// True once the signal was given.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn a_stop_reaches_every_clone_and_stays() {
        let (stopper, stop) = super::stop();
        let mut clone = stop.clone();
        assert!(!stop.is_stopped());
        stopper.stop();
        clone.wait().await;
        clone.wait().await;
        assert!(stop.is_stopped());
    }

    #[tokio::test]
    async fn a_lost_stopper_stops() {
        let (stopper, mut stop) = super::stop();
        drop(stopper);
        stop.wait().await;
        assert!(stop.is_stopped());
    }
}

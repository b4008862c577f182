//! Drives the crowd against a running host: one tick every [`TICK_MS`] of wall time, in which the market lives through that
//! times its speed. A tick's command is handed in relaxed, so it rides with the next commit and costs at most one sync of
//! its own; the next tick waits for its receipt, so participants always see what they did.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use types::{AccountId, AssetId, Market, Money, OrderView};

use super::{Crowd, Floor, TICK_MS};
use crate::{Handle, SubmitError, View};

impl Floor for View {
    fn markets(&self) -> Vec<Market> {
        self.catalog().markets.clone()
    }

    fn is_open(&self, account: AccountId) -> bool {
        self.account(account).is_some()
    }

    fn orders(&self, account: AccountId, each: &mut dyn FnMut(&OrderView)) {
        self.open_orders(account, None).iter().for_each(each);
    }

    fn holding(&self, account: AccountId, asset: AssetId) -> (Money, Money) {
        let held = self.balances(account).balances.into_iter().find(|held| held.asset == asset);
        held.map_or((Money::ZERO, Money::ZERO), |held| (held.available, held.locked))
    }
}

/// Running participants; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only if they have ended already.
        let _ = self.stop.send(());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the simulated participants ended by a panic");
        }
    }
}

/// Starts a crowd on a host. Their first tick is done when this returns: a new exchange has its books filled.
/// `percent` tells the market's speed in percent of normal; 0 halts it.
pub(crate) fn start(
    handle: &Handle,
    crowd: Crowd,
    percent: impl Fn() -> u32 + Send + 'static,
) -> Result<Running, SubmitError> {
    let (stop, told) = channel();
    let mut driver = Driver { handle: handle.clone(), crowd, percent, stop: told };
    driver.first()?;
    let run = std::thread::Builder::new().name("participants".to_owned()).spawn(move || driver.run());
    // Without a thread there is no market that moves, but an exchange all the same.
    let thread = run.inspect_err(|error| tracing::error!(%error, "no simulated participants")).ok();
    Ok(Running { stop, thread })
}

struct Driver<S> {
    handle: Handle,
    crowd: Crowd,
    percent: S,
    stop: Receiver<()>,
}

impl<S: Fn() -> u32> Driver<S> {
    fn first(&mut self) -> Result<(), SubmitError> {
        let mut next = self.crowd.clone();
        let command = next.step(TICK_MS, self.handle.view());
        match self.handle.submit(command, None).wait() {
            Ok(_) => self.crowd = next,
            // They begin when there is space again.
            Err(SubmitError::NoRoom) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Ticks until told to stop or until the host accepts nothing any more. A tick that comes too late is left out, not made up
    /// for: market time then passes more slowly.
    fn run(mut self) {
        let period = Duration::from_millis(TICK_MS.unsigned_abs());
        let mut due = Instant::now() + period;
        loop {
            match self.stop.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
            due = (due + period).max(Instant::now());
            match self.tick() {
                // The exchange has better things to do, or no disk space; the same tick comes again.
                Ok(()) | Err(SubmitError::Busy | SubmitError::Late | SubmitError::NoRoom) => {}
                Err(SubmitError::Refused(refusal)) => {
                    tracing::error!(%refusal, "the simulated participants stop: their batch was refused");
                    return;
                }
                Err(SubmitError::Stopped) => return,
            }
        }
    }

    fn tick(&mut self) -> Result<(), SubmitError> {
        let dt_ms = TICK_MS * i64::from((self.percent)()) / 100;
        if dt_ms == 0 {
            return Ok(());
        }
        let mut next = self.crowd.clone();
        let command = next.step(dt_ms, self.handle.view());
        self.handle.submit_relaxed(command).wait()?;
        self.crowd = next;
        Ok(())
    }
}

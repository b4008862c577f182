//! Keeps what the limits of accounts need current: money from outside, and the results of accounts whose losses are limited.

use std::sync::Arc;
use std::time::Duration;

use exchange_host::Batch;
use http::Stop;
use store::account_risk;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;
use types::{AccountId, Event};

use super::Lane;

/// How often results are looked at.
const EVERY: Duration = Duration::from_secs(10);
/// Rows read at a time.
const PAGE: u32 = 1_000;

impl Lane {
    /// Starts keeping. Results that changed since are stored when it ends.
    pub(in crate::platform) fn keep(&self, stop: Stop) -> tokio::task::JoinHandle<()> {
        let (lane, batches) = (self.clone(), self.0.handle.batches());
        // What came before is found when an account is read.
        self.0.heard.send_replace(self.0.handle.now());
        tokio::spawn(async move {
            tokio::join!(lane.listen(batches, stop.clone()), lane.watch(stop));
        })
    }

    /// Hears of money from outside. Nothing else is waited for here: judging waits for what was heard.
    async fn listen(&self, mut batches: Receiver<Arc<Batch>>, mut stop: Stop) {
        loop {
            tokio::select! {
                () = stop.wait() => return,
                on = self.heard(&mut batches) => if !on { return },
            }
        }
    }

    /// Looks at results from time to time.
    async fn watch(&self, mut stop: Stop) {
        self.load_limited().await;
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.wait() => break,
                _ = ticks.tick() => self.observe().await,
            }
        }
        self.observe().await;
    }

    /// Accounts with limits are watched from the start, also when nobody trades.
    async fn load_limited(&self) {
        let numbers = self.0.follow.numbers();
        let mut after = None;
        loop {
            let page = match account_risk::limited_of_all(&mut self.0.store.read(), after, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, "accounts with limits could not be listed; each is read when it trades");
                    return;
                }
            };
            let Some(last) = page.last() else { return };
            after = Some(last.account_id);
            for row in &page {
                let Some(number) = numbers.get(&row.account_id) else { continue };
                if let Err(error) = self.ensure(*number).await {
                    tracing::warn!(%error, account = %row.account_id, "an account could not be weighed; it is when it trades");
                }
            }
        }
    }

    /// Takes in a batch; false when the exchange has ended.
    async fn heard(&self, batches: &mut Receiver<Arc<Batch>>) -> bool {
        match batches.recv().await {
            Ok(batch) => {
                self.transfers(&batch);
                if let Some(last) = batch.applied.last() {
                    self.0.heard.send_replace(last.at);
                }
                true
            }
            Err(RecvError::Lagged(_)) => {
                // A transfer may be among what was missed: each account is read again before it is used.
                self.kept().values_mut().for_each(|kept| kept.sound = false);
                self.0.heard.send_replace(self.0.handle.now());
                true
            }
            Err(RecvError::Closed) => false,
        }
    }

    fn transfers(&self, batch: &Batch) {
        for applied in &batch.applied {
            for event in applied.events.iter() {
                let Event::Transfer { account, asset, delta } = event else { continue };
                if let Some(kept) = self.kept().get_mut(account)
                    && applied.at > kept.since
                {
                    kept.account.transfer(*asset, *delta);
                }
            }
        }
    }

    /// Looks at results whose losses are limited, and stores what changed.
    async fn observe(&self) {
        let watched: Vec<AccountId> = {
            let all = self.kept();
            all.iter().filter(|(_, kept)| kept.account.limits().watches_losses()).map(|(id, _)| *id).collect()
        };
        for number in watched {
            if self.ensure(number).await.is_err() {
                continue;
            }
            let changed = self.look(number, |kept, seen| {
                kept.account.observe(&seen.standing());
                kept.account.results() != kept.noted
            });
            if changed.await.unwrap_or(false) {
                self.note(number).await;
            }
        }
    }
}

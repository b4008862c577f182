//! The way to a pool of PostgreSQL, closed by a circuit breaker while the server does not answer.
//!
//! A caller that waits for a connection longer than [`PROBE_AFTER`] does not know why: all are in use, or there is no server. One probe
//! beside the pool tells them all. Whoever asks how the database is ([`Gate::look`]) is answered by a probe too, and one that succeeds opens the
//! way at once: the minute of the breaker is for those who would only find out.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use breaker::{Breaker, State};
use sqlx::Connection as _;
use sqlx::postgres::PgConnectOptions;
use tokio::time::Instant;

use crate::backend::postgres;
use crate::error::StoreError;
use crate::options::Class;

/// A wait for a connection that is worth a question.
const PROBE_AFTER: Duration = Duration::from_millis(250);
/// What a probe found holds so long.
const PROBE_HOLDS: Duration = Duration::from_secs(1);

/// The way to a pool.
pub(crate) struct Gate {
    /// The pool's name.
    name: &'static str,
    class: Class,
    server: PgConnectOptions,
    begun: Instant,
    // Held for a look or a change, never across an await.
    breaker: Mutex<Breaker>,
    /// When the server was asked last, and what it said if it was silent. Held while one asks, so that the others wait for that answer.
    probed: tokio::sync::Mutex<Option<(Instant, Option<String>)>>,
}

impl Gate {
    pub(crate) fn new(name: &'static str, class: Class, server: &PgConnectOptions) -> Self {
        Self {
            name,
            class,
            server: server.clone(),
            begun: Instant::now(),
            breaker: Mutex::default(),
            probed: tokio::sync::Mutex::default(),
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    pub(crate) fn state(&self) -> State {
        self.breaker().state()
    }

    /// Waits for a connection, if the breaker lets it; `writes` is for the error.
    pub(crate) async fn pass<T>(
        &self,
        writes: bool,
        asking: impl Future<Output = Result<T, sqlx::Error>> + Unpin,
    ) -> Result<T, StoreError> {
        let now = self.now_ms();
        let (admitted, retry_ms) = {
            let mut breaker = self.breaker();
            (breaker.admits(now), breaker.retry_ms(now))
        };
        if !admitted {
            let retry_s = u32::try_from(retry_ms.max(0) / 1_000 + 1).unwrap_or(u32::MAX);
            return Err(StoreError::Away { writes, retry_s });
        }
        let outcome = self.patiently(asking).await;
        self.tell(outcome.as_ref().err().filter(|error| matches!(error, StoreError::Unreachable(_))));
        outcome
    }

    async fn patiently<T>(
        &self,
        mut asking: impl Future<Output = Result<T, sqlx::Error>> + Unpin,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(PROBE_AFTER, &mut asking).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => tokio::select! {
                outcome = &mut asking => Ok(outcome?),
                error = Box::pin(self.silence()) => Err(error),
            },
        }
    }

    /// Resolves when the server is found to be away; never while it only has much to do.
    async fn silence(&self) -> StoreError {
        loop {
            if let Err(error) = self.probe().await {
                return error;
            }
            tokio::time::sleep(PROBE_HOLDS).await;
        }
    }

    /// Asks the server beside the pool; all who want to know at the same time share one question.
    async fn probe(&self) -> Result<(), StoreError> {
        let mut probed = self.probed.lock().await;
        if let Some((at, found)) = &*probed
            && at.elapsed() < PROBE_HOLDS
        {
            return found.as_ref().map_or(Ok(()), |why| Err(StoreError::Unreachable(why.clone())));
        }
        let asked = postgres::connect(&self.server, self.class).await;
        let found = match asked {
            Ok(connection) => {
                let _ = connection.close().await;
                None
            }
            // One that says no is there.
            Err(StoreError::Unreachable(why)) => Some(why),
            Err(_) => None,
        };
        *probed = Some((Instant::now(), found.clone()));
        found.map_or(Ok(()), |why| Err(StoreError::Unreachable(why)))
    }

    /// Whether the server answers, whatever the breaker says; if it does, the way is free.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        self.probe().await
    }

    /// The server was seen to answer.
    pub(crate) fn heal(&self) {
        if self.state() != State::Closed {
            *self.breaker() = Breaker::default();
            self.said(None);
        }
    }

    fn tell(&self, failure: Option<&StoreError>) {
        let now = self.now_ms();
        let (before, after) = {
            let mut breaker = self.breaker();
            let before = breaker.state();
            breaker.tell(failure.is_some(), now);
            (before, breaker.state())
        };
        if before != after {
            self.said(failure);
        }
    }

    /// What changes is logged once.
    fn said(&self, failure: Option<&StoreError>) {
        let pool = self.name;
        match failure {
            Some(error) => {
                tracing::error!(%error, pool, "the database does not answer; it is left alone for a minute");
            }
            None => tracing::info!(pool, "the database answers again"),
        }
    }
}

//! A standby of PostgreSQL that answers long reads, as long as it is known to be nearly up to date.
//!
//! How far behind it is follows from positions in the log, not from clocks: every second the primary is asked where it is and the standby
//! how far it has replayed. A standby that has all that the primary had at a moment is as fresh as that moment. Beyond [`LAG_MAX`], while
//! its breaker is open, when it fails or when it is somebody else's, the primary answers: a caller notices nothing but the time it takes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::{Postgres, Row as _};
use tokio::time::Instant;

use super::postgres::Pool;
use crate::error::StoreError;

/// What is older is not read from a standby.
pub(crate) const LAG_MAX: Duration = Duration::from_secs(10);
/// How often both are asked.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Moments of the primary that are remembered: one more than can be fresh.
const MARKS_MAX: usize = 12;

/// Where the primary is, and which database it is: a copy has the same one, to the microsecond of its first migration.
const PRIMARY: &str = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8, \
    (SELECT min(installed_on)::text FROM _sqlx_migrations)";
/// Whether the standby is one, how far it is, and of which database.
const STANDBY: &str = "SELECT pg_is_in_recovery(), \
    coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), -1)::int8, \
    (SELECT min(installed_on)::text FROM _sqlx_migrations)";

/// What the standby is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has everything that the primary had at this moment.
    FreshAt(Instant),
    /// It is behind by more than is remembered, or nothing is known of it yet.
    Behind,
    /// It takes writes of its own (it was promoted), or belongs to another database: it is not used.
    Foreign,
}

/// Moments of a primary, and what they say of a standby.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// When the primary was at which position of its log, oldest first.
    marks: VecDeque<(Instant, i64)>,
}

impl Marks {
    /// The primary is here.
    pub(crate) fn primary(&mut self, at: Instant, position: i64) {
        if self.marks.len() == MARKS_MAX {
            self.marks.pop_front();
        }
        self.marks.push_back((at, position));
    }

    /// The standby has replayed up to here.
    pub(crate) fn standby(&self, replayed: i64) -> Standing {
        let reached = self.marks.iter().rev().find(|(_, position)| *position <= replayed);
        reached.map_or(Standing::Behind, |(at, _)| Standing::FreshAt(*at))
    }
}

/// The standby.
pub(crate) struct Replica {
    pub(crate) pool: Arc<Pool>,
    // Held for a look or a change, never across an await.
    standing: Mutex<Standing>,
}

impl Replica {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self { pool, standing: Mutex::new(Standing::Behind) }
    }

    fn standing(&self) -> Standing {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How old at most what it answers is; `None` while it is not used.
    pub(crate) fn age(&self) -> Option<Duration> {
        match self.standing() {
            Standing::FreshAt(at) => Some(at.elapsed()).filter(|age| *age <= LAG_MAX),
            Standing::Behind | Standing::Foreign => None,
        }
    }

    /// A connection to it; `None` when the primary is to be asked.
    pub(crate) async fn acquire(&self) -> Option<PoolConnection<Postgres>> {
        self.age()?;
        self.pool.acquire().await.ok()
    }

    /// Looks once at both; what changes is logged once.
    pub(crate) async fn look(&self, primary: &PgPool, marks: &mut Marks) {
        let found = self.compare(primary, marks).await.unwrap_or(Standing::Behind);
        let before =
            std::mem::replace(&mut *self.standing.lock().unwrap_or_else(PoisonError::into_inner), found);
        match (before, found) {
            (Standing::Foreign | Standing::Behind, Standing::FreshAt(_)) => {
                tracing::info!("the replica of the database is up to date and answers long reads");
            }
            (Standing::FreshAt(_) | Standing::Behind, Standing::Foreign) => tracing::error!(
                "store.replica is not a standby of this database (or was promoted); it is not used"
            ),
            (Standing::FreshAt(_), Standing::Behind) => {
                tracing::warn!(
                    "the replica of the database is away or behind; the primary answers long reads"
                );
            }
            _ => {}
        }
    }

    async fn compare(&self, primary: &PgPool, marks: &mut Marks) -> Result<Standing, StoreError> {
        // Before the question: the position may be of any moment after this.
        let at = Instant::now();
        let row = sqlx::query(PRIMARY).fetch_one(primary).await?;
        let (position, ours): (i64, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
        marks.primary(at, position);
        let mut connection = self.pool.acquire().await?;
        let row = sqlx::query(STANDBY).fetch_one(&mut *connection).await?;
        let (is_standby, replayed): (bool, i64) = (row.try_get(0)?, row.try_get(1)?);
        let theirs: Option<String> = row.try_get(2)?;
        Ok(if is_standby && ours == theirs { marks.standby(replayed) } else { Standing::Foreign })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_standby_is_as_fresh_as_the_last_moment_it_has_all_of() {
        let (mut marks, begun) = (Marks::default(), Instant::now());
        let second = Duration::from_secs(1);
        assert_eq!(marks.standby(1_000), Standing::Behind, "nothing is known");
        for n in 0..5_u32 {
            marks.primary(begun + second * n, 100 + i64::from(n) * 10);
        }
        assert_eq!(marks.standby(99), Standing::Behind);
        assert_eq!(marks.standby(129), Standing::FreshAt(begun + second * 2));
        assert_eq!(marks.standby(140), Standing::FreshAt(begun + second * 4));
        // A primary with nothing to do: who has everything is fresh.
        marks.primary(begun + second * 9, 140);
        assert_eq!(marks.standby(140), Standing::FreshAt(begun + second * 9));
        // One that stands still while the primary goes on is behind as soon as nothing it has is remembered.
        for n in 10..30_u32 {
            marks.primary(begun + second * n, 200 + i64::from(n));
        }
        assert_eq!(marks.standby(140), Standing::Behind);
        assert!(marks.marks.len() <= MARKS_MAX);
    }
}

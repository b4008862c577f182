//! Reading one page across the generations in memory and the file.
//!
//! A time is found by bisecting the ids, because times rise with them: about twenty look-ups, no index to keep.

use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{ReadOnlyTable, ReadTransaction, ReadableDatabase, TableDefinition};

use crate::limits::PAGE_MAX;
use crate::pending::{Layered, Pending};
use crate::row::{Key, Row, Scope};
use crate::shared::{Shared, State};
use crate::{Failure, Range};

/// Which end of a range is returned when there is more than asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Oldest,
    Newest,
}

/// A reader's view: rows in memory are looked at under the lock, and the file's transaction was opened under it while the
/// generations stood as they do now. When they moved in between, the transaction is opened anew.
pub(crate) struct Look<'a> {
    shared: &'a Shared,
    txn: Option<(u64, ReadTransaction)>,
}

/// Runs database work; an assertion that damaged bytes trip in it becomes a failure.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::Storage(error.to_string())),
        Err(_) => Err(Failure::Storage("its structure is inconsistent".to_owned())),
    }
}

impl<'a> Look<'a> {
    pub(crate) const fn new(shared: &'a Shared) -> Self {
        Self { shared, txn: None }
    }

    /// Looks at the rows in memory and makes sure that the transaction has all others.
    pub(crate) fn memory<T>(&mut self, read: impl FnOnce(&State) -> T) -> Result<T, Failure> {
        let state = self.shared.read();
        if self.txn.as_ref().is_none_or(|(generation, _)| *generation != state.generation) {
            let txn = guarded(|| Ok(self.shared.db().begin_read()?))?;
            self.txn = Some((state.generation, txn));
        }
        Ok(read(&state))
    }

    fn table<K: Key, V: redb::Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<ReadOnlyTable<K, V>, redb::Error> {
        let (_, txn) = self.txn.as_ref().ok_or(redb::Error::DatabaseClosed)?;
        Ok(txn.open_table(table)?)
    }

    /// One row.
    pub(crate) fn get<R: Layered>(&mut self, key: R::Key) -> Result<Option<R>, Failure> {
        let found = self.memory(|state| {
            let layers = [&state.fresh, &*state.writing];
            layers.into_iter().find_map(|pending| R::layer(pending).get(&key).copied())
        })?;
        if found.is_some() {
            return Ok(found);
        }
        guarded(|| {
            let Some(value) = self.table(R::TABLE)?.get(key)? else { return Ok(None) };
            decode(key, value.value()).map(Some)
        })
    }

    /// What an index says; `memory` looks into a generation.
    pub(crate) fn index(
        &mut self,
        table: TableDefinition<'static, &'static [u8], u64>,
        key: &[u8],
        memory: impl Fn(&Pending) -> Option<u64>,
    ) -> Result<Option<u64>, Failure> {
        let found = self.memory(|state| memory(&state.fresh).or_else(|| memory(&state.writing)))?;
        if found.is_some() {
            return Ok(found);
        }
        guarded(|| {
            let (_, txn) = self.txn.as_ref().ok_or(redb::Error::DatabaseClosed)?;
            Ok(txn.open_table(table)?.get(key)?.map(|value| value.value()))
        })
    }

    /// Up to `limit` rows with keys from `low` to before `high`, ascending.
    pub(crate) fn scan<R: Layered>(
        &mut self,
        low: R::Key,
        high: R::Key,
        limit: usize,
        end: End,
    ) -> Result<Vec<(R::Key, R)>, Failure> {
        if low >= high || limit == 0 {
            return Ok(Vec::new());
        }
        let mut rows: Vec<(R::Key, R)> = Vec::new();
        self.memory(|state| {
            for pending in [&state.fresh, &*state.writing] {
                let range = R::layer(pending).range(low..high).map(|(key, row)| (*key, *row));
                match end {
                    End::Oldest => rows.extend(range.take(limit)),
                    End::Newest => rows.extend(range.rev().take(limit)),
                }
            }
        })?;
        // Stable: of equal keys the newest generation comes first and stays.
        let merge = |rows: &mut Vec<(R::Key, R)>| {
            rows.sort_by_key(|(key, _)| *key);
            rows.dedup_by_key(|(key, _)| *key);
        };
        merge(&mut rows);
        if !(R::APPEND_ONLY && end == End::Newest && rows.len() >= limit) {
            self.scan_file(low, high, limit, end, &mut rows)?;
            merge(&mut rows);
        }
        match end {
            End::Oldest => rows.truncate(limit),
            End::Newest => drop(rows.drain(..rows.len().saturating_sub(limit))),
        }
        Ok(rows)
    }

    fn scan_file<R: Row>(
        &self,
        low: R::Key,
        high: R::Key,
        limit: usize,
        end: End,
        rows: &mut Vec<(R::Key, R)>,
    ) -> Result<(), Failure> {
        guarded(|| {
            let mut range = self.table(R::TABLE)?.range(low..high)?;
            for _ in 0..limit {
                let entry = match end {
                    End::Oldest => range.next(),
                    End::Newest => range.next_back(),
                };
                let Some(entry) = entry else { break };
                let (key, value) = entry?;
                let key = key.value();
                rows.push((key, decode(key, value.value())?));
            }
            Ok(())
        })
    }

    /// The page of `scope` that `range` asks for.
    pub(crate) fn page<R: Layered>(&mut self, scope: Scope<R>, range: &Range) -> Result<Vec<R>, Failure> {
        let limit = range.limit.min(PAGE_MAX);
        let high = match range.end {
            Some(end) => self.first_at::<R>(scope, end.plus_nanos(1))?,
            None => u64::MAX,
        };
        let oldest_first = range.from_id.is_some() || range.start.is_some();
        let mut low = range.from_id.unwrap_or(0);
        if let Some(start) = range.start {
            low = low.max(self.first_at::<R>(scope, start)?);
        }
        let end = if oldest_first { End::Oldest } else { End::Newest };
        let rows = self.scan::<R>(R::key_at(scope, low), R::key_at(scope, high), limit, end)?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// The smallest id from which on all rows of `scope` are at `at` or later.
    fn first_at<R: Layered>(&mut self, scope: Scope<R>, at: types::Time) -> Result<u64, Failure> {
        let (all_low, all_high) = (R::key_at(scope, 0), R::key_at(scope, u64::MAX));
        let Some((last, row)) = self.scan::<R>(all_low, all_high, 1, End::Newest)?.pop() else {
            return Ok(0);
        };
        let mut high = last.id().saturating_add(1);
        if row.time() < at {
            return Ok(high);
        }
        let mut low = 0;
        // Every row below `low` is before `at`, every row from `high` on is not.
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.scan::<R>(R::key_at(scope, middle), R::key_at(scope, high), 1, End::Oldest)?;
            match found.first() {
                Some((key, row)) if row.time() < at => low = key.id().saturating_add(1),
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

fn decode<R: Row>(key: R::Key, bytes: &[u8]) -> Result<R, redb::Error> {
    R::decode(key, bytes).map_err(|error| redb::Error::Corrupted(format!("a stored value: {error}")))
}

//! Indicator columns, computed once and shared by all trials of a grid. A column of one instrument's whole data serves every
//! window of it, because indicators look back only.
//!
//! Bounded: beyond the budget the column that was not used for longest is let go (a trial that holds it keeps it).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Columns;

/// Bytes of columns kept unless stated otherwise: 320 columns of 100,000 bars.
pub const BUDGET: usize = 256 << 20;

/// A computed column, one value a bar; what is before the first value is NaN.
pub type Column = Arc<[f64]>;

/// What a column holds.
pub type Key = (&'static str, Vec<u64>);

/// The columns of one instrument's bars.
#[derive(Debug)]
pub struct Cache {
    budget: usize,
    // Trials on all cores look columns up; the lock is held for the look-up, never while a column is computed.
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    columns: BTreeMap<Key, (u64, Column)>,
    uses: u64,
    bytes: usize,
}

impl Cache {
    /// An empty one of at most `budget` bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self { budget, kept: Mutex::default() }
    }

    /// The column `key`; computed by `make` when it is not there. Two trials that miss at once both compute it.
    pub fn get(&self, key: Key, bars: &Columns, make: impl FnOnce(&Columns) -> Column) -> Column {
        if let Some(found) = self.look(&key) {
            return found;
        }
        let column = make(bars);
        debug_assert_eq!(column.len(), bars.len(), "one value a bar");
        self.keep(key, &column);
        column
    }

    fn look(&self, key: &Key) -> Option<Column> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        let (used, column) = kept.columns.get_mut(key)?;
        *used = now;
        Some(Arc::clone(column))
    }

    fn keep(&self, key: Key, column: &Column) {
        let size = size_of_val::<[f64]>(column);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = kept.uses;
        if kept.columns.insert(key, (now, Arc::clone(column))).is_none() {
            kept.bytes += size;
        }
        while kept.bytes > self.budget {
            let oldest = kept.columns.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            let Some((_, gone)) = oldest.and_then(|key| kept.columns.remove(&key)) else { return };
            kept.bytes -= size_of_val::<[f64]>(&gone);
        }
    }

    /// Bytes kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}

#[cfg(test)]
mod tests {
    use types::{Bar, Interval, Price, Time};

    use super::*;

    #[test]
    fn columns_are_computed_once_and_the_oldest_goes_first() {
        let mut bars = Columns::new(Interval::M1, crate::vector::tests::spot().market.notional, 4);
        for i in 0..4 {
            assert!(bars.push(&Bar::flat(Interval::M1, Time(i * 60_000_000_000), Price(5))));
        }
        let cache = Cache::new(64);
        let made = std::cell::Cell::new(0);
        let get = |n: u64| {
            cache.get(("x", vec![n]), &bars, |bars| {
                made.set(made.get() + 1);
                vec![1.0; bars.len()].into()
            })
        };
        get(1);
        get(2);
        get(1);
        assert_eq!((made.get(), cache.bytes()), (2, 64));
        get(3);
        get(1);
        assert_eq!((made.get(), cache.bytes()), (3, 64));
        get(2);
        assert_eq!(made.get(), 4);
    }
}

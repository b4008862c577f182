//! EMA cross on columns: long while the fast average is above the slow one.

use indicators::{Ema, Seed};
use strategy::Params;

use super::super::cache::Column;
use super::super::{Cache, Columns, Signal, Stance};

/// Its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EmaCross {
    fast: u32,
    slow: u32,
    first: bool,
}

pub(super) struct Cross {
    fast: Column,
    slow: Column,
    /// The first bar that may act.
    from: usize,
}

impl EmaCross {
    pub(super) fn of(params: &Params) -> Self {
        let bars = |name| u32::try_from(params.whole(name)).unwrap_or(u32::MAX);
        Self { fast: bars("fast"), slow: bars("slow"), first: params.choice("ema-seed") == 1 }
    }

    pub(super) fn signal(&self, bars: &Columns, cache: &Cache) -> Cross {
        let seed = if self.first { Seed::First } else { Seed::Mean };
        let column = |n: u32| {
            cache.get(("ema", vec![u64::from(n), u64::from(self.first)]), bars, |bars| {
                let mut ema = Ema::new(n, seed);
                super::from_closes(bars, |close| ema.update(close))
            })
        };
        let from = usize::try_from(self.slow).unwrap_or(usize::MAX).saturating_sub(1);
        Cross { fast: column(self.fast), slow: column(self.slow), from }
    }
}

impl Signal for Cross {
    #[inline]
    fn at(&self, i: usize, _: i64) -> Option<Stance> {
        if i < self.from {
            return None;
        }
        Some(if self.fast[i] > self.slow[i] { Stance::Long } else { Stance::Short })
    }
}

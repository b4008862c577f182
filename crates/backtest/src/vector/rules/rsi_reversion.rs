//! RSI mean reversion on a column.

use indicators::Rsi;
use strategy::Params;

use super::super::cache::Column;
use super::super::{Cache, Columns, Signal, Stance};

/// Its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reversion {
    period: u32,
    low: f64,
    exit: f64,
    high: f64,
    short: bool,
}

pub(super) struct Index {
    rsi: Column,
    rule: Reversion,
}

impl Reversion {
    pub(super) fn of(params: &Params) -> Self {
        Self {
            period: u32::try_from(params.whole("period")).unwrap_or(u32::MAX),
            low: params.real("low"),
            exit: params.real("exit"),
            high: params.real("high"),
            short: params.chosen("short") == "yes",
        }
    }

    pub(super) fn signal(&self, bars: &Columns, cache: &Cache) -> Index {
        let rsi = cache.get(("rsi", vec![u64::from(self.period)]), bars, |bars| {
            let mut rsi = Rsi::new(self.period);
            super::from_closes(bars, |close| rsi.next(close))
        });
        Index { rsi, rule: self.clone() }
    }
}

impl Signal for Index {
    #[inline]
    fn at(&self, i: usize, held: i64) -> Option<Stance> {
        let (rsi, rule) = (self.rsi[i], &self.rule);
        if rsi.is_nan() {
            return None;
        }
        Some(match held {
            1 if rsi < rule.exit => Stance::Long,
            -1 if rsi > rule.exit => Stance::Short,
            _ if rsi < rule.low => Stance::Long,
            _ if rsi > rule.high && rule.short => Stance::Short,
            _ => Stance::Flat,
        })
    }
}

//! Bollinger reversion on columns.

use indicators::Bands;
use strategy::Params;

use super::super::cache::Column;
use super::super::{Cache, Columns, Signal, Stance};

/// Its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reversion {
    period: u32,
    width: f64,
    to_opposite: bool,
    short: bool,
}

pub(super) struct Lines<'a> {
    close: &'a [i64],
    upper: Column,
    lower: Column,
    /// Where a long position is sold and a short one bought back.
    sell: Column,
    buy_back: Column,
    short: bool,
}

impl Reversion {
    pub(super) fn of(params: &Params) -> Self {
        Self {
            period: u32::try_from(params.whole("period")).unwrap_or(u32::MAX),
            width: params.real("width"),
            to_opposite: params.chosen("exit") == "opposite",
            short: params.chosen("short") == "yes",
        }
    }

    pub(super) fn signal<'a>(&self, bars: &'a Columns, cache: &Cache) -> Lines<'a> {
        let line = |name: &'static str, which: usize| {
            cache.get((name, vec![u64::from(self.period), self.width.to_bits()]), bars, |bars| {
                let mut bands = Bands::new(self.period, self.width, self.width);
                super::from_closes(bars, |close| bands.next(close).map(|lines| lines[which]))
            })
        };
        let (upper, lower) = (line("bollinger-upper", 0), line("bollinger-lower", 2));
        let (sell, buy_back) = if self.to_opposite {
            (Column::clone(&upper), Column::clone(&lower))
        } else {
            let middle = line("bollinger-middle", 1);
            (Column::clone(&middle), middle)
        };
        Lines { close: bars.close(), upper, lower, sell, buy_back, short: self.short }
    }
}

impl Signal for Lines<'_> {
    #[inline]
    fn at(&self, i: usize, held: i64) -> Option<Stance> {
        let (close, upper, lower) = (self.close[i] as f64, self.upper[i], self.lower[i]);
        if upper.is_nan() {
            return None;
        }
        Some(match held {
            1 if close < self.sell[i] => Stance::Long,
            -1 if close > self.buy_back[i] => Stance::Short,
            _ if close < lower => Stance::Long,
            _ if close > upper && self.short => Stance::Short,
            _ => Stance::Flat,
        })
    }
}

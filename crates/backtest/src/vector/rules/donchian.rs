//! Donchian breakout on columns, without the filter of a longer timeframe (with it, the event path runs).

use strategy::Params;

use super::super::cache::Column;
use super::super::{Cache, Columns, Signal, Stance, sliding};

/// Its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Breakout {
    entry: u32,
    exit: u32,
    short: bool,
}

pub(super) struct Channels<'a> {
    close: &'a [i64],
    /// Upper and lower lines of the entry and of the exit channel.
    entry: [Column; 2],
    exit: [Column; 2],
    short: bool,
}

impl Breakout {
    /// `None` with a trend filter.
    pub(super) fn of(params: &Params) -> Option<Self> {
        if params.chosen("trend") != "off" {
            return None;
        }
        let bars = |name| u32::try_from(params.whole(name)).unwrap_or(u32::MAX);
        Some(Self { entry: bars("entry"), exit: bars("exit"), short: params.chosen("short") == "yes" })
    }

    pub(super) fn signal<'a>(&self, bars: &'a Columns, cache: &Cache) -> Channels<'a> {
        let both = |n: u32| {
            let key = |line: &'static str| (line, vec![u64::from(n)]);
            let n = n as usize;
            let upper = cache.get(key("donchian-upper"), bars, |bars| sliding::highest(bars.high(), n));
            let lower = cache.get(key("donchian-lower"), bars, |bars| sliding::lowest(bars.low(), n));
            [upper, lower]
        };
        Channels { close: bars.close(), entry: both(self.entry), exit: both(self.exit), short: self.short }
    }
}

impl Signal for Channels<'_> {
    #[inline]
    fn at(&self, i: usize, held: i64) -> Option<Stance> {
        let before = i.checked_sub(1)?;
        let ([upper, lower], [exit_upper, exit_lower]) =
            ([self.entry[0][before], self.entry[1][before]], [self.exit[0][before], self.exit[1][before]]);
        if upper.is_nan() || exit_upper.is_nan() {
            return None;
        }
        let close = self.close[i] as f64;
        Some(match held {
            1 if close >= exit_lower => Stance::Long,
            -1 if close <= exit_upper => Stance::Short,
            _ if close > upper => Stance::Long,
            _ if close < lower && self.short => Stance::Short,
            _ => Stance::Flat,
        })
    }
}

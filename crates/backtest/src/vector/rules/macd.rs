//! MACD on columns: long while the line is above its signal.

use indicators::Macd;
use strategy::Params;

use super::super::cache::Column;
use super::super::{Cache, Columns, Signal, Stance};

/// Its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cross {
    fast: u32,
    slow: u32,
    signal: u32,
    respects_zero: bool,
}

pub(super) struct Lines {
    line: Column,
    signal: Column,
    respects_zero: bool,
}

impl Cross {
    pub(super) fn of(params: &Params) -> Self {
        let bars = |name| u32::try_from(params.whole(name)).unwrap_or(u32::MAX);
        let respects_zero = params.chosen("zero-line") == "respected";
        Self { fast: bars("fast"), slow: bars("slow"), signal: bars("signal"), respects_zero }
    }

    pub(super) fn signal(&self, bars: &Columns, cache: &Cache) -> Lines {
        let key = [self.fast, self.slow, self.signal].map(u64::from).to_vec();
        let column = |name: &'static str, which: usize| {
            cache.get((name, key.clone()), bars, |bars| {
                let mut macd = Macd::new(self.fast, self.slow, self.signal);
                super::from_closes(bars, |close| macd.next(close).map(|lines| lines[which]))
            })
        };
        let (line, signal) = (column("macd-line", 0), column("macd-signal", 1));
        Lines { line, signal, respects_zero: self.respects_zero }
    }
}

impl Signal for Lines {
    #[inline]
    fn at(&self, i: usize, _: i64) -> Option<Stance> {
        let (line, signal) = (self.line[i], self.signal[i]);
        if signal.is_nan() {
            return None;
        }
        let above = line > signal;
        Some(match (above, self.respects_zero) {
            (true, true) if line <= 0.0 => Stance::Flat,
            (false, true) if line >= 0.0 => Stance::Flat,
            (true, _) => Stance::Long,
            (false, _) => Stance::Short,
        })
    }
}

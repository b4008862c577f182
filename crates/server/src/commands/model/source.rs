//! Bars for models: from the archive, or from a CSV file.

use std::path::PathBuf;

use archive::{Archive, Span};
use forecast::market::Bars;
use training::BarSource;
use types::Interval;

use super::csv::Table;
use super::fit::row_times;
use super::times;

/// Bars of one CSV file, folded to the interval asked for.
pub(super) struct CsvBars {
    pub(super) path: PathBuf,
}

const COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];
const TIMES: &[&str] = &["timestamp", "time", "ts", "ds", "date", "datetime", "open_time", "t"];

impl BarSource for CsvBars {
    fn bars(&self, _symbol: &str, interval: &str, days: u32) -> Result<Bars, String> {
        let table = Table::read(&self.path).map_err(|e| e.to_string())?;
        let step = times::step(interval)
            .ok_or_else(|| format!("{interval:?} is no length of a bar, like 15m or 1h"))?;
        let time = TIMES.iter().find_map(|name| table.find(name));
        let time = time.ok_or_else(|| format!("{} has no column of times", table.name()))?;
        let times = row_times(&table, time).map_err(|e| e.to_string())?;
        let mut columns = Vec::new();
        for name in COLUMNS {
            let column = table.find(name).ok_or_else(|| format!("{} has no column {name}", table.name()))?;
            columns.push(table.numbers(column).map_err(|e| e.to_string())?);
        }
        let rows: Vec<[f64; 6]> = times
            .iter()
            .enumerate()
            .map(|(n, t)| [*t, columns[0][n], columns[1][n], columns[2][n], columns[3][n], columns[4][n]])
            .collect();
        fold(&rows, step, days)
    }
}

/// Bars of the archive in the data directory.
pub(crate) struct ArchiveBars {
    pub(crate) archive: Archive,
}

impl BarSource for ArchiveBars {
    fn bars(&self, symbol: &str, interval: &str, days: u32) -> Result<Bars, String> {
        let length = Interval::parse(interval).filter(|i| i.seconds() > 0);
        let length = length.ok_or_else(|| format!("{interval:?} is no length of a bar, like 15m or 1h"))?;
        let id = self.archive.find(symbol).map_err(|e| e.to_string())?;
        let scales = self.archive.listing(id).map_err(|e| e.to_string())?.scales;
        let all = self.archive.list().map_err(|e| e.to_string())?;
        let last = all.iter().filter(|s| s.id == id).map(|s| s.last).max().unwrap_or_default();
        let span = Span { from: last.plus_nanos(-i64::from(days) * 86_400_000_000_000), to: Span::ALL.to };
        let (price, base) = (10_f64.powi(i32::from(scales.price)), 10_f64.powi(i32::from(scales.base)));
        let mut rows = Vec::new();
        for bar in self.archive.bars(id, length, span).map_err(|e| e.to_string())? {
            rows.push(row(&bar.map_err(|e| e.to_string())?, price, base));
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds of a bar")]
        fold(&rows, length.seconds() as f64, days)
    }
}

/// (time in seconds, open, high, low, close, volume) of a bar, for signals: no money is counted with these.
#[expect(clippy::cast_precision_loss, reason = "a price has at most 15 figures that matter to a forecast")]
pub(crate) fn row(bar: &types::Bar, price: f64, base: f64) -> [f64; 6] {
    let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(|p| p.0 as f64 / price);
    [bar.open_time.millis() as f64 / 1e3, open, high, low, close, bar.volume.0 as f64 / base]
}

/// Folds rows (time, open, high, low, close, volume) to bars of `step` seconds, the last `days` days of them.
pub(crate) fn fold(rows: &[[f64; 6]], step: f64, days: u32) -> Result<Bars, String> {
    let Some(last) = rows.last() else { return Err("there are no bars".into()) };
    let from = last[0] - f64::from(days) * 86_400.0;
    let mut folded: Vec<[f64; 6]> = Vec::new();
    for row in rows.iter().filter(|r| r[0] > from) {
        let start = (row[0] / step).floor() * step;
        match folded.last_mut() {
            Some(bar) if bar[0].total_cmp(&start).is_eq() => {
                bar[2] = bar[2].max(row[2]);
                bar[3] = bar[3].min(row[3]);
                bar[4] = row[4];
                bar[5] += row[5];
            }
            _ => folded.push([start, row[1], row[2], row[3], row[4], row[5]]),
        }
    }
    let column = |k: usize| folded.iter().map(|r| r[k]).collect::<Vec<f64>>();
    let [times, open, high, low, close, volume] = [0, 1, 2, 3, 4, 5].map(column);
    Bars::new(step, &times, [&open, &high, &low, &close, &volume]).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_fold_to_longer_bars() {
        let rows: Vec<[f64; 6]> =
            (0..60).map(f64::from).map(|n| [n * 60.0, 10.0 + n, 12.0 + n, 9.0 + n, 11.0 + n, 1.0]).collect();
        let bars = fold(&rows, 900.0, 1).unwrap();
        let view = bars.view();
        assert_eq!((view.len(), view.times[1]), (4, 900.0));
        assert_eq!(
            (view.open[1], view.high[1], view.low[1], view.close[1], view.volume[1]),
            (25.0, 41.0, 24.0, 40.0, 15.0)
        );
        assert!(fold(&[], 60.0, 1).is_err());
    }
}

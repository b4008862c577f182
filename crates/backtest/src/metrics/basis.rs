//! What several metrics share, computed once: returns by period, day and month, drawdowns, and how many trials there were.

use super::calendar::{DAY_MS, Date, HOUR_MS, YEAR_DAYS};
use super::track::Track;

/// The length of the periods whose returns ratios are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A day of UTC: from 60 days on.
    Day,
    /// An hour: from 2 days on.
    Hour,
    /// One point of the track: below.
    Bar,
}

impl Period {
    /// For people: `daily`.
    #[must_use]
    pub const fn adjective(self) -> &'static str {
        match self {
            Self::Day => "daily",
            Self::Hour => "hourly",
            Self::Bar => "per-bar",
        }
    }
}

/// Days from which on returns are counted by day, and by hour. Fewer than about 60 returns say nothing about a ratio.
const DAILY_FROM: f64 = 60.0;
const HOURLY_FROM: f64 = 2.0;

/// How a stretch of time is cut into periods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calendar {
    /// What the periods are.
    pub period: Period,
    /// How many are in a year.
    pub per_year: f64,
}

impl Calendar {
    /// For `points` points from `from` to `last` (UTC milliseconds, both included).
    #[must_use]
    pub fn of(from: i64, last: i64, points: usize) -> Self {
        let days = (last + 1 - from) as f64 / DAY_MS as f64;
        let (period, per_year) = match days {
            d if d >= DAILY_FROM => (Period::Day, YEAR_DAYS),
            d if d >= HOURLY_FROM => (Period::Hour, YEAR_DAYS * 24.0),
            d => (Period::Bar, YEAR_DAYS * points as f64 / d.max(f64::MIN_POSITIVE)),
        };
        Self { period, per_year }
    }

    /// The number of the period in which a time lies.
    #[must_use]
    pub fn bucket(self, ms: i64) -> i64 {
        match self.period {
            Period::Day => ms.div_euclid(DAY_MS),
            Period::Hour => ms.div_euclid(HOUR_MS),
            Period::Bar => ms,
        }
    }
}

/// The trials that were looked at before this one was chosen. One trial: nothing was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trials {
    /// How many, this one included.
    pub count: u64,
    /// Variance of their Sharpe ratios per period (not per year).
    pub sharpe_variance: f64,
}

/// An episode below an earlier high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawdown {
    /// The worst of it: equity / high − 1, below 0.
    pub depth: f64,
    /// When the high was, UTC milliseconds.
    pub peak: i64,
    /// When the worst was.
    pub trough: i64,
    /// When the high was reached again; `None` if never.
    pub recovered: Option<i64>,
}

/// The return of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeriodReturn {
    /// The last point in it, UTC milliseconds.
    pub at: i64,
    /// Of the account.
    pub share: f64,
    /// Of the instrument's price; 0 in the first period, whose opening price the track does not know.
    pub market: f64,
}

/// A track with what is derived from it.
#[derive(Clone, Debug)]
pub struct Basis<'a> {
    /// The course.
    pub track: &'a Track,
    /// The trials, if a search led here.
    pub trials: Option<Trials>,
    /// How long the periods of `returns` are.
    pub period: Period,
    /// Periods in a year.
    pub per_year: f64,
    /// Returns by period.
    pub returns: Vec<PeriodReturn>,
    /// The account's share of each of `returns`.
    pub shares: Vec<f64>,
    /// Returns by UTC day.
    pub days: Vec<PeriodReturn>,
    /// Returns by UTC month.
    pub months: Vec<PeriodReturn>,
    /// Episodes below a high, in order of time.
    pub drawdowns: Vec<Drawdown>,
}

impl<'a> Basis<'a> {
    /// Derives what metrics need.
    #[must_use]
    pub fn of(track: &'a Track, trials: Option<Trials>) -> Self {
        let last = track.times.last().copied().unwrap_or(track.from);
        let calendar = Calendar::of(track.from, last, track.times.len());
        let returns = fold(track, |ms| calendar.bucket(ms));
        Self {
            track,
            trials,
            period: calendar.period,
            per_year: calendar.per_year,
            shares: returns.iter().map(|r| r.share).collect(),
            returns,
            days: fold(track, |ms| ms.div_euclid(DAY_MS)),
            months: fold(track, |ms| Date::of(ms).month_number()),
            drawdowns: drawdowns(track),
        }
    }
}

/// Returns between the last points of successive buckets; buckets without a point are left out.
fn fold(track: &Track, bucket: impl Fn(i64) -> i64) -> Vec<PeriodReturn> {
    let mut out: Vec<PeriodReturn> = Vec::new();
    let (mut equity, mut price) = (track.start, track.price.first().copied().unwrap_or(0.0));
    let growth = |now: f64, before: f64| if before > 0.0 { now / before - 1.0 } else { 0.0 };
    for (i, at) in track.times.iter().enumerate() {
        let last = track.times.get(i + 1).is_none_or(|next| bucket(*next) != bucket(*at));
        if last {
            let (e, p) = (track.equity[i], track.price.get(i).copied().unwrap_or(price));
            out.push(PeriodReturn { at: *at, share: growth(e, equity), market: growth(p, price) });
            (equity, price) = (e, p);
        }
    }
    out
}

fn drawdowns(track: &Track) -> Vec<Drawdown> {
    let mut out = Vec::new();
    let (mut high, mut peak) = (track.start, track.from);
    let mut open: Option<Drawdown> = None;
    for (at, equity) in track.times.iter().zip(&track.equity) {
        if *equity >= high {
            if let Some(mut done) = open.take() {
                done.recovered = Some(*at);
                out.push(done);
            }
            (high, peak) = (*equity, *at);
            continue;
        }
        let depth = if high > 0.0 { equity / high - 1.0 } else { 0.0 };
        let episode = open.get_or_insert(Drawdown { depth: 0.0, peak, trough: *at, recovered: None });
        if depth < episode.depth {
            (episode.depth, episode.trough) = (depth, *at);
        }
    }
    out.extend(open);
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A day's last millisecond for each equity, prices beside.
    pub(crate) fn daily(start: f64, equity: &[f64], price: &[f64]) -> Track {
        let end = |i: usize| (i64::try_from(i).unwrap() + 1) * DAY_MS - 1;
        Track {
            start,
            times: (0..equity.len()).map(end).collect(),
            equity: equity.to_vec(),
            price: price.to_vec(),
            position: vec![0.0; equity.len()],
            ..Track::default()
        }
    }

    #[test]
    fn episodes_begin_at_the_high_and_end_when_it_is_reached_again() {
        // From 100: down to 90, back to 100, up to 110, down to 99, up to 104.5 and never back.
        let track = daily(100.0, &[95.0, 90.0, 100.0, 110.0, 99.0, 104.5], &[1.0; 6]);
        let found = Basis::of(&track, None).drawdowns;
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].peak, found[0].trough), (0, 2 * DAY_MS - 1));
        assert_eq!(found[0].recovered, Some(3 * DAY_MS - 1));
        assert!((found[0].depth + 0.1).abs() < 1e-12 && (found[1].depth + 0.1).abs() < 1e-12);
        assert_eq!((found[1].peak, found[1].recovered), (4 * DAY_MS - 1, None));
    }

    #[test]
    fn periods_follow_the_length_and_gaps_are_left_out() {
        let mut track = daily(100.0, &[110.0, 99.0, 99.0], &[10.0, 11.0, 22.0]);
        track.times[2] = 40 * DAY_MS;
        let basis = Basis::of(&track, None);
        assert_eq!((basis.period, basis.days.len(), basis.months.len()), (Period::Hour, 3, 2));
        assert!((basis.days[1].share + 0.1).abs() < 1e-12 && (basis.days[2].market - 1.0).abs() < 1e-12);
        track.times[2] = 70 * DAY_MS;
        assert_eq!(Basis::of(&track, None).period, Period::Day);
        let short = daily(100.0, &[110.0], &[1.0]);
        assert_eq!(Basis::of(&short, None).period, Period::Bar);
    }
}

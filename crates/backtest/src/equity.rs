//! Equity over time: one point per bar while there is room, else one per 2, 4, 8, … bars, with the exact extremes of each
//! stretch, so that highest, lowest and the largest fall are exact however long the run was.

use types::{Money, Time};

/// Most points kept: a year of one-minute bars. 24 bytes each while a point is one bar, 12 MiB; 56 beyond.
pub const POINTS_MAX: usize = 1 << 19;

/// What the bot was worth at the end of a stretch of bars, and between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EquityPoint {
    /// Close of the stretch's last bar.
    pub at: Time,
    /// Worth then.
    pub equity: Money,
    /// Lowest at any bar's close of the stretch.
    pub low: Money,
    /// Highest at any bar's close of the stretch.
    pub high: Money,
}

/// The largest fall of a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fall {
    /// Worth at the peak before it.
    pub peak: Money,
    /// When that was.
    pub peak_at: Time,
    /// Worth at the bottom.
    pub trough: Money,
    /// When that was.
    pub trough_at: Time,
    /// When the peak was reached again; `None` if it was not.
    pub recovered_at: Option<Time>,
}

/// Equity of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EquityCurve {
    /// Start money: the worth before the first bar.
    start: Money,
    /// When each stretch ended, and the worth then.
    ends: Vec<Time>,
    worth: Vec<Money>,
    /// Lowest and highest of each stretch; empty while a stretch is one bar.
    extremes: Vec<(Money, Money)>,
    /// Bars in each stretch, a power of two; the last one may hold fewer.
    every: u64,
    bars: u64,
    /// Bars at whose close a position was open.
    exposed: u64,
    peak: (Money, Time),
    largest: Fall,
    /// True while the largest fall has not recovered.
    down: bool,
}

impl EquityCurve {
    /// A curve that starts with `start`.
    #[must_use]
    pub fn new(start: Money) -> Self {
        Self { start, every: 1, peak: (start, Time::default()), ..Self::default() }
    }

    /// A finished curve from what was stored of it; `None` when the numbers do not fit together.
    #[must_use]
    pub fn of_points(
        start: Money,
        points: &[EquityPoint],
        every: u64,
        bars: u64,
        exposed: u64,
        largest: Option<Fall>,
    ) -> Option<Self> {
        let fits = every > 0 && points.len() as u64 == bars.div_ceil(every) && exposed <= bars;
        let highest = points
            .iter()
            .map(|p| (p.high, p.at))
            .fold((start, Time::default()), |a, b| if b.0 >= a.0 { b } else { a });
        let down = largest.is_some_and(|fall| fall.recovered_at.is_none());
        let largest = largest.unwrap_or_default();
        let ends = points.iter().map(|p| p.at).collect();
        let worth = points.iter().map(|p| p.equity).collect();
        let extremes = if every > 1 { points.iter().map(|p| (p.low, p.high)).collect() } else { Vec::new() };
        fits.then_some(Self {
            start,
            ends,
            worth,
            extremes,
            every,
            bars,
            exposed,
            peak: highest,
            largest,
            down,
        })
    }

    /// Takes in the worth at the close of the next bar (times do not fall); `exposed`: a position is open.
    pub fn add(&mut self, at: Time, equity: Money, exposed: bool) {
        if self.bars == 0 {
            self.peak.1 = at;
        }
        self.follow(at, equity);
        self.exposed += u64::from(exposed);
        let fresh = self.bars.is_multiple_of(self.every);
        self.bars += 1;
        if fresh {
            if self.ends.len() == POINTS_MAX {
                self.halve();
            }
            self.ends.push(at);
            self.worth.push(equity);
            if self.every > 1 {
                self.extremes.push((equity, equity));
            }
        } else if let (Some(end), Some(worth), Some((low, high))) =
            (self.ends.last_mut(), self.worth.last_mut(), self.extremes.last_mut())
        {
            (*end, *worth) = (at, equity);
            (*low, *high) = ((*low).min(equity), (*high).max(equity));
        }
    }

    fn follow(&mut self, at: Time, equity: Money) {
        if equity >= self.peak.0 {
            self.peak = (equity, at);
            if self.down && equity >= self.largest.peak {
                self.largest.recovered_at = Some(at);
                self.down = false;
            }
        } else if deeper(self.peak.0, equity, &self.largest) {
            let (peak, peak_at) = self.peak;
            self.largest = Fall { peak, peak_at, trough: equity, trough_at: at, recovered_at: None };
            self.down = true;
        }
    }

    /// Joins each two stretches. Called when the number of stretches is even and all are full.
    fn halve(&mut self) {
        let pairs = self.ends.len() / 2;
        let mut extremes = Vec::with_capacity(pairs);
        for to in 0..pairs {
            let (a, b) = (self.point(2 * to), self.point(2 * to + 1));
            (self.ends[to], self.worth[to]) = (b.at, b.equity);
            extremes.push((a.low.min(b.low), a.high.max(b.high)));
        }
        self.ends.truncate(pairs);
        self.worth.truncate(pairs);
        self.extremes = extremes;
        self.every *= 2;
    }

    /// Worth before the first bar.
    #[must_use]
    pub const fn start(&self) -> Money {
        self.start
    }

    /// Worth at the end; the start money without a bar.
    #[must_use]
    pub fn last(&self) -> Money {
        self.worth.last().copied().unwrap_or(self.start)
    }

    /// The points, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = EquityPoint> + ExactSizeIterator {
        (0..self.ends.len()).map(|i| self.point(i))
    }

    fn point(&self, i: usize) -> EquityPoint {
        let (at, equity) = (self.ends[i], self.worth[i]);
        let (low, high) = self.extremes.get(i).copied().unwrap_or((equity, equity));
        EquityPoint { at, equity, low, high }
    }

    /// Bars per point.
    #[must_use]
    pub const fn every(&self) -> u64 {
        self.every
    }

    /// Bars seen.
    #[must_use]
    pub const fn bars(&self) -> u64 {
        self.bars
    }

    /// Bars at whose close a position was open.
    #[must_use]
    pub const fn exposed(&self) -> u64 {
        self.exposed
    }

    /// The largest fall from a peak, relative to the peak; exact over all bars.
    #[must_use]
    pub fn largest_fall(&self) -> Option<&Fall> {
        (self.largest.peak > self.largest.trough).then_some(&self.largest)
    }
}

/// Whether a fall from `peak` to `now` is relatively deeper than `other`: (peak - now) / peak > (p - t) / p, by cross
/// multiplication in floats, which only chooses and is never money.
fn deeper(peak: Money, now: Money, other: &Fall) -> bool {
    if peak.0 <= 0 {
        return false;
    }
    if other.peak.0 <= 0 {
        return true;
    }
    // Same peak: the common case, exact.
    if peak == other.peak {
        return now < other.trough;
    }
    now.0 as f64 / (peak.0 as f64) < other.trough.0 as f64 / other.peak.0 as f64
}

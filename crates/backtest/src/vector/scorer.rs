//! Watches a run for its score: returns at the ends of periods, the largest fall at every bar, closed trades, fees.

use types::Money;

use super::desk::Fill;
use super::kernel::{End, Watch};
use super::marks::Marks;
use crate::sweep::Score;
use crate::sweep::score::{BLOCKS, Block, sharpe_of};

/// Collects a score.
#[derive(Debug)]
pub struct Scorer<'a> {
    marks: &'a Marks,
    next: usize,
    start: i128,
    /// Equity at the last mark.
    before: i128,
    high: i128,
    /// Below this, the fall is deeper than any before.
    deeper_below: i128,
    fall: f64,
    blocks: [Block; BLOCKS],
    trades: u32,
    held: i64,
    fees: i128,
    /// Equity at marks, if asked for.
    course: Option<Vec<i128>>,
}

impl<'a> Scorer<'a> {
    /// For a run that starts with `start`, above zero.
    #[must_use]
    pub const fn new(start: i128, marks: &'a Marks) -> Self {
        Self {
            marks,
            next: 0,
            start,
            before: start,
            high: start,
            deeper_below: start,
            fall: 0.0,
            blocks: [Block { n: 0.0, sum: 0.0, squares: 0.0 }; BLOCKS],
            trades: 0,
            held: 0,
            fees: 0,
            course: None,
        }
    }

    /// The same, also keeping the equity at the ends of periods.
    #[must_use]
    pub fn with_course(start: i128, marks: &'a Marks) -> Self {
        Self { course: Some(Vec::with_capacity(marks.ends.len())), ..Self::new(start, marks) }
    }

    /// Equity at the ends of periods.
    #[must_use]
    pub fn course(&self) -> &[i128] {
        self.course.as_deref().unwrap_or(&[])
    }

    /// The score after the run.
    #[must_use]
    pub fn score(&self, end: &End) -> Score {
        let start = self.start as f64;
        let root = self.marks.per_year.sqrt();
        Score {
            final_equity: Money(end.equity),
            total_return: end.equity as f64 / start - 1.0,
            sharpe: sharpe_of(&self.blocks).map_or(0.0, |ratio| ratio * root),
            max_drawdown: self.fall,
            trades: self.trades,
            fees: self.fees as f64 / start,
            per_year: self.marks.per_year,
            blocks: self.blocks,
        }
    }

    #[cold]
    #[inline(never)]
    fn period(&mut self, equity: i128) {
        let x = if self.before > 0 { equity as f64 / self.before as f64 - 1.0 } else { 0.0 };
        let block = &mut self.blocks[self.next * BLOCKS / self.marks.ends.len().max(1)];
        *block = Block { n: block.n + 1.0, sum: block.sum + x, squares: block.squares + x * x };
        self.before = equity;
        self.next += 1;
        if let Some(course) = &mut self.course {
            course.push(equity);
        }
    }

    #[cold]
    #[inline(never)]
    fn deeper(&mut self, equity: i128) {
        self.fall = equity as f64 / self.high as f64 - 1.0;
        self.deeper_below = equity;
    }

    /// A new high: from it, a fall is deeper than the deepest so far below high × (1 + fall).
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "below the high, which fits; rounding moves it by one unit"
    )]
    fn higher(&mut self, equity: i128) {
        self.high = equity;
        self.deeper_below = (equity as f64 * (1.0 + self.fall)) as i128;
    }
}

impl Watch for Scorer<'_> {
    #[inline]
    fn bar(&mut self, i: usize, equity: i128, _: bool) {
        if equity < self.deeper_below {
            self.deeper(equity);
        } else if equity > self.high {
            self.higher(equity);
        }
        if self.marks.ends.get(self.next) == Some(&i) {
            self.period(equity);
        }
    }

    fn fill(&mut self, fill: &Fill) {
        self.trades += u32::from(self.held != 0 && fill.after.signum() != self.held.signum());
        self.held = fill.after;
        self.fees += fill.fee.0;
    }
}

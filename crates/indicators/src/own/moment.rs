//! Change against the value n bars ago: MOM, ROC, ROCP, ROCR, ROCR100.

use types::wire::WireError;

use crate::carry::Carry;
use crate::kernel::{Indicator, put};
use crate::ring::Ring;

/// How the change is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// x − y (`MOM`).
    Difference,
    /// (x / y − 1) × 100 (`ROC`).
    Percent,
    /// (x − y) / y (`ROCP`).
    Share,
    /// x / y (`ROCR`).
    Ratio,
    /// x / y × 100 (`ROCR100`).
    RatioPercent,
}

/// Change of a value x against y, the value n bars ago; ratios to zero are zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Lagged {
    change: Change,
    past: Ring,
}

impl Lagged {
    /// Against `n` ≥ 1 bars ago.
    #[must_use]
    pub fn new(n: u32, change: Change) -> Self {
        Self { change, past: Ring::new(n.max(1) as usize) }
    }

    /// Takes in a value.
    pub fn next(&mut self, x: f64) -> Option<f64> {
        let before = self.past.is_full().then(|| self.past.oldest());
        self.past.push(x);
        let y = before?;
        let apart = y != 0.0;
        Some(match self.change {
            Change::Difference => x - y,
            Change::Percent if apart => (x / y - 1.0) * 100.0,
            Change::Share if apart => (x - y) / y,
            Change::Ratio if apart => x / y,
            Change::RatioPercent if apart => x / y * 100.0,
            Change::Percent | Change::Share | Change::Ratio | Change::RatioPercent => 0.0,
        })
    }
}

impl Indicator for Lagged {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.past.carry(c)
    }
}

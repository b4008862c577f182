//! The straight line through the last n values by least squares: LINEARREG, its slope, angle and intercept, and TSF.
//!
//! Sums slide with the window and are added up afresh after 32 windows, or when a value leaves that was huge beside what stays:
//! TA-Lib's way, followed step by step. x counts the bars, the oldest is 0.

use types::wire::WireError;

use crate::carry::Carry;
use crate::kernel::{Indicator, put};
use crate::ring::Ring;

/// Bars after which the sums are added up afresh, in windows.
const RESEED: u64 = 32;

/// Which number of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegressionValue {
    /// Its value at the newest bar (`LINEARREG`).
    End,
    /// Its slope per bar (`LINEARREG_SLOPE`).
    Slope,
    /// Its slope as an angle in degrees (`LINEARREG_ANGLE`).
    Angle,
    /// Its value at the oldest bar (`LINEARREG_INTERCEPT`).
    Intercept,
    /// Its value one bar ahead (`TSF`).
    Next,
}

/// The regression line of a sliding window.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    value: RegressionValue,
    n: u32,
    /// Σ x, and (Σ x)² − n Σ x².
    sum_x: f64,
    divisor: f64,
    window: Ring,
    seen: u64,
    until_reseed: u64,
    /// Σ x y with x counted from the newest, Σ y, Σ |y|.
    sum_xy: f64,
    sum_y: f64,
    sum_abs: f64,
    trailing: f64,
}

impl Regression {
    /// Over `n` ≥ 2 values.
    #[must_use]
    pub fn new(n: u32, value: RegressionValue) -> Self {
        let n = n.max(2);
        let count = f64::from(n);
        let sum_x = count * (count - 1.0) * 0.5;
        let squares = count * (count - 1.0) * (2.0 * count - 1.0) / 6.0;
        Self {
            value,
            n,
            sum_x,
            divisor: sum_x * sum_x - count * squares,
            window: Ring::new(n as usize),
            seen: 0,
            until_reseed: RESEED * u64::from(n),
            sum_xy: 0.0,
            sum_y: 0.0,
            sum_abs: 0.0,
            trailing: 0.0,
        }
    }

    /// Takes in a value.
    pub fn next(&mut self, y: f64) -> Option<f64> {
        let n = u64::from(self.n);
        self.window.push(y);
        if self.seen < n {
            self.seen += 1;
            self.sum_y += y;
            self.sum_xy += (n - self.seen) as f64 * y;
            self.sum_abs += y.abs();
            if self.seen < n {
                return None;
            }
        } else {
            let leaving = f64::from(self.n) * self.trailing;
            self.sum_xy = self.sum_xy + self.sum_y - leaving;
            self.sum_y = self.sum_y - self.trailing + y;
            self.sum_abs = self.sum_abs - self.trailing.abs() + y.abs();
            self.until_reseed = self.until_reseed.saturating_sub(1);
            if self.until_reseed == 0 || leaving.abs() > 100.0 * self.sum_abs {
                self.add_up();
            }
        }
        self.trailing = self.window.oldest();
        Some(self.line())
    }

    fn add_up(&mut self) {
        self.until_reseed = RESEED * u64::from(self.n);
        (self.sum_y, self.sum_xy, self.sum_abs) = (0.0, 0.0, 0.0);
        let mut weight = f64::from(self.n) - 1.0;
        for y in self.window.iter() {
            self.sum_y += y;
            self.sum_xy += weight * y;
            self.sum_abs += y.abs();
            weight -= 1.0;
        }
    }

    fn line(&self) -> f64 {
        let n = f64::from(self.n);
        let slope = (n * self.sum_xy - self.sum_x * self.sum_y) / self.divisor;
        let intercept = (self.sum_y - slope * self.sum_x) / n;
        match self.value {
            RegressionValue::End => slope.mul_add(n - 1.0, intercept),
            RegressionValue::Slope => slope,
            RegressionValue::Angle => slope.atan() * (180.0 / std::f64::consts::PI),
            RegressionValue::Intercept => intercept,
            RegressionValue::Next => slope.mul_add(n, intercept),
        }
    }
}

impl Indicator for Regression {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        self.window.carry(c)?;
        c.whole(&mut self.seen)?;
        c.whole(&mut self.until_reseed)?;
        c.float(&mut self.sum_xy)?;
        c.float(&mut self.sum_y)?;
        c.float(&mut self.sum_abs)?;
        c.float(&mut self.trailing)
    }
}

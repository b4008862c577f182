//! Directional movement (Wilder 1978): PLUS_DI, MINUS_DI, DX, ADX.

use types::wire::WireError;

use super::range::true_range;
use crate::carry::Carry;
use crate::kernel::{Indicator, put};

/// Which value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// +DI (`PLUS_DI`).
    Plus,
    /// −DI (`MINUS_DI`).
    Minus,
    /// 100 × |+DI − −DI| / (+DI + −DI) (`DX`); the last one while it is not defined.
    Index,
    /// Wilder's average of it (`ADX`).
    Average,
}

/// Directional movement over n bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Directional {
    movement: Movement,
    n: u32,
    inverse: f64,
    seen: u64,
    /// High, low and close of the bar before.
    before: [f64; 3],
    plus: f64,
    minus: f64,
    range: f64,
    /// The sum while the average starts, then the average; of `Index` the last value.
    value: f64,
}

impl Directional {
    /// Over `n` ≥ 1 bars.
    #[must_use]
    pub fn new(n: u32, movement: Movement) -> Self {
        let n = n.max(1);
        Self {
            movement,
            n,
            inverse: 1.0 / f64::from(n),
            seen: 0,
            before: [0.0; 3],
            plus: 0.0,
            minus: 0.0,
            range: 0.0,
            value: 0.0,
        }
    }

    /// Takes in a bar.
    pub fn next(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        let [high_before, low_before, close_before] = self.before;
        self.before = [high, low, close];
        self.seen += 1;
        if self.seen == 1 {
            return None;
        }
        let (up, down) = (high - high_before, low_before - low);
        let range = true_range(high, low, close_before);
        let plus = if up > 0.0 && up - down > 0.0 { up } else { 0.0 };
        let minus = if down > 0.0 && down - up > 0.0 { down } else { 0.0 };
        if self.n == 1 {
            return self.unsmoothed(plus, minus, range);
        }
        let n = u64::from(self.n);
        if self.seen > n {
            self.minus -= self.minus * self.inverse;
            self.plus -= self.plus * self.inverse;
            self.range = self.range - self.range * self.inverse + range;
        } else {
            self.range += range;
        }
        self.minus += minus;
        self.plus += plus;
        if self.seen <= n {
            return None;
        }
        self.value_now(n)
    }

    /// Over one bar TA-Lib gives the movement's share of the range, not a percentage.
    fn unsmoothed(&self, plus: f64, minus: f64, range: f64) -> Option<f64> {
        let moved = if self.movement == Movement::Plus { plus } else { minus };
        Some(if moved > 0.0 && range > 0.0 { moved / range } else { 0.0 })
    }

    fn value_now(&mut self, n: u64) -> Option<f64> {
        let of_range = |moved: f64| if self.range > 0.0 { 100.0 * (moved / self.range) } else { 0.0 };
        match self.movement {
            Movement::Plus => Some(of_range(self.plus)),
            Movement::Minus => Some(of_range(self.minus)),
            Movement::Index => {
                if let Some(index) = self.index() {
                    self.value = index;
                }
                Some(self.value)
            }
            Movement::Average => {
                let index = self.index();
                if self.seen <= 2 * n {
                    self.value += index.unwrap_or(0.0);
                    if self.seen < 2 * n {
                        return None;
                    }
                    self.value /= f64::from(self.n);
                } else if let Some(index) = index {
                    self.value -= (self.value - index) * self.inverse;
                }
                Some(self.value)
            }
        }
    }

    fn index(&self) -> Option<f64> {
        if self.range <= 0.0 {
            return None;
        }
        let (minus, plus) = (100.0 * (self.minus / self.range), 100.0 * (self.plus / self.range));
        let both = minus + plus;
        (both.abs() >= 1e-14).then(|| 100.0 * ((minus - plus).abs() / both))
    }
}

impl Indicator for Directional {
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        put(out, self.next(x[0], x[1], x[2]))
    }

    fn carry(&mut self, c: &mut Carry<'_, '_>) -> Result<(), WireError> {
        c.whole(&mut self.seen)?;
        c.floats(&mut self.before)?;
        c.float(&mut self.plus)?;
        c.float(&mut self.minus)?;
        c.float(&mut self.range)?;
        c.float(&mut self.value)
    }
}

//! Rolling Sharpe ratio: the yearly ratio of the last w periods, at every period from the w-th on, in O(1) each.
//! w is a quarter of the track, at least 10 and at most 90 periods of a day or 30 days of hours.

use super::Basis;
use super::basis::Period;

/// The window in periods; `None` when there are too few.
#[must_use]
pub fn window(basis: &Basis<'_>) -> Option<usize> {
    let most = match basis.period {
        Period::Day => 90,
        Period::Hour => 720,
        Period::Bar => 1_440,
    };
    let n = basis.shares.len();
    Some((n / 4).clamp(10, most)).filter(|w| n > *w)
}

/// `(time in UTC milliseconds, ratio a year)`; periods without scatter are left out.
#[must_use]
pub fn sharpe(basis: &Basis<'_>) -> Vec<(i64, f64)> {
    let Some(w) = window(basis) else { return Vec::new() };
    let x = &basis.shares;
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut out = Vec::with_capacity(x.len());
    for (i, v) in x.iter().enumerate() {
        sum += v;
        squares += v * v;
        if i >= w {
            sum -= x[i - w];
            squares -= x[i - w] * x[i - w];
        }
        if i + 1 >= w {
            let n = w as f64;
            let mean = sum / n;
            let variance = (squares - sum * mean) / (n - 1.0);
            // What the subtraction leaves of nothing is not scatter.
            if variance > squares * 1e-12 {
                out.push((basis.returns[i].at, mean / variance.sqrt() * basis.per_year.sqrt()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::basis::tests::daily;
    use super::super::stats;
    use super::*;

    #[test]
    fn the_running_sums_give_what_the_definition_gives() {
        let mut equity = vec![100.0];
        for i in 0..79_u32 {
            let step = f64::from((i * 7_919) % 23) / 1_000.0 - 0.010;
            equity.push(equity.last().unwrap() * (1.0 + step));
        }
        let track = daily(100.0, &equity, &vec![1.0; equity.len()]);
        let basis = Basis::of(&track, None);
        let (w, got) = (window(&basis).unwrap(), sharpe(&basis));
        assert_eq!((w, got.len()), (20, 61));
        for (i, (_, ratio)) in got.iter().enumerate() {
            let x = &basis.shares[i..i + w];
            let want = stats::mean(x).unwrap() / stats::deviation(x).unwrap() * 365.0_f64.sqrt();
            assert!((ratio - want).abs() < 1e-8, "{ratio} is not {want}");
        }
    }
}

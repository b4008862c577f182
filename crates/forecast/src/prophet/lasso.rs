//! min ½ θᵀHθ − bᵀθ + λ Σ_{j in lasso} |θ_j|, exactly, by an active set (Osborne, Presnell & Turlach, IMA J. Numer. Anal. 20, 2000).
//!
//! The parameters without an absolute value are eliminated first (Schur complement), so that the combinatorial part is as
//! small as the number of change points. With a fixed set of signs the problem is linear; the walk from one set to the next
//! strictly lowers the objective, so it ends.

use std::ops::Range;

use crate::linalg::solve;

/// Most changes of the active set: each of at most 500 change points enters or leaves a few times.
const STEPS_MAX: usize = 5_000;
/// Relative slack of the optimality condition.
const SLACK: f64 = 1e-9;

/// Solves the problem; `start` gives the first guess of which are not zero. `h` is n × n, row-major, positive definite.
pub(super) fn minimise(
    h: &[f64],
    b: &[f64],
    lasso: &Range<usize>,
    lambda: f64,
    start: &[f64],
) -> Option<Vec<f64>> {
    let n = b.len();
    let smooth: Vec<usize> = (0..n).filter(|i| !lasso.contains(i)).collect();
    let bent: Vec<usize> = lasso.clone().collect();
    let (s, l) = (smooth.len(), bent.len());
    let factor = Cholesky::new(&block(h, n, &smooth, &smooth), s)?;
    // Columns of H_ss⁻¹ H_sl, and H_ss⁻¹ b_s.
    let through: Vec<Vec<f64>> =
        bent.iter().map(|j| factor.solve(smooth.iter().map(|i| h[i * n + j]).collect())).collect();
    let free = factor.solve(smooth.iter().map(|i| b[*i]).collect());
    let mut q = block(h, n, &bent, &bent);
    let mut c: Vec<f64> = bent.iter().map(|j| b[*j]).collect();
    for (row, j) in bent.iter().enumerate() {
        let coupling: Vec<f64> = smooth.iter().map(|i| h[i * n + j]).collect();
        c[row] -= dot(&coupling, &free);
        for (column, solved) in through.iter().enumerate() {
            q[row * l + column] -= dot(&coupling, solved);
        }
    }
    let guess: Vec<f64> = bent.iter().map(|j| start[*j]).collect();
    let delta = active_set(&q, &c, lambda, guess)?;
    let mut theta = vec![0.0; n];
    for (k, i) in smooth.iter().enumerate() {
        theta[*i] = free[k] - through.iter().zip(&delta).map(|(column, d)| column[k] * d).sum::<f64>();
    }
    for (j, d) in bent.iter().zip(delta) {
        theta[*j] = d;
    }
    Some(theta)
}

fn active_set(q: &[f64], c: &[f64], lambda: f64, mut x: Vec<f64>) -> Option<Vec<f64>> {
    let l = c.len();
    let mut active: Vec<(usize, f64)> = (0..l).filter(|j| x[*j] != 0.0).map(|j| (j, x[j].signum())).collect();
    for _ in 0..STEPS_MAX {
        let target = solve_active(q, c, lambda, &active, l)?;
        if let Some((at, share)) = first_crossing(&x, &active, &target) {
            for ((j, _), goal) in active.iter().zip(&target) {
                x[*j] += share * (goal - x[*j]);
            }
            x[active[at].0] = 0.0;
            active.remove(at);
            continue;
        }
        for ((j, _), goal) in active.iter().zip(&target) {
            x[*j] = *goal;
        }
        let violator = (0..l)
            .filter(|j| active.iter().all(|(a, _)| a != j))
            .map(|j| (j, c[j] - active.iter().map(|(a, _)| q[j * l + a] * x[*a]).sum::<f64>()))
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        match violator {
            Some((j, slope)) if slope.abs() > lambda * (1.0 + SLACK) => active.push((j, slope.signum())),
            _ => return Some(x),
        }
    }
    Some(x)
}

/// The unconstrained minimum for fixed signs.
fn solve_active(q: &[f64], c: &[f64], lambda: f64, active: &[(usize, f64)], l: usize) -> Option<Vec<f64>> {
    let k = active.len();
    let mut a = Vec::with_capacity(k * k);
    for (i, _) in active {
        a.extend(active.iter().map(|(j, _)| q[i * l + j]));
    }
    let mut right: Vec<f64> = active.iter().map(|(j, sign)| c[*j] - lambda * sign).collect();
    solve(&mut a, &mut right)?;
    Some(right)
}

/// The first of the active ones that would change its sign on the way to its target, and how far that is.
fn first_crossing(x: &[f64], active: &[(usize, f64)], target: &[f64]) -> Option<(usize, f64)> {
    active
        .iter()
        .zip(target)
        .enumerate()
        .filter(|(_, ((_, sign), goal))| sign * **goal <= 0.0)
        .map(|(at, ((j, _), goal))| {
            let distance = x[*j] - goal;
            (at, if distance == 0.0 { 0.0 } else { (x[*j] / distance).clamp(0.0, 1.0) })
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))
}

fn block(h: &[f64], n: usize, rows: &[usize], columns: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|i| columns.iter().map(move |j| h[i * n + j])).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// L Lᵀ of a positive definite matrix.
struct Cholesky {
    l: Vec<f64>,
    n: usize,
}

impl Cholesky {
    fn new(a: &[f64], n: usize) -> Option<Self> {
        let mut l = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let value = a[i * n + j] - dot(&l[i * n..i * n + j], &l[j * n..j * n + j]);
                l[i * n + j] =
                    if i == j { (value > 0.0).then(|| value.sqrt())? } else { value / l[j * n + j] };
            }
        }
        Some(Self { l, n })
    }

    fn solve(&self, mut b: Vec<f64>) -> Vec<f64> {
        let n = self.n;
        for i in 0..n {
            b[i] = (b[i] - dot(&self.l[i * n..i * n + i], &b[..i])) / self.l[i * n + i];
        }
        for i in (0..n).rev() {
            let tail: f64 = (i + 1..n).map(|k| self.l[k * n + i] * b[k]).sum();
            b[i] = (b[i] - tail) / self.l[i * n + i];
        }
        b
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The optimality conditions are the definition: gradient zero where free or active, within λ where zero.
        #[test]
        fn the_solution_satisfies_the_optimality_conditions(
            entries in prop::collection::vec(-1.0..1.0_f64, 64),
            b in prop::collection::vec(-3.0..3.0_f64, 8),
            lambda in 0.01..3.0_f64,
            start in prop::collection::vec(-1.0..1.0_f64, 8),
        ) {
            let n = 8;
            let mut h = vec![0.0; n * n];
            for i in 0..n {
                for j in 0..n {
                    h[i * n + j] = (0..n).map(|k| entries[i * n + k] * entries[j * n + k]).sum::<f64>()
                        + f64::from(u8::from(i == j)) * 0.05;
                }
            }
            let x = minimise(&h, &b, &(2..6), lambda, &start).unwrap();
            for i in 0..n {
                let slope = b[i] - (0..n).map(|j| h[i * n + j] * x[j]).sum::<f64>();
                if !(2..6).contains(&i) {
                    prop_assert!(slope.abs() < 1e-6, "smooth {i}: {slope}");
                } else if x[i] == 0.0 {
                    prop_assert!(slope.abs() <= lambda * (1.0 + 1e-6), "zero {i}: {slope}");
                } else {
                    prop_assert!((slope - lambda * x[i].signum()).abs() < 1e-6, "active {i}: {slope}");
                }
            }
        }
    }
}

//! The probability of backtest overfitting by combinatorially symmetric cross-validation.
//!
//! Time is cut into S blocks. For each way to take S/2 of them as "past", the trial that was best there is looked up in the
//! other half: its rank ω among N trials there gives λ = ln(ω / (1 − ω)). PBO is the share of ways with λ ≤ 0, in which the best
//! of the past was below the median afterwards. 0.5 is what choosing among worthless trials gives.
//! Source: Bailey, Borwein, López de Prado & Zhu, "The Probability of Backtest Overfitting", Journal of Computational Finance
//! 20(4), 2016. Performance is the Sharpe ratio of the returns in a half.

use super::score::{BLOCKS, Block, sharpe_of};

/// Most trials that all 16 blocks are used for; more are cut into 8 coarser ones, which takes a hundredth of the time.
const FINE_MAX: usize = 2_000;
/// Most trials looked at.
pub const TRIALS_MAX: usize = 100_000;

/// The result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overfit {
    /// PBO, 0 to 1.
    pub probability: f64,
    /// Trials that were compared.
    pub trials: usize,
    /// Ways to split the time.
    pub splits: usize,
}

/// PBO of trials over the same window; `None` for fewer than two. Trials beyond [`TRIALS_MAX`] are left out.
#[must_use]
pub fn probability(trials: &[[Block; BLOCKS]]) -> Option<Overfit> {
    let trials = &trials[..trials.len().min(TRIALS_MAX)];
    if trials.len() < 2 {
        return None;
    }
    let join = if trials.len() > FINE_MAX { 2 } else { 1 };
    let blocks = BLOCKS / join;
    let coarse: Vec<Vec<Block>> = trials.iter().map(|t| t.chunks(join).map(sum).collect()).collect();
    let (mut below, mut splits) = (0_usize, 0_usize);
    let mut halves = vec![(0.0, 0.0); trials.len()];
    for mask in 0_u32..1 << blocks {
        // Each pair of halves once: the one that holds the first block is the mask.
        if mask & 1 == 0 || usize::try_from(mask.count_ones()) != Ok(blocks / 2) {
            continue;
        }
        for (half, trial) in halves.iter_mut().zip(&coarse) {
            let part = |wanted: u32| {
                let chosen = trial.iter().enumerate().filter(|(i, _)| mask >> i & 1 == wanted);
                let total = chosen.fold(Block::default(), |a, (_, b)| add(a, *b));
                sharpe_of(&[total]).unwrap_or(0.0)
            };
            *half = (part(1), part(0));
        }
        below += usize::from(best_is_below(&halves, |h| h.0, |h| h.1));
        below += usize::from(best_is_below(&halves, |h| h.1, |h| h.0));
        splits += 2;
    }
    Some(Overfit { probability: below as f64 / splits as f64, trials: trials.len(), splits })
}

type Half = fn(&(f64, f64)) -> f64;

/// Whether the best of the past has λ ≤ 0 afterwards. Equals count half, so that copies of one trial prove nothing.
fn best_is_below(halves: &[(f64, f64)], past: Half, after: Half) -> bool {
    let Some(best) = halves.iter().reduce(|a, b| if past(b) > past(a) { b } else { a }) else { return false };
    let mine = after(best);
    let less = halves.iter().filter(|h| after(h) < mine).count() as f64;
    let same = halves.iter().filter(|h| after(h).total_cmp(&mine).is_eq()).count() as f64;
    let rank = less + f64::midpoint(same, 1.0);
    rank / (halves.len() as f64 + 1.0) <= 0.5
}

fn add(a: Block, b: Block) -> Block {
    Block { n: a.n + b.n, sum: a.sum + b.sum, squares: a.squares + b.squares }
}

fn sum(blocks: &[Block]) -> Block {
    blocks.iter().fold(Block::default(), |a, b| add(a, *b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Draw;

    /// `n` trials of noise with 20 returns in each block; the first ones get `edge` on top of every return.
    fn trials(n: usize, edge: f64, seed: u64) -> Vec<[Block; BLOCKS]> {
        let mut draw = Draw::new(seed, 9);
        (0..n)
            .map(|i| {
                [(); BLOCKS].map(|()| {
                    let mut block = Block::default();
                    for _ in 0..20 {
                        let x = draw.unit() - 0.5 + if i == 0 { edge } else { 0.0 };
                        block = add(block, Block { n: 1.0, sum: x, squares: x * x });
                    }
                    block
                })
            })
            .collect()
    }

    #[test]
    fn noise_is_overfitted_half_of_the_time_and_an_edge_is_not() {
        let mean = |edge: f64| {
            (0..8).map(|s| probability(&trials(16, edge, s)).unwrap().probability).sum::<f64>() / 8.0
        };
        let (noise, edge) = (mean(0.0), mean(0.2));
        assert!((0.3..0.7).contains(&noise), "{noise}");
        assert!(edge < 0.05, "{edge}");
        assert_eq!(probability(&trials(30, 0.0, 1)).unwrap().splits, 12_870);
        assert_eq!(probability(&trials(1, 0.0, 1)), None);
    }

    #[test]
    fn copies_of_one_trial_prove_nothing() {
        let one = trials(1, 0.0, 3)[0];
        assert!((probability(&[one; 10]).unwrap().probability - 1.0).abs() < 1e-12);
    }
}

//! Extremes of sliding windows over whole columns: the values of `indicators::Highest`, without its queue.
//!
//! Source: van Herk (1992) and Gil & Werman (1993). The column is cut into blocks of the window's length; a window is the end of one
//! block and the beginning of the next, so its extreme is that of two running ones. Three comparisons a value whatever the length,
//! and no branch that depends on prices. Prices are compared as integers: the largest integer is the largest float.

use super::cache::Column;

/// The highest of each value and the `n` − 1 before it, NaN before there are so many.
pub(super) fn highest(values: &[i64], n: usize) -> Column {
    extreme(values, n, i64::max)
}

/// The lowest likewise.
pub(super) fn lowest(values: &[i64], n: usize) -> Column {
    extreme(values, n, i64::min)
}

fn extreme(values: &[i64], n: usize, better: impl Fn(i64, i64) -> i64 + Copy) -> Column {
    let n = n.max(1);
    let mut column: Column = std::iter::repeat_n(f64::NAN, values.len()).collect();
    // A new column has one owner.
    let Some(out) = std::sync::Arc::get_mut(&mut column) else { return column };
    // Of the block before: the extreme from each place to its end.
    let mut ends = vec![0_i64; n];
    for (number, block) in values.chunks(n).enumerate() {
        let out = &mut out[number * n..number * n + block.len()];
        let Some(mut running) = block.first().copied() else { break };
        if number > 0 {
            for ((slot, value), end) in out.iter_mut().zip(block).zip(&ends[1..]) {
                running = better(running, *value);
                // A signal, not money: a price's integer is exact in a float up to 2^53.
                *slot = better(running, *end) as f64;
            }
        }
        if block.len() < n {
            break;
        }
        running = block[n - 1];
        for (end, value) in ends.iter_mut().zip(block).rev() {
            running = better(running, *value);
            *end = running;
        }
        // The last window of a block is the block.
        out[n - 1] = ends[0] as f64;
    }
    column
}

#[cfg(test)]
mod tests {
    use indicators::{Extreme, Highest};

    use super::*;

    #[test]
    fn the_values_are_those_of_the_queue_bit_for_bit() {
        let mut seed = 9_u64;
        for count in [0, 1, 2, 5, 40, 257] {
            for n in [1_u32, 2, 3, 7, 20, 40, 41, 300] {
                let values: Vec<i64> = (0..count)
                    .map(|_| {
                        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        // Small numbers, so that many are equal; now and then one beyond what a float holds exactly.
                        let value = i64::try_from(seed >> 59).unwrap();
                        if value == 7 { i64::MAX - value } else { value }
                    })
                    .collect();
                for (kind, column) in [
                    (Extreme::Highest, highest(&values, n as usize)),
                    (Extreme::Lowest, lowest(&values, n as usize)),
                ] {
                    let mut queue = Highest::new(n, kind);
                    for (at, value) in values.iter().enumerate() {
                        let want = queue.next(*value as f64).unwrap_or(f64::NAN);
                        assert_eq!(
                            column[at].to_bits(),
                            want.to_bits(),
                            "{kind:?} of {n} at {at} of {count}"
                        );
                    }
                }
            }
        }
    }
}

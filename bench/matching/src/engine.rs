//! What every contender does: replay commands, tell its trades, digest its book.

use crate::workload::Command;

/// A matching engine under test.
pub trait Engine {
    /// With an empty book.
    fn new() -> Self;
    /// Carries out one command.
    fn run(&mut self, command: &Command);
    /// The trades of the last command: maker id, price, quantity.
    fn trades(&self, tell: &mut dyn FnMut(u64, u64, u64));
    /// A digest of the levels: bids from the best down, asks from the best up.
    fn digest(&self) -> u64;
}

/// The digest of nothing (FNV-1a).
pub const DIGEST_START: u64 = 0xcbf2_9ce4_8422_2325;

/// Adds numbers to a digest (FNV-1a over whole words).
pub fn mix(digest: u64, numbers: &[u64]) -> u64 {
    numbers
        .iter()
        .fold(digest, |digest, number| (digest ^ number).wrapping_mul(0x100_0000_01b3).rotate_left(23))
}

/// Digests levels given as (price, quantity).
pub fn digest_levels(bids: impl Iterator<Item = (u64, u64)>, asks: impl Iterator<Item = (u64, u64)>) -> u64 {
    let sides = bids.map(|level| (0, level)).chain(asks.map(|level| (1, level)));
    sides.fold(DIGEST_START, |digest, (side, (price, qty))| mix(digest, &[side, price, qty]))
}

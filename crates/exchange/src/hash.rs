//! One fixed hash function for the core's look-up tables. The tables are never iterated, so that no order in the
//! exchange's behaviour depends on it. It is not keyed: a trader can look for client ids that collide, but what the
//! filters allow one account to have live at a time bounds the harm.

use std::hash::{Hash, Hasher};

/// Odd constant near 2^64 / φ (Knuth's multiplicative hashing).
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Multiplies and folds 64 bits at a time.
#[derive(Clone, Copy, Debug, Default)]
struct Fold(u64);

impl Fold {
    fn mix(&mut self, word: u64) {
        let (low, high) = (self.0 ^ word).carrying_mul(FACTOR, 0);
        self.0 = low ^ high ^ word.rotate_left(32);
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.mix(u64::from_le_bytes(last));
        }
    }
    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }
    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }
    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }
    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }
    fn finish(&self) -> u64 {
        // The tables take the top bits as tag and the low bits as place: both must depend on everything.
        let hash = self.0.wrapping_mul(FACTOR);
        hash ^ (hash >> 32)
    }
}

/// The hash of `key`.
pub(crate) fn hash_of(key: &impl Hash) -> u64 {
    let mut state = Fold::default();
    key.hash(&mut state);
    state.finish()
}

/// A checksum of bytes against accidents (not against forgery).
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let mut state = Fold(bytes.len() as u64);
    state.write(bytes);
    state.finish()
}

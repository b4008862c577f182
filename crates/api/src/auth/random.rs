//! Secrets that only machines read: 256 random bits as text; the database sees their hash alone.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

/// 256 random bits behind a prefix that tells what they are (so that scanners find leaked ones): `twr_…`.
///
/// # Panics
/// When the operating system has no random numbers: nothing secret can be made then.
#[must_use]
pub fn opaque_token(prefix: &str) -> String {
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// A number that no other call of this process gives, and hardly one of another process: a name for requests and traces. It is no
/// secret; random numbers of the system would cost more than the answer it names.
#[must_use]
pub(crate) fn serial() -> u128 {
    static RUN: OnceLock<[u64; 2]> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let [run, mask] = *RUN.get_or_init(|| {
        let word = || u64::from_le_bytes(random::<8>());
        [word() | 1, word()]
    });
    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014) maps one to one: no number comes twice.
    let mut n = NEXT.fetch_add(1, Ordering::Relaxed) ^ mask;
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u128::from(run) << 64 | u128::from(n ^ (n >> 31))
}

/// `N` random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
}

/// SHA-256 of a secret of full entropy, as it is stored: such a secret needs no slow hash.
#[must_use]
pub fn secret_hash(secret: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_of_many_threads_are_all_different_and_never_nothing() {
        let many = || (0..10_000).map(|_| serial()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(many)).collect();
        let all: Vec<u128> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        let distinct: std::collections::BTreeSet<u128> = all.iter().copied().collect();
        assert_eq!(distinct.len(), 40_000);
        assert!(!distinct.contains(&0));
    }

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (a, b) = (opaque_token("twr"), opaque_token("twr"));
        assert_ne!(a, b);
        assert_eq!(a.len(), 4 + 43);
        assert_ne!(secret_hash(&a), secret_hash(&b));
    }
}

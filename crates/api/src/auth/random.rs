//! Secrets that only machines read: 256 random bits as text; the database sees their hash alone.

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
    fn tokens_are_long_and_never_the_same() {
        let (a, b) = (opaque_token("twr"), opaque_token("twr"));
        assert_ne!(a, b);
        assert_eq!(a.len(), 4 + 43);
        assert_ne!(secret_hash(&a), secret_hash(&b));
    }
}

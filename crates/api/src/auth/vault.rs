//! Seals secrets before they are stored (second factors, API keys, venue keys): ChaCha20-Poly1305 under a key that is not in
//! the database.
//!
//! A sealed text is `nonce ‖ ciphertext ‖ tag`; what it is for and whose it is are authenticated with it, so a blob that is
//! copied to another row does not open. Nonces are random: 2^32 seals under one key are far beyond what people make.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::random::random;

/// The key-encryption key.
pub struct Vault {
    key: LessSafeKey,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(key hidden)")
    }
}

/// Why a seal does not open: another key, another owner, another purpose, or damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be opened with this installation's key")]
pub struct SealBroken;

impl Vault {
    /// With 256 random bits.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("a key of this cipher has 32 bytes");
        Self { key: LessSafeKey::new(key) }
    }

    /// Seals a secret for a purpose (`totp`, `api_key`) and an owner.
    #[must_use]
    pub fn seal(&self, purpose: &str, owner: &str, secret: &[u8]) -> Vec<u8> {
        let nonce = random::<NONCE_LEN>();
        let mut text = secret.to_vec();
        let aad = Aad::from(context(purpose, owner));
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text)
            .expect("a secret is far shorter than the cipher's limit");
        let mut sealed = nonce.to_vec();
        sealed.append(&mut text);
        sealed
    }

    /// Opens what was sealed for the same purpose and owner.
    ///
    /// # Errors
    /// [`SealBroken`].
    pub fn open(&self, purpose: &str, owner: &str, sealed: &[u8]) -> Result<Vec<u8>, SealBroken> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(SealBroken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealBroken)?;
        let mut text = text.to_vec();
        let aad = Aad::from(context(purpose, owner));
        let secret = self.key.open_in_place(nonce, aad, &mut text).map_err(|_| SealBroken)?;
        Ok(secret.to_vec())
    }
}

/// What is authenticated beside the text. The length keeps `ab‖c` and `a‖bc` apart.
fn context(purpose: &str, owner: &str) -> Vec<u8> {
    format!("tradewind:1:{}:{purpose}:{owner}", purpose.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_purpose_and_owner_only() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal("totp", "alice", b"secret");
        assert_eq!(vault.open("totp", "alice", &sealed).unwrap(), b"secret");
        assert!(vault.open("totp", "bob", &sealed).is_err());
        assert!(vault.open("api_key", "alice", &sealed).is_err());
        assert!(Vault::new(&[8; 32]).open("totp", "alice", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(vault.open("totp", "alice", &damaged).is_err(), "byte {at}");
            assert!(vault.open("totp", "alice", &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_ne!(sealed, vault.seal("totp", "alice", b"secret"), "each seal is different");
    }
}

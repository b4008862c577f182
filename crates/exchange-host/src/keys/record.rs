//! One API key and how its signatures are checked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{hmac, signature};
use types::{AccountId, AccountName};

use super::public::PublicKey;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Private reads.
    pub read: bool,
    /// Placing, changing and cancelling orders.
    pub trade: bool,
}

impl Permissions {
    /// Everything a key can be allowed.
    pub const ALL: Self = Self { read: true, trade: true };
}

/// How requests of a key are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// HMAC-SHA256, hexadecimal (either case).
    Hmac,
    /// Ed25519, base64.
    Ed25519,
    /// RSA PKCS#1 v1.5 with SHA-256, base64.
    Rsa,
}

/// One API key. Its `Debug` shows no secret.
#[derive(Debug)]
pub struct KeyRecord {
    /// `X-MBX-APIKEY`.
    pub api_key: String,
    /// Whose.
    pub account: AccountId,
    /// The account's name when the key was made; a key is void for an account of another name.
    pub account_name: AccountName,
    /// What it may do.
    pub permissions: Permissions,
    /// The owner's words for it.
    pub label: String,
    pub(super) verifier: Verifier,
}

/// What checks a signature.
pub(super) enum Verifier {
    Hmac(hmac::Key),
    Public(PublicKey),
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hmac(_) => "Hmac(hidden)",
            Self::Public(key) => return key.fmt(f),
        })
    }
}

impl KeyRecord {
    /// How it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        match &self.verifier {
            Verifier::Hmac(_) => KeyKind::Hmac,
            Verifier::Public(PublicKey::Ed25519(_)) => KeyKind::Ed25519,
            Verifier::Public(PublicKey::Rsa(_)) => KeyKind::Rsa,
        }
    }

    /// True if `signature` (as it came in the request, percent-decoded) is this key's over `payload`. Constant time for
    /// HMAC. HMAC signatures are hexadecimal in either case, the others base64 (Binance, "Signed request examples").
    #[must_use]
    pub fn verify(&self, payload: &[u8], signature: &str) -> bool {
        match &self.verifier {
            Verifier::Hmac(key) => {
                decode_hex(signature).is_some_and(|tag| hmac::verify(key, payload, &tag).is_ok())
            }
            Verifier::Public(public) => {
                let Ok(bytes) = STANDARD.decode(signature) else { return false };
                let (algorithm, key): (&dyn signature::VerificationAlgorithm, &[u8]) = match public {
                    PublicKey::Ed25519(key) => (&signature::ED25519, key),
                    PublicKey::Rsa(key) => (&signature::RSA_PKCS1_2048_8192_SHA256, key),
                };
                signature::UnparsedPublicKey::new(algorithm, key).verify(payload, &bytes).is_ok()
            }
        }
    }
}

/// 64 hexadecimal digits as 32 bytes.
fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0_u8; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

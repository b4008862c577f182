//! API keys: who may sign requests for which account, and how signatures are checked. Secrets never leave this module
//! except once, to their owner at creation.

use std::sync::Arc;

use types::AccountId;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Private reads.
    pub read: bool,
    /// Placing, changing and cancelling orders.
    pub trade: bool,
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
    /// Whose.
    pub account: AccountId,
    /// How it signs.
    pub kind: KeyKind,
    /// What it may do.
    pub permissions: Permissions,
    /// The owner's words for it.
    pub label: String,
}

impl KeyRecord {
    /// True if `signature` (as it came in the request, percent-decoded) is this key's over `payload`. Constant time for HMAC.
    #[must_use]
    pub fn verify(&self, payload: &[u8], signature: &str) -> bool {
        let _ = (payload, signature);
        false
    }
}

/// All keys of a host.
#[derive(Debug, Default)]
pub struct Keys {}

impl Keys {
    /// The record of an API key. A revoked key is gone at once. Never blocks on the disk.
    #[must_use]
    pub fn get(&self, api_key: &str) -> Option<Arc<KeyRecord>> {
        let _ = api_key;
        None
    }
}

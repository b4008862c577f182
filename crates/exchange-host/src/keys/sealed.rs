//! The key file: every key's secret sealed with AES-256-GCM under the master key.
//!
//! `"TWKEYS" version:u16 count:varint` then per key: API key, account id and name, permissions, label, kind, 96-bit random
//! nonce, sealed secret. All clear parts and the version are the record's additional authenticated data, so a secret cannot be
//! moved to another account or given more rights. Limit: a whole old file put back is not noticed.

use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use types::wire::{Reader, WireError, Writer};
use types::{AccountId, AccountName};

use super::public::PublicKey;
use super::record::{KeyKind, KeyRecord, Permissions, Verifier};
use super::{KEYS_MAX, KeysError, master};

const MAGIC: &[u8; 6] = b"TWKEYS";
const VERSION: u16 = 1;

/// What a key signs with: an HMAC secret or a public key. Never shown.
pub(super) enum Material {
    /// The text that both sides know.
    Secret(String),
    /// Ed25519 or RSA.
    Public(PublicKey),
}

/// A key as the file holds it: ready to use, and its bytes to write again.
pub(super) struct Sealed {
    pub(super) record: Arc<KeyRecord>,
    bytes: Vec<u8>,
}

/// The clear part of a key.
pub(super) struct Clear<'a> {
    pub(super) api_key: &'a str,
    pub(super) account: AccountId,
    pub(super) account_name: &'a AccountName,
    pub(super) permissions: Permissions,
    pub(super) label: &'a str,
}

/// Seals and opens.
pub(super) struct Seal {
    key: LessSafeKey,
}

impl Seal {
    pub(super) fn new(master: &[u8; master::MASTER_LEN]) -> Result<Self, KeysError> {
        let key = UnboundKey::new(&AES_256_GCM, master).map_err(|_| KeysError::Crypto)?;
        Ok(Self { key: LessSafeKey::new(key) })
    }

    /// Seals a new key.
    pub(super) fn seal(&self, clear: &Clear<'_>, material: Material) -> Result<Sealed, KeysError> {
        let (kind, mut secret) = match &material {
            Material::Secret(text) => (KeyKind::Hmac, text.as_bytes().to_vec()),
            Material::Public(PublicKey::Ed25519(point)) => (KeyKind::Ed25519, point.to_vec()),
            Material::Public(PublicKey::Rsa(der)) => (KeyKind::Rsa, der.clone()),
        };
        let mut bytes = Vec::new();
        write_clear(clear, kind, &mut bytes);
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| KeysError::Random)?;
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated(&bytes)),
                &mut secret,
            )
            .map_err(|_| KeysError::Crypto)?;
        bytes.extend_from_slice(&nonce);
        Writer(&mut bytes).bytes(&secret);
        Ok(Sealed { record: Arc::new(record(clear, verifier(material))), bytes })
    }

    /// Opens a whole file. Any byte changed anywhere is an error.
    pub(super) fn open_file(&self, file: &[u8]) -> Result<Vec<Sealed>, &'static str> {
        let mut reader = Reader::new(file);
        if reader.take(MAGIC.len()) != Ok(MAGIC) {
            return Err("it is not a key file");
        }
        if reader.u16() != Ok(VERSION) {
            return Err("it has a format that this version does not know");
        }
        let count = reader.count(1).ok().filter(|count| *count <= KEYS_MAX).ok_or("its length is wrong")?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(self.open_one(&mut reader, file)?);
        }
        reader.end().map_err(|_| "something follows its last key")?;
        Ok(all)
    }

    fn open_one(&self, reader: &mut Reader<'_>, file: &[u8]) -> Result<Sealed, &'static str> {
        const UNREADABLE: &str = "a key in it cannot be read";
        let start = file.len() - reader.left();
        let parts = read_clear(reader).map_err(|_| UNREADABLE)?;
        let clear_end = file.len() - reader.left();
        let nonce = reader.take(NONCE_LEN).ok().and_then(|n| n.try_into().ok()).ok_or(UNREADABLE)?;
        let mut sealed = reader.bytes().map_err(|_| UNREADABLE)?.to_vec();
        let secret = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated(&file[start..clear_end])),
                &mut sealed,
            )
            .map_err(|_| "a key in it was changed, or belongs to another master key")?;
        let material = match parts.kind {
            KeyKind::Hmac => Material::Secret(String::from_utf8(secret.to_vec()).map_err(|_| UNREADABLE)?),
            KeyKind::Ed25519 => {
                Material::Public(PublicKey::Ed25519(secret.as_ref().try_into().map_err(|_| UNREADABLE)?))
            }
            KeyKind::Rsa => Material::Public(PublicKey::from_pkcs1(secret).map_err(|_| UNREADABLE)?),
        };
        let clear = Clear {
            api_key: &parts.api_key,
            account: parts.account,
            account_name: &parts.account_name,
            permissions: parts.permissions,
            label: &parts.label,
        };
        let bytes = file[start..file.len() - reader.left()].to_vec();
        Ok(Sealed { record: Arc::new(record(&clear, verifier(material))), bytes })
    }
}

/// The file that holds `keys`.
pub(super) fn file_of<'a>(keys: impl ExactSizeIterator<Item = &'a Sealed>) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let mut writer = Writer(&mut out);
    writer.u16(VERSION);
    writer.varint(keys.len() as u64);
    for key in keys {
        out.extend_from_slice(&key.bytes);
    }
    out
}

/// The parts of a key that are not secret, as read.
struct Parts {
    api_key: String,
    account: AccountId,
    account_name: AccountName,
    permissions: Permissions,
    label: String,
    kind: KeyKind,
}

fn write_clear(clear: &Clear<'_>, kind: KeyKind, out: &mut Vec<u8>) {
    let mut writer = Writer(out);
    writer.text(clear.api_key);
    writer.u32(clear.account.0);
    writer.text(clear.account_name.as_str());
    writer.bool(clear.permissions.read);
    writer.bool(clear.permissions.trade);
    writer.text(clear.label);
    writer.u8(match kind {
        KeyKind::Hmac => 0,
        KeyKind::Ed25519 => 1,
        KeyKind::Rsa => 2,
    });
}

fn read_clear(reader: &mut Reader<'_>) -> Result<Parts, WireError> {
    Ok(Parts {
        api_key: reader.text()?.to_owned(),
        account: AccountId(reader.u32()?),
        account_name: AccountName::new(reader.text()?).map_err(|_| WireError::Invalid)?,
        permissions: Permissions { read: reader.bool()?, trade: reader.bool()? },
        label: reader.text()?.to_owned(),
        kind: match reader.u8()? {
            0 => KeyKind::Hmac,
            1 => KeyKind::Ed25519,
            2 => KeyKind::Rsa,
            _ => return Err(WireError::Invalid),
        },
    })
}

/// The additional authenticated data of a record: the file's version and the record's clear part.
fn associated(clear: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(clear);
    out
}

fn verifier(material: Material) -> Verifier {
    match material {
        Material::Secret(text) => Verifier::Hmac(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())),
        Material::Public(key) => Verifier::Public(key),
    }
}

fn record(clear: &Clear<'_>, verifier: Verifier) -> KeyRecord {
    KeyRecord {
        api_key: clear.api_key.to_owned(),
        account: clear.account,
        account_name: *clear.account_name,
        permissions: clear.permissions,
        label: clear.label.to_owned(),
        verifier,
    }
}

//! Signed statements where the chain was: whoever rewrites the whole chain cannot renew them without the key, which is not in
//! the database. One that is also kept outside it tells when the end of the chain, checkpoints included, was taken away.

use ring::hmac;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::statement::sql;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

/// Signs checkpoints (Ed25519).
pub struct Signer(Ed25519KeyPair);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(key hidden)")
    }
}

impl Signer {
    /// With a key of its own, derived from an installation's secret (256 random bits or more).
    ///
    /// # Errors
    /// `Unfit`, which a seed of 32 bytes never is.
    pub fn derived(secret: &[u8]) -> Result<Self, StoreError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let seed = hmac::sign(&key, b"tradewind audit checkpoints 1");
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref());
        pair.map(Self).map_err(|error| StoreError::Unfit(format!("no key can be made: {error}")))
    }

    /// What others check its signatures with.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }
}

/// A signed statement that an entry had a hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The entry.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Who signed.
    pub public_key: Vec<u8>,
    /// Over both.
    pub signature: Vec<u8>,
}

/// What a check of the chain relies on.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys that may have signed; without any, signatures only prove themselves.
    pub keys: Vec<Vec<u8>>,
    /// Checkpoints that were kept outside the database.
    pub kept: Vec<Checkpoint>,
}

/// Signs where the chain is now; `None` if that is signed already, or nothing is there yet.
///
/// # Errors
/// Failures of the database.
pub async fn checkpoint(tx: &mut Tx, signer: &Signer, now: Ts) -> Result<Option<Checkpoint>, StoreError> {
    let head = tx.one("audit head", sql("SELECT seq, hash FROM audit_head WHERE one = 1")).await?;
    let (seq, hash): (i64, Vec<u8>) = (head.get("seq")?, head.get("hash")?);
    if seq == 0 {
        return Ok(None);
    }
    let signature = signer.0.sign(&signed_bytes(seq, &hash)).as_ref().to_vec();
    let made = Checkpoint { seq, hash, public_key: signer.public_key(), signature };
    let text = "INSERT INTO audit_checkpoints (seq, hash, public_key, signature, created_at) \
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT (seq) DO NOTHING";
    let statement = sql(text).bind(seq).bind(made.hash.clone()).bind(made.public_key.clone());
    let written = tx.execute(statement.bind(made.signature.clone()).bind(now)).await?;
    Ok((written > 0).then_some(made))
}

/// The hash of an entry, in the log or its archive; `None` where there is none.
///
/// # Errors
/// Failures of the database.
pub async fn hash_at(reader: &mut Reader, seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let text =
        "SELECT hash FROM audit_log WHERE seq = $1 UNION ALL SELECT hash FROM audit_archive WHERE seq = $1";
    reader.optional(sql(text).bind(seq)).await?.map(|row| row.get("hash")).transpose()
}

/// All checkpoints of the database.
pub(super) async fn checkpoints(reader: &mut Reader) -> Result<Vec<Checkpoint>, StoreError> {
    let text = "SELECT seq, hash, public_key, signature FROM audit_checkpoints ORDER BY seq";
    let rows = reader.all(sql(text)).await?;
    let of = |row: &crate::row::Row| {
        Ok(Checkpoint {
            seq: row.get("seq")?,
            hash: row.get("hash")?,
            public_key: row.get("public_key")?,
            signature: row.get("signature")?,
        })
    };
    rows.iter().map(of).collect()
}

fn signed_bytes(seq: i64, hash: &[u8]) -> Vec<u8> {
    [b"tradewind audit checkpoint 1\0".as_slice(), &seq.to_be_bytes(), hash].concat()
}

impl Checkpoint {
    /// What is wrong with it, given that the chain has `hash` at `seq`.
    pub(super) fn fault(&self, seq: i64, hash: &[u8], trust: &Trust) -> Option<String> {
        if self.seq != seq || self.hash != hash {
            return Some(format!("the checkpoint of entry {} does not fit", self.seq));
        }
        if !trust.keys.is_empty() && !trust.keys.contains(&self.public_key) {
            return Some("its checkpoint was signed with another key".to_owned());
        }
        let signed = signed_bytes(self.seq, &self.hash);
        let good = UnparsedPublicKey::new(&ED25519, &self.public_key).verify(&signed, &self.signature);
        good.is_err().then(|| "the signature of its checkpoint is wrong".to_owned())
    }
}

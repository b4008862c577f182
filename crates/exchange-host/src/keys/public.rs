//! Public keys in PEM, as Binance takes them: `PUBLIC KEY` (`SubjectPublicKeyEntry`, RFC 5280 §4.1.2.7; Ed25519 RFC 8410) and
//! `RSA PUBLIC KEY` (PKCS#1, RFC 8017 A.1.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Longest PEM text looked at, in bytes: a 4,096-bit RSA key has about 800.
pub const PEM_LEN_MAX: usize = 4_096;

/// RSA modulus sizes in bits that are taken.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// Object identifier 1.3.101.112, DER.
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// Object identifier 1.2.840.113549.1.1.1, DER.
const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const TAG_INTEGER: u8 = 0x02;
const TAG_BITS: u8 = 0x03;
const TAG_OID: u8 = 0x06;
const TAG_SEQUENCE: u8 = 0x30;

/// A public key that signatures are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// The point, 32 bytes.
    Ed25519([u8; 32]),
    /// PKCS#1 `RSAPublicKey`, DER.
    Rsa(Vec<u8>),
}

/// Why a text is not a public key that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not PEM, or not the DER of a public key.
    #[error("is not a public key in PEM (-----BEGIN PUBLIC KEY-----)")]
    Malformed,
    /// Another algorithm.
    #[error("is neither an Ed25519 nor an RSA public key")]
    Algorithm,
    /// An RSA modulus outside the range.
    #[error("is an RSA key of {bits} bits; 2048 to 4096 are taken")]
    RsaSize {
        /// Its size.
        bits: usize,
    },
}

impl PublicKey {
    /// Reads a key from PEM.
    pub(crate) fn from_pem(text: &str) -> Result<Self, PublicKeyError> {
        if text.len() > PEM_LEN_MAX {
            return Err(PublicKeyError::Malformed);
        }
        let (label, der) = decode_pem(text).ok_or(PublicKeyError::Malformed)?;
        match label {
            "PUBLIC KEY" => Self::from_spki(&der),
            "RSA PUBLIC KEY" => Self::from_pkcs1(&der),
            _ => Err(PublicKeyError::Malformed),
        }
    }

    fn from_spki(der: &[u8]) -> Result<Self, PublicKeyError> {
        let read = || {
            let body = whole(der, TAG_SEQUENCE)?;
            let (algorithm, rest) = element(body, TAG_SEQUENCE)?;
            let (oid, _) = element(algorithm, TAG_OID)?;
            // A BIT STRING starts with the number of unused bits, which is zero for keys.
            let key = whole(rest, TAG_BITS)?.strip_prefix(&[0])?;
            Some((oid, key))
        };
        let (oid, key) = read().ok_or(PublicKeyError::Malformed)?;
        match oid {
            OID_ED25519 => key.try_into().map(Self::Ed25519).map_err(|_| PublicKeyError::Malformed),
            OID_RSA => Self::from_pkcs1(key),
            _ => Err(PublicKeyError::Algorithm),
        }
    }

    /// A PKCS#1 `RSAPublicKey` whose modulus is of a size that is taken.
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, PublicKeyError> {
        let read = || {
            let body = whole(der, TAG_SEQUENCE)?;
            let (modulus, rest) = element(body, TAG_INTEGER)?;
            whole(rest, TAG_INTEGER)?;
            Some(modulus)
        };
        let modulus = read().ok_or(PublicKeyError::Malformed)?;
        let digits = modulus.strip_prefix(&[0]).unwrap_or(modulus);
        let spare = digits.first().map_or(0, |byte| byte.leading_zeros() as usize);
        let bits = (digits.len() * 8).saturating_sub(spare);
        if RSA_BITS.contains(&bits) {
            Ok(Self::Rsa(der.to_vec()))
        } else {
            Err(PublicKeyError::RsaSize { bits })
        }
    }
}

/// The label and the bytes between the first pair of PEM boundaries.
fn decode_pem(text: &str) -> Option<(&str, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    if !rest.starts_with(label) {
        return None;
    }
    let digits: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    Some((label, STANDARD.decode(digits).ok()?))
}

/// The content of the one element that `bytes` is.
fn whole(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    element(bytes, tag).filter(|(_, rest)| rest.is_empty()).map(|(content, _)| content)
}

/// The content of the DER element at the front, and what follows it. Lengths up to two bytes.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first != tag {
        return None;
    }
    let (len, rest) = match rest {
        [len @ 0..=0x7f, rest @ ..] => (usize::from(*len), rest),
        [0x81, len @ 0x80..=0xff, rest @ ..] => (usize::from(*len), rest),
        [0x82, high @ 1..=0xff, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        _ => return None,
    };
    rest.split_at_checked(len)
}

//! Access tokens: a JWT (RFC 7519) with one algorithm, one header and five minutes of life.
//!
//! The header is a constant that must match byte for byte, so there is nothing to negotiate and nothing to confuse (ADR 6).
//! What changes during its life (a logout, a new role) is looked up by `sid`; the token only proves who logged in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::random::{opaque_token, random};

/// How long a token lives, seconds.
pub(crate) const LIFE_S: i64 = 300;
/// How far clocks may be apart, seconds.
const LEEWAY_S: i64 = 5;
const ISSUER: &str = "tradewind";
const AUDIENCE: &str = "tradewind-api";
/// base64url of `{"alg":"HS256","typ":"at+jwt"}` (RFC 9068).
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9";
/// Longest token looked at, in bytes.
const LEN_MAX: usize = 1_024;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who made it.
    pub iss: String,
    /// For whom it is meant.
    pub aud: String,
    /// The user.
    pub sub: String,
    /// The session; when it ends, the token ends.
    pub sid: String,
    /// Made at, seconds since 1970.
    pub iat: i64,
    /// Good until, seconds since 1970.
    pub exp: i64,
    /// Its own name.
    pub jti: String,
}

/// Why a token is no good. People are told one thing only: log in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours, or changed.
    #[error("the access token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the access token has expired")]
    Expired,
}

/// Makes and checks tokens with one 256-bit key.
pub struct Tokens {
    key: hmac::Key,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(key hidden)")
    }
}

impl Tokens {
    /// With a key of 256 random bits.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// With a key of its own: tokens end with the process.
    #[must_use]
    pub fn ephemeral() -> Self {
        Self::new(&random())
    }

    /// A token for a user's session, from `now` (seconds since 1970).
    #[must_use]
    pub fn make(&self, user: &str, session: &str, now: i64) -> String {
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: user.into(),
            sid: session.into(),
            iat: now,
            exp: now + LIFE_S,
            jti: opaque_token("t"),
        };
        // A structure of texts and integers always becomes JSON.
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let signed = format!("{HEADER}.{payload}");
        let tag = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// What a token says, if it is ours and in time at `now`.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn read(&self, token: &str, now: i64) -> Result<Claims, TokenError> {
        if token.len() > LEN_MAX {
            return Err(TokenError::Invalid);
        }
        let (signed, tag) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let payload =
            signed.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('.')).ok_or(TokenError::Invalid)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| TokenError::Invalid)?;
        hmac::verify(&self.key, signed.as_bytes(), &tag).map_err(|_| TokenError::Invalid)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Invalid)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| TokenError::Invalid)?;
        if claims.iss != ISSUER || claims.aud != AUDIENCE || claims.iat > now + LEEWAY_S {
            return Err(TokenError::Invalid);
        }
        if claims.exp + LEEWAY_S < now || claims.exp - claims.iat > LIFE_S {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;

    #[test]
    fn the_header_is_what_it_says() {
        let header = URL_SAFE_NO_PAD.decode(HEADER).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"at+jwt"}"#);
    }

    #[test]
    fn a_token_is_good_for_its_life_and_no_longer() {
        let tokens = Tokens::ephemeral();
        let token = tokens.make("u1", "s1", NOW);
        let claims = tokens.read(&token, NOW + LIFE_S).unwrap();
        assert_eq!((claims.sub.as_str(), claims.sid.as_str()), ("u1", "s1"));
        assert_eq!(tokens.read(&token, NOW + LIFE_S + LEEWAY_S + 1), Err(TokenError::Expired));
        assert_eq!(tokens.read(&token, NOW - LEEWAY_S - 1), Err(TokenError::Invalid), "from the future");
    }

    #[test]
    fn every_changed_character_makes_a_token_invalid() {
        let tokens = Tokens::ephemeral();
        let token = tokens.make("u1", "s1", NOW);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character of a base64 text carries unused bits; a strict reader refuses them too.
            assert_eq!(tokens.read(&changed, NOW), Err(TokenError::Invalid), "at {at}");
        }
        assert_eq!(Tokens::ephemeral().read(&token, NOW), Err(TokenError::Invalid), "another key");
    }

    #[test]
    fn other_algorithms_are_not_even_looked_at() {
        let tokens = Tokens::ephemeral();
        let token = tokens.make("u1", "s1", NOW);
        let payload = token.split('.').nth(1).unwrap();
        for header in
            [r#"{"alg":"none"}"#, r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"alg":"RS256","typ":"at+jwt"}"#]
        {
            let forged = format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(header));
            assert_eq!(tokens.read(&forged, NOW), Err(TokenError::Invalid), "{header}");
        }
        for garbage in ["", ".", "..", "a.b.c", &"x".repeat(5_000)] {
            assert_eq!(tokens.read(garbage, NOW), Err(TokenError::Invalid));
        }
    }
}

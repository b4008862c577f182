//! Requests that programs sign with an API key.
//!
//! Headers `x-api-key` (the key's id), `x-timestamp` (ms since 1970) and `x-signature`: the lower-case hex HMAC-SHA256 of
//! `timestamp\nMETHOD\npath?query\nhex(SHA-256(body))` under the key's secret. A request is good within [`WINDOW_MS`] of its
//! timestamp, and once: a signature that was seen in that time is refused, so what was overheard cannot be sent again.
//!
//! A key's scopes cut what its owner may do: `read` reads, `trade` also trades; no key administers, and none makes keys.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::request::Parts;
use ring::{digest, hmac};
use store::keys::{self, ApiKey};
use store::users::{self, Role};
use store::{StoreError, Ts};

use super::principal::{Principal, from_store, peer, request_id};
use crate::Problem;
use crate::app::{App, now};

/// The header with the key's id.
pub(crate) const KEY: &str = "x-api-key";
const TIMESTAMP: &str = "x-timestamp";
const SIGNATURE: &str = "x-signature";
/// How far a request's time may be from ours, milliseconds: clocks of programs and the way there.
const WINDOW_MS: i64 = 10_000;
/// Signatures remembered: 20 s of 5,000 signed requests a second. When it is full, signed requests are refused: forgetting one
/// would let it be sent again.
const SEEN_MAX: usize = 100_000;
/// Purpose of a key's seal.
pub(crate) const PURPOSE: &str = "api_key";
/// A key's last use is noted once in so many seconds.
const USED_EVERY_S: i64 = 60;

/// SHA-256 of the request's body, in lower-case hex.
#[derive(Clone, Debug)]
pub(crate) struct BodyHash(String);

impl BodyHash {
    /// Only of requests that are signed.
    pub(crate) fn of(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        headers.contains_key(KEY).then(|| Self(hex(digest::digest(&digest::SHA256, body).as_ref())))
    }
}

/// The signatures of the last seconds.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<BTreeMap<Vec<u8>, i64>>);

impl Seen {
    /// Notes a signature; false if it was seen before, or there is no room to note it.
    fn first_time(&self, signature: &[u8], timestamp_ms: i64, now_ms: i64) -> bool {
        // Held for one look-up, and now and then for a walk over what is old.
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= SEEN_MAX {
            seen.retain(|_, at| *at >= now_ms - WINDOW_MS);
        }
        seen.len() < SEEN_MAX && seen.insert(signature.to_vec(), timestamp_ms).is_none()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (text.len() == 64).then(|| (0..64).step_by(2).map(pair).collect()).flatten()
}

/// Who signed a request.
pub(super) async fn principal(parts: &Parts, app: &App) -> Result<Principal, Problem> {
    // Whether the key, the signature or the address is wrong is not told.
    let wrong =
        || Problem::unauthorized("the API key, its signature or the address it is used from is not right");
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let id = text(KEY).ok_or_else(wrong)?;
    let stamp = text(TIMESTAMP).ok_or_else(|| Problem::unauthorized("the header x-timestamp is missing"))?;
    let signature = text(SIGNATURE).and_then(unhex);
    let signature = signature.ok_or_else(|| {
        Problem::unauthorized("the header x-signature is 64 hex digits: see the description of the API")
    })?;
    let (at, now_ms) = (stamp.parse::<i64>().unwrap_or(i64::MIN), now().millis());
    if at.saturating_sub(now_ms).saturating_abs() > WINDOW_MS {
        let detail = format!("x-timestamp is more than {WINDOW_MS} ms from our time, which is {now_ms}");
        return Err(Problem::new(axum::http::StatusCode::UNAUTHORIZED, "timestamp", detail));
    }
    let mut reader = app.store.read();
    let key = keys::api_key(&mut reader, id).await.map_err(|e| from_store(&e))?.ok_or_else(wrong)?;
    let secret = app.vault.open(PURPOSE, &key.id, &key.secret_sealed).map_err(|e| Problem::internal(&e))?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = parts.extensions.get::<BodyHash>().map_or("", |hash| hash.0.as_str());
    let signed = format!("{stamp}\n{}\n{path}\n{body}", parts.method);
    let hmac_key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    hmac::verify(&hmac_key, signed.as_bytes(), &signature).map_err(|_| wrong())?;
    let ip = peer(parts);
    if !key.is_live(Ts::now()) || !allows(&key.ip_list, ip) {
        return Err(wrong());
    }
    if !app.seen.first_time(&signature, at, now_ms) {
        let detail = "this very request was sent before; sign each one anew";
        return Err(Problem::new(axum::http::StatusCode::UNAUTHORIZED, "repeated", detail));
    }
    let user = users::by_id(&mut reader, key.user_id).await.map_err(|e| from_store(&e))?;
    if !user.active {
        return Err(wrong());
    }
    used(app, &key).await;
    Ok(Principal {
        user: user.id,
        name: user.username.into(),
        role: user.role.min(most(&key.scopes)),
        session: None,
        ip,
        request: request_id(parts),
    })
}

/// The most that a key's scopes allow.
fn most(scopes: &str) -> Role {
    if scopes.split(' ').any(|scope| scope == "trade") { Role::Trader } else { Role::Viewer }
}

/// Notes that a key was used, once a minute.
async fn used(app: &App, key: &ApiKey) {
    let now = Ts::now();
    if key.last_used_at.is_some_and(|last| now < last.plus_seconds(USED_EVERY_S)) {
        return;
    }
    let id = key.id.clone();
    let noted: Result<(), StoreError> =
        app.store.write(move |tx| Box::pin(async move { keys::api_key_used(tx, &id, now).await })).await;
    if let Err(error) = noted {
        tracing::warn!(%error, "the use of an API key could not be noted");
    }
}

/// Whether a list of addresses and networks (`10.0.0.0/8`), separated by spaces, holds an address; an empty one holds all.
pub(crate) fn allows(list: &str, ip: IpAddr) -> bool {
    list.is_empty() || list.split(' ').filter_map(Network::parse).any(|network| network.holds(ip))
}

/// An address or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    ip: IpAddr,
    bits: u32,
}

impl Network {
    /// `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
        let ip: IpAddr = ip.parse().ok()?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok().filter(|bits| *bits <= most))?;
        Some(Self { ip, bits })
    }

    fn holds(self, ip: IpAddr) -> bool {
        let same = |a: u128, b: u128, of: u32| {
            let off = of - self.bits;
            a.checked_shr(off).unwrap_or(0) == b.checked_shr(off).unwrap_or(0)
        };
        match (self.ip, ip.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                same(u128::from(own.to_bits()), u128::from(ip.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => same(own.to_bits(), ip.to_bits(), 128),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_let_in_by_itself_its_network_or_an_empty_list() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (list, address, fits) in [
            ("", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("10.0.0.0/8 192.0.2.0/30", "192.0.2.3", true),
            ("10.0.0.0/8 192.0.2.0/30", "192.0.2.4", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db9::1", true),
        ] {
            assert_eq!(allows(list, ip(address)), fits, "{list:?} {address}");
        }
        for text in ["", "10.0.0.0/33", "::/129", "host", "10.0.0/8", "10.0.0.0/-1"] {
            assert_eq!(Network::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_signature_is_good_once() {
        let seen = Seen::default();
        assert!(seen.first_time(b"a", 5, 5) && !seen.first_time(b"a", 5, 6));
        assert!(seen.first_time(b"b", 6, 6));
        assert_eq!(unhex(&hex(&[7; 32])), Some(vec![7; 32]));
        assert_eq!((unhex("00"), unhex(&"zz".repeat(32))), (None, None));
    }
}

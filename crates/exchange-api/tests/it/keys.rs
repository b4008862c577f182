//! Keys other than HMAC, and keys that may not do everything.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use exchange_host::Permissions;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::client::stamped;
use crate::venue::Venue;

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

#[tokio::test]
async fn an_ed25519_key_signs_in_base64() {
    let venue = Venue::start().await;
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let public = STANDARD.encode([&SPKI, pair.public_key().as_ref()].concat());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{public}\n-----END PUBLIC KEY-----\n");
    let api_key = venue.add_public_key(&pem);
    let header = [("X-MBX-APIKEY", &*api_key)];
    // Enough signatures that some hold a plus, a slash and a padding character.
    for round in 0..8 {
        let payload = stamped(&format!("recvWindow={}", 40_000 + round));
        let signature = STANDARD.encode(pair.sign(payload.as_bytes()));
        let encoded = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        for signature in [&encoded, &signature] {
            let target = format!("/api/v3/account?{payload}&signature={signature}");
            venue.client().send("GET", &target, &header, "").await.ok();
        }
        let other = STANDARD.encode(pair.sign(b"something else")).replace('+', "%2B");
        let target = format!("/api/v3/account?{payload}&signature={other}");
        assert_eq!(venue.client().send("GET", &target, &header, "").await.refusal(), (400, -1022));
    }
    venue.stop().await;
}

#[tokio::test]
async fn a_key_may_do_what_it_was_given_for() {
    let venue = Venue::start().await;
    let reader = venue.client().with_key(venue.add_key(Permissions { read: true, trade: false }));
    let trader = venue.client().with_key(venue.add_key(Permissions { read: false, trade: true }));
    let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000";
    assert_eq!(reader.signed("GET", "/api/v3/account", "").await.ok()["canTrade"], false);
    assert_eq!(reader.signed("POST", "/api/v3/order", order).await.refusal(), (401, -2015));
    assert_eq!(trader.signed("GET", "/api/v3/account", "").await.refusal(), (401, -2015));
    trader.signed("POST", "/api/v3/order", order).await.ok();
    venue.stop().await;
}

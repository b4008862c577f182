//! Logging on with an Ed25519 key.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use exchange_host::Permissions;
use exchange_host::keys::Grant;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use types::AccountName;

use super::payload;
use crate::desk::ALICE;
use crate::socket::Socket;
use crate::venue::Venue;

/// The fixed head of an Ed25519 public key in DER (RFC 8410).
const DER_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

struct Ed25519 {
    api_key: String,
    pair: Ed25519KeyPair,
}

impl Ed25519 {
    /// A new key of alice's.
    fn register(venue: &Venue) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let der: Vec<u8> = DER_HEAD.iter().chain(pair.public_key().as_ref()).copied().collect();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            BASE64_STANDARD.encode(der)
        );
        let permissions = Permissions { read: true, trade: true };
        let name = AccountName::new("alice").unwrap();
        let grant = Grant { account: ALICE, account_name: &name, permissions, label: "session" };
        let api_key = venue.handle.keys().add_public(&grant, &pem).unwrap();
        Self { api_key, pair }
    }

    fn sign(&self, mut params: Value) -> Value {
        params["apiKey"] = json!(self.api_key);
        params["timestamp"] = now();
        let signature = self.pair.sign(payload(&params).as_bytes());
        params["signature"] = json!(BASE64_STANDARD.encode(signature));
        params
    }
}

fn now() -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    json!(u64::try_from(now).unwrap())
}

#[tokio::test]
async fn a_session_needs_no_further_signatures_until_it_ends() {
    let venue = Venue::start().await;
    let key = Ed25519::register(&venue);
    let mut socket = Socket::connect(venue.addr(), "/ws-api/v3").await;
    assert_eq!(socket.ask("session.status", json!({})).await["result"]["apiKey"], json!(null));
    let on = socket.ask("session.logon", key.sign(json!({}))).await;
    assert_eq!((&on["status"], &on["result"]["apiKey"]), (&json!(200), &json!(key.api_key)), "{on}");
    assert!(on["result"]["authorizedSince"].is_i64() && on["result"]["connectedSince"].is_i64());
    let mut order = json!({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.01", "price": "30000"});
    order["timestamp"] = now();
    assert_eq!(socket.ask("order.place", order).await["status"], 200);
    assert_eq!(socket.ask("order.place", json!({"symbol": "BTCUSDT"})).await["error"]["code"], -1102);
    let subscribed = socket.ask("userDataStream.subscribe", json!({})).await;
    assert_eq!(subscribed["result"], json!({"subscriptionId": 0}));
    assert_eq!(socket.ask("userDataStream.subscribe", json!({})).await["error"]["code"], -2035);
    assert_eq!(
        socket.ask("session.subscriptions", json!({})).await["result"],
        json!([{"subscriptionId": 0}])
    );
    let off = socket.ask("session.logout", json!({})).await;
    assert_eq!((&off["result"]["apiKey"], &off["result"]["userDataStream"]), (&json!(null), &json!(false)));
    socket.until(|message| message["event"]["e"] == json!("eventStreamTerminated")).await;
    let after = socket.ask("account.status", json!({"timestamp": now()})).await;
    assert_eq!(after["error"]["code"], -2014);
}

#[tokio::test]
async fn a_session_ends_with_its_key() {
    let venue = Venue::start().await;
    let key = Ed25519::register(&venue);
    let mut socket = Socket::connect(venue.addr(), "/ws-api/v3").await;
    assert_eq!(socket.ask("session.logon", key.sign(json!({}))).await["status"], 200);
    assert_eq!(socket.ask("userDataStream.subscribe", json!({})).await["status"], 200);
    assert!(venue.handle.keys().revoke(&key.api_key).unwrap());
    let refused = socket.ask("account.status", json!({"timestamp": now()})).await;
    assert_eq!((&refused["status"], &refused["error"]["code"]), (&json!(401), &json!(-2015)));
    socket.until(|message| message["event"]["e"] == json!("eventStreamTerminated")).await;
}

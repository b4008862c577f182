//! What needs a key: the WebSocket API and both kinds of user stream.

mod requests;
mod sessions;
mod streams;

use serde_json::{Value, json};

use crate::client::{Key, sign};
use crate::socket::Socket;

/// `params` with the key, the present time and a signature over the sorted parameters.
pub(crate) fn signed(key: &Key, mut params: Value) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    params["apiKey"] = json!(*key.api_key);
    params["timestamp"] = json!(u64::try_from(now).unwrap());
    params["signature"] = json!(sign(&key.secret, &payload(&params)));
    params
}

/// The parameters sorted by name, as clients sign them.
fn payload(params: &Value) -> String {
    let pairs = params.as_object().unwrap().iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    let mut pairs: Vec<String> = pairs.collect();
    pairs.sort();
    pairs.join("&")
}

/// Follows the key's account on a WebSocket API connection; gives the subscription's number.
pub(crate) async fn follow(socket: &mut Socket, key: &Key) -> u64 {
    let answer = socket.ask("userDataStream.subscribe.signature", signed(key, json!({}))).await;
    answer["result"]["subscriptionId"].as_u64().unwrap_or_else(|| panic!("{answer}"))
}

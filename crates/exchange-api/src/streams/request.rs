//! What a client may say on a stream connection, and Binance's words for the answers (web-socket-streams.md, 2026-07-21).
//!
//! Errors are answered, never dropped: code 3 for text that is no JSON, code 2 for JSON that is no request, 0 and 1 for
//! wrong properties. The `id` comes back with its JSON type. Nesting is bounded by serde_json (128 levels).

use serde::Deserialize;
use serde_json::Value;

use super::limits::{ID_LEN_MAX, NAME_LEN_MAX};

/// A request that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    /// The client's id: a whole number, a text or `null`.
    pub(crate) id: Value,
    /// What it wants.
    pub(crate) call: Call,
}

/// What a request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Follow these streams too.
    Subscribe(Vec<String>),
    /// Follow these no more.
    Unsubscribe(Vec<String>),
    /// Tell what is followed.
    List,
    /// Wrap messages (or not).
    SetCombined(bool),
    /// Tell whether messages are wrapped.
    GetCombined,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Method {
    Subscribe,
    Unsubscribe,
    ListSubscriptions,
    SetProperty,
    GetProperty,
}

#[derive(Deserialize)]
struct Raw {
    method: Method,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    id: Value,
}

/// Why a text is no request: the finished answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

impl Malformed {
    fn new(code: u8, msg: &str, id: &Value) -> Self {
        Self(serde_json::json!({ "code": code, "msg": msg, "id": id }).to_string())
    }

    /// Code 2, for what only the connection can know.
    pub(crate) fn request(reason: &str, id: &Value) -> Self {
        Self::new(2, &format!("Invalid request: {reason}"), id)
    }
}

/// Reads one message.
pub(crate) fn parse(text: &str) -> Result<Request, Malformed> {
    let raw: Raw = match serde_json::from_str(text) {
        // Serde takes a list of values for a struct too; the venue does not.
        Ok(_) if !text.trim_start().starts_with('{') => {
            return Err(Malformed::request("expected an object", &Value::Null));
        }
        Ok(raw) => raw,
        Err(error) if error.is_data() => {
            let id = serde_json::from_str::<Value>(text).ok().map(|v| known_id(&v["id"])).unwrap_or_default();
            return Err(Malformed::request(&error.to_string(), &id));
        }
        Err(error) => return Err(Malformed::new(3, &format!("Invalid JSON: {error}"), &Value::Null)),
    };
    if known_id(&raw.id) != raw.id {
        return Err(Malformed::request("request ID must be an unsigned integer", &Value::Null));
    }
    let call = call(raw.method, &raw.params, &raw.id)?;
    Ok(Request { id: raw.id, call })
}

/// The id if it is of an allowed type, else `null`.
fn known_id(id: &Value) -> Value {
    match id {
        Value::Number(n) if n.is_i64() || n.is_u64() => id.clone(),
        Value::String(text) if text.len() <= ID_LEN_MAX => id.clone(),
        _ => Value::Null,
    }
}

fn call(method: Method, params: &Value, id: &Value) -> Result<Call, Malformed> {
    match method {
        Method::Subscribe => names(params, id).map(Call::Subscribe),
        Method::Unsubscribe => names(params, id).map(Call::Unsubscribe),
        Method::ListSubscriptions => Ok(Call::List),
        Method::SetProperty => match property(params, id)? {
            [Value::Bool(on)] => Ok(Call::SetCombined(*on)),
            [_] | [] => Err(Malformed::new(1, "Invalid value type: expected Boolean", id)),
            _ => Err(Malformed::request("too many parameters", id)),
        },
        Method::GetProperty => match property(params, id)? {
            [] => Ok(Call::GetCombined),
            _ => Err(Malformed::request("too many parameters", id)),
        },
    }
}

/// The parameters after the property's name, which must be `combined`.
fn property<'a>(params: &'a Value, id: &Value) -> Result<&'a [Value], Malformed> {
    match params.as_array().map(Vec::as_slice) {
        Some([Value::String(name), rest @ ..]) if name == "combined" => Ok(rest),
        Some([Value::String(_), ..]) => Err(Malformed::new(0, "Unknown property", id)),
        _ => Err(Malformed::request("property name must be a string", id)),
    }
}

fn names(params: &Value, id: &Value) -> Result<Vec<String>, Malformed> {
    let list =
        params.as_array().ok_or_else(|| Malformed::request("params must be an array of stream names", id))?;
    list.iter()
        .map(|name| match name {
            Value::String(name) if name.len() <= NAME_LEN_MAX => Ok(name.clone()),
            Value::String(_) => Err(Malformed::request("stream name is too long", id)),
            _ => Err(Malformed::request("stream name must be a string", id)),
        })
        .collect()
}

/// `{"result":…,"id":…}`.
pub(crate) fn answer(result: &Value, id: &Value) -> String {
    serde_json::json!({ "result": result, "id": id }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn error(text: &str) -> Value {
        serde_json::from_str(&parse(text).expect_err(text).0).unwrap()
    }

    #[test]
    fn every_call_is_read_and_the_id_keeps_its_type() {
        for (text, id, call) in [
            (
                r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}"#,
                json!(1),
                Call::Subscribe(vec!["btcusdt@trade".into()]),
            ),
            (r#"{"method":"UNSUBSCRIBE","params":[],"id":"a-7"}"#, json!("a-7"), Call::Unsubscribe(vec![])),
            (r#"{"id":-3,"method":"LIST_SUBSCRIPTIONS"}"#, json!(-3), Call::List),
            (r#"{"method":"SET_PROPERTY","params":["combined",true]}"#, json!(null), Call::SetCombined(true)),
            (r#"{"method":"GET_PROPERTY","params":["combined"],"id":null}"#, json!(null), Call::GetCombined),
        ] {
            assert_eq!(parse(text), Ok(Request { id, call }), "{text}");
        }
    }

    #[test]
    fn errors_have_the_venues_code_and_the_clients_id() {
        for (text, code, part, id) in [
            ("{", 3, "Invalid JSON: ", json!(null)),
            ("nonsense", 3, "Invalid JSON: expected", json!(null)),
            ("7", 2, "Invalid request: ", json!(null)),
            (r#"["SUBSCRIBE",["a@trade"],1]"#, 2, "expected an object", json!(null)),
            (r#"{"id":5}"#, 2, "missing field `method`", json!(5)),
            (
                r#"{"method":"subscribe","id":"x"}"#,
                2,
                "unknown variant `subscribe`, expected one of",
                json!("x"),
            ),
            (r#"{"method":"SUBSCRIBE","params":["a@trade"],"id":1.5}"#, 2, "request ID must be", json!(null)),
            (r#"{"method":"SUBSCRIBE","params":"a@trade","id":1}"#, 2, "array of stream names", json!(1)),
            (r#"{"method":"SUBSCRIBE","params":[1],"id":1}"#, 2, "must be a string", json!(1)),
            (r#"{"method":"SET_PROPERTY","params":["speed",true],"id":1}"#, 0, "Unknown property", json!(1)),
            (
                r#"{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}"#,
                1,
                "expected Boolean",
                json!(1),
            ),
            (r#"{"method":"SET_PROPERTY","params":[true],"id":1}"#, 2, "property name must be", json!(1)),
            (
                r#"{"method":"GET_PROPERTY","params":["combined",1],"id":1}"#,
                2,
                "too many parameters",
                json!(1),
            ),
        ] {
            let answer = error(text);
            assert_eq!((&answer["code"], &answer["id"]), (&json!(code), &id), "{text}: {answer}");
            assert!(answer["msg"].as_str().unwrap().contains(part), "{text}: {answer}");
        }
        assert_eq!(error(&"[".repeat(60_000))["code"], 3);
        let long =
            format!(r#"{{"method":"SUBSCRIBE","params":["{}"],"id":1}}"#, "x".repeat(NAME_LEN_MAX + 1));
        assert_eq!(error(&long)["code"], 2);
    }
}

//! One request of the WebSocket API: `{"id":…,"method":"…","params":{…}}`.
//!
//! The `id` comes back with its JSON type, also with an error where it can be read. Numbers in `params` keep their spelling,
//! because signatures are over it. Nesting is bounded by serde_json (128 levels).

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::ApiError;
use crate::params::Params;
use crate::streams::limits::ID_LEN_MAX;

/// A request that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Params,
}

/// A request that was not understood, with its id if there was one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Malformed {
    pub(super) id: Value,
    pub(super) error: ApiError,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    method: Value,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// Reads one message.
pub(super) fn parse(text: &str) -> Result<Request, Malformed> {
    let invalid = |id| Malformed { id, error: ApiError::new(-1135, "Invalid JSON Request") };
    // Serde would take a list of values for a struct too.
    if !text.trim_start().starts_with('{') {
        return Err(invalid(Value::Null));
    }
    let raw: Raw<'_> = serde_json::from_str(text).map_err(|_| invalid(Value::Null))?;
    let id = match &raw.id {
        Value::Null => raw.id,
        Value::Number(n) if n.is_i64() || n.is_u64() => raw.id,
        Value::String(text) if text.len() <= ID_LEN_MAX => raw.id,
        _ => {
            let text = "Illegal characters found in parameter 'id'; legal range is 'an integer, a string of at most 36 \
                        characters, or null'.";
            return Err(Malformed { id: Value::Null, error: ApiError::new(-1100, text) });
        }
    };
    let Value::String(method) = raw.method else {
        let text = "Mandatory parameter 'method' was not sent, was empty/null, or malformed.";
        return Err(Malformed { id, error: ApiError::new(-1102, text) });
    };
    let params = match raw.params.map(RawValue::get) {
        None | Some("null") => Params::default(),
        Some(object) if object.starts_with('{') => {
            Params::from_json(object).map_err(|error| Malformed { id: id.clone(), error })?
        }
        Some(_) => return Err(invalid(id)),
    };
    Ok(Request { id, method, params })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_keeps_its_ids_type_and_its_numbers_spelling() {
        let text = r#"{"id":7,"method":"order.place","params":{"quantity":1e-05,"price":30000.0,"returnRateLimits":false}}"#;
        let request = parse(text).unwrap();
        assert_eq!((&request.id, request.method.as_str()), (&json!(7), "order.place"));
        let payload = request.params.sorted_payload();
        assert_eq!(payload, "price=30000.0&quantity=1e-05&returnRateLimits=false");
        assert_eq!(parse(r#"{"id":"a","method":"ping"}"#).unwrap().id, json!("a"));
        assert_eq!(parse(r#"{"id":null,"method":"ping","params":null}"#).unwrap().id, json!(null));
    }

    #[test]
    fn what_is_no_request_gets_an_error_with_the_id() {
        for (text, id, code) in [
            ("", json!(null), -1135),
            ("[]", json!(null), -1135),
            ("{\"id\":1", json!(null), -1135),
            (r#"{"id":1}"#, json!(1), -1102),
            (r#"{"id":1,"method":5}"#, json!(1), -1102),
            (r#"{"id":1.5,"method":"ping"}"#, json!(null), -1100),
            (r#"{"id":{},"method":"ping"}"#, json!(null), -1100),
            (r#"{"id":"1","method":"ping","params":[]}"#, json!("1"), -1135),
            (r#"{"id":"1","method":"ping","params":"x"}"#, json!("1"), -1135),
        ] {
            let malformed = parse(text).unwrap_err();
            assert_eq!((&malformed.id, malformed.error.code), (&id, code), "{text}");
        }
        assert_eq!(parse(&"[".repeat(60_000)).unwrap_err().error.code, -1135);
        let long = format!(r#"{{"id":"{}","method":"ping"}}"#, "x".repeat(ID_LEN_MAX + 1));
        assert_eq!(parse(&long).unwrap_err().error.code, -1100);
    }
}

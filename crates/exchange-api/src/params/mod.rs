//! A request's parameters: names and texts, from a query string and a form body (REST) or a JSON object (WebSocket API).
//!
//! Parsing is lenient about where a parameter stands and how a number is spelled, because real clients differ in both;
//! the typed readers ([`read`]) are strict about what it says.

mod decode;
mod json;
mod read;

pub(crate) use decode::decode;
pub(crate) use read::{bad_combination, invalid, missing, not_required, symbols};

use crate::error::ApiError;
use crate::limits::PARAMS_MAX;

/// Parameters that every endpoint accepts: they belong to the request, not to its subject.
const ALWAYS: &[&str] = &["timestamp", "recvWindow", "signature", "apiKey", "returnRateLimits", "timeUnit"];

/// The parameters of one request, in the order sent. No name twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// From a query string and a form body, both as received. A parameter in both counts as the query has it; a name
    /// twice in one of them is refused with -1101.
    pub(crate) fn from_query_and_body(query: &str, body: &str) -> Result<Self, ApiError> {
        let mut params = Self(decode::pairs(query)?);
        for (name, value) in decode::pairs(body)? {
            if params.get(&name).is_none() {
                params.0.push((name, value));
            }
        }
        Ok(params)
    }

    /// From the text of a JSON object (the WebSocket API's `params`). Numbers keep their spelling, booleans become
    /// `true`/`false`, arrays stay JSON text, `null` counts as not sent.
    pub(crate) fn from_json(text: &str) -> Result<Self, ApiError> {
        json::members(text).map(Self)
    }

    /// The text of a parameter, also if empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The names, in the order sent.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// True if the parameter was sent.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Refuses parameters that the endpoint does not read: -1101 where it reads none, else -1104.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        let unread = self
            .0
            .iter()
            .filter(|(name, _)| !known.contains(&name.as_str()) && !ALWAYS.contains(&name.as_str()));
        let (unread, sent) = (unread.count(), self.0.len());
        if unread == 0 {
            Ok(())
        } else if known.is_empty() {
            Err(ApiError::new(-1101, format!("Too many parameters; expected '0' and received '{sent}'.")))
        } else {
            let read = sent - unread;
            let message = format!(
                "Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."
            );
            Err(ApiError::new(-1104, message))
        }
    }

    /// `k=v` of all but `signature`, sorted by name and joined with `&`: what the WebSocket API's clients sign.
    pub(crate) fn sorted_payload(&self) -> String {
        decode::sorted(&self.0, |out, text| out.push_str(text))
    }

    /// The same with names and values percent-encoded, as several clients sign it.
    pub(crate) fn sorted_payload_encoded(&self) -> String {
        decode::sorted(&self.0, decode::encode)
    }
}

/// Refuses a second parameter of a name, and more than [`PARAMS_MAX`] in all.
fn push(list: &mut Vec<(String, String)>, name: String, value: String) -> Result<(), ApiError> {
    if list.len() >= PARAMS_MAX {
        return Err(ApiError::new(-1101, format!("Too many parameters; expected '{PARAMS_MAX}' at most.")));
    }
    if list.iter().any(|(have, _)| *have == name) {
        return Err(ApiError::new(-1101, "Duplicate values for a parameter detected."));
    }
    list.push((name, value));
    Ok(())
}

#[cfg(test)]
mod tests;

//! The members of a JSON object as parameter texts, with numbers spelled as they were sent.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::ApiError;

type Pairs = Vec<(String, String)>;

/// Reads an object. What is no object is -1135; a name twice is -1101.
pub(super) fn members(text: &str) -> Result<Pairs, ApiError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(Members).and_then(|members| reader.end().map(|()| members));
    let members = members.map_err(|_| ApiError::new(-1135, "Invalid JSON Request"))?;
    let mut pairs = Pairs::new();
    for (name, raw) in members {
        if let Some(value) = value(raw) {
            super::push(&mut pairs, name, value)?;
        }
    }
    Ok(pairs)
}

/// A member's text: strings unquoted, everything else as sent; `None` for null.
fn value(raw: &RawValue) -> Option<String> {
    let raw = raw.get().trim();
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).ok(),
        Some(b'n') => None,
        _ => Some(raw.to_owned()),
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

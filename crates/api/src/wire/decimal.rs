//! Decimals: written as strings, read from strings or number literals, always by their text (invariant L7).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use types::decimal;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr};

/// A decimal number as text. `1`, `"0.001"` and `1e-3` are all read; what is written is plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(String);

impl Decimal {
    /// An integer in units of 10^-`scale`, without trailing zeros.
    #[must_use]
    pub fn of(value: i128, scale: u8) -> Self {
        Self(decimal::format_short(value, scale))
    }

    /// A decimal text that comes from somewhere that only makes such.
    pub(crate) const fn text(text: String) -> Self {
        Self(text)
    }

    /// The text as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let text = if text.starts_with('"') {
            serde_json::from_str::<String>(text).map_err(D::Error::custom)?
        } else {
            text.to_owned()
        };
        // Whether it fits the instrument is for whoever knows the scale; here it only has to be a number.
        if decimal::parse(&text, 18) == Err(decimal::DecimalError::Malformed) {
            return Err(D::Error::custom("a decimal number is wanted, like 0.001 or \"0.001\""));
        }
        Ok(Self(text))
    }
}

impl utoipa::PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some(r"^-?[0-9]*\.?[0-9]+([eE][-+]?[0-9]{1,3})?$"))
            .description(Some("a decimal number as a string; a JSON number is also read, by its text"))
            .examples([serde_json::json!("0.001")])
            .build()
            .into()
    }
}
impl utoipa::ToSchema for Decimal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_are_read_by_their_text() {
        for (json, text) in
            [("0.1", "0.1"), ("\"0.10\"", "0.10"), ("1e-3", "1e-3"), ("9007199254740993", "9007199254740993")]
        {
            assert_eq!(serde_json::from_str::<Decimal>(json).unwrap().as_str(), text);
        }
        for json in ["\"NaN\"", "\"\"", "true", "null", "[1]", "\"1 \"", "\"inf\"", "{}"] {
            assert!(serde_json::from_str::<Decimal>(json).is_err(), "{json}");
        }
        assert_eq!(serde_json::to_string(&Decimal::of(-1_500, 3)).unwrap(), "\"-1.5\"");
    }
}

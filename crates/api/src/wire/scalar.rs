//! A value that people write as a string, a number or a boolean, read by its text.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};

/// Longest text in bytes.
const LEN_MAX: usize = 4_096;

/// `"20"`, `20`, `0.5` or `true`: its text, never through a float.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar(pub(crate) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let text = match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(text).map_err(D::Error::custom)?,
            Some(b'{' | b'[' | b'n') | None => {
                return Err(D::Error::custom("a string, a number or a boolean is wanted"));
            }
            Some(_) => text.to_owned(),
        };
        if text.len() > LEN_MAX {
            return Err(D::Error::custom("the value is too long"));
        }
        Ok(Self(text))
    }
}

fn of(kind: Type) -> Object {
    ObjectBuilder::new().schema_type(SchemaType::Type(kind)).build()
}

impl utoipa::PartialSchema for Scalar {
    fn schema() -> RefOr<Schema> {
        let one = OneOfBuilder::new().item(of(Type::String)).item(of(Type::Number)).item(of(Type::Boolean));
        Schema::OneOf(one.description(Some("a string, a number or a boolean; read by its text")).build())
            .into()
    }
}
impl utoipa::ToSchema for Scalar {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_its_text() {
        let read = |text: &str| serde_json::from_str::<Scalar>(text).map(|scalar| scalar.0).ok();
        assert_eq!(read("\"a b\""), Some("a b".to_owned()));
        assert_eq!(read("0.10"), Some("0.10".to_owned()));
        assert_eq!(read("true"), Some("true".to_owned()));
        assert_eq!((read("null"), read("{}"), read("[1]")), (None, None, None));
    }
}

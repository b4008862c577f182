//! Times: RFC 3339 with milliseconds in objects, integer milliseconds in series.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use types::Time;
use utoipa::openapi::schema::{KnownFormat, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr};

/// A time as people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Time);

/// `2026-11-25T22:31:32.123Z`.
#[must_use]
pub fn rfc3339(at: Time) -> String {
    let stamp = jiff::Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or_default();
    format!("{stamp:.3}")
}

/// Milliseconds since 1970, for series.
#[must_use]
pub const fn millis(at: Time) -> i64 {
    at.millis()
}

impl Moment {
    /// Reads RFC 3339, or whole seconds or milliseconds since 1970 (told apart by size).
    ///
    /// # Errors
    /// What is wanted instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const WANTED: &str = "a time is wanted: RFC 3339, or seconds or milliseconds since 1970";
        if let Ok(number) = text.parse::<i64>() {
            // 10^11 seconds lie in the year 5138, 10^11 milliseconds in 1973.
            let ms =
                if number.unsigned_abs() < 100_000_000_000 { number.saturating_mul(1_000) } else { number };
            return Ok(Self(Time::from_millis(ms)));
        }
        let stamp: jiff::Timestamp = text.parse().map_err(|_| WANTED)?;
        i64::try_from(stamp.as_nanosecond()).map(|ns| Self(Time(ns))).map_err(|_| WANTED)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([serde_json::json!("2026-11-25T22:31:32.123Z")])
            .build()
            .into()
    }
}
impl utoipa::ToSchema for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_text_seconds_or_milliseconds() {
        let want = Moment(Time::from_millis(1_700_000_000_000));
        for text in ["2023-11-14T22:13:20Z", "1700000000", "1700000000000", "2023-11-14T23:13:20+01:00"] {
            assert_eq!(Moment::parse(text), Ok(want), "{text}");
        }
        assert_eq!(rfc3339(want.0), "2023-11-14T22:13:20.000Z");
        for text in ["", "yesterday", "2023-13-01T00:00:00Z", "9999-01-01T00:00:00Z"] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }
}

//! What a column holds, the same on both engines: exact decimals, microseconds, ids.
//!
//! | here | SQLite | PostgreSQL |
//! |---|---|---|
//! | [`Amount`] | TEXT, shortest form (so equal amounts are equal texts; never sort by it) | NUMERIC |
//! | [`Ts`] | INTEGER, microseconds since 1970 | TIMESTAMPTZ |
//! | `Uuid` | BLOB of 16 bytes | UUID |
//! | `bool` | INTEGER 0 or 1 | BOOLEAN |

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Postgres, Sqlite, Type};
use uuid::Uuid;

/// An exact decimal: a price, a quantity, money, profit. Up to 28 digits. Written without trailing zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Decimal);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The amount of an integer in units of 10^-`scale`; `None` beyond 28 digits.
    #[must_use]
    pub fn from_units(units: i128, scale: u8) -> Option<Self> {
        Decimal::try_from_i128_with_scale(units, u32::from(scale)).ok().map(Self::from)
    }

    /// The amount of an integer in units of 10^-`scale`, towards zero to the 28 digits that are kept where it has more.
    #[must_use]
    pub fn from_units_rounded(units: i128, scale: u8) -> Self {
        let (mut units, mut scale) = (units, scale);
        loop {
            if let Some(amount) = Self::from_units(units, scale) {
                return amount;
            }
            match scale.checked_sub(1) {
                Some(less) => (units, scale) = (units / 10, less),
                // Beyond 7.9 * 10^28 whole units: the largest that is kept.
                None if units < 0 => return Self(Decimal::MIN),
                None => return Self(Decimal::MAX),
            }
        }
    }

    /// The integer in units of 10^-`scale`; `None` if it has more decimals than that, or does not fit.
    #[must_use]
    pub fn to_units(self, scale: u8) -> Option<i128> {
        types::decimal::parse(&self.to_string(), scale).ok()
    }

    /// The decimal number.
    #[must_use]
    pub const fn decimal(self) -> Decimal {
        self.0
    }

    /// `self + other`; `None` beyond 28 digits.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self::from)
    }

    /// `self - other`; `None` beyond 28 digits.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self::from)
    }

    /// `self × other`; `None` beyond 28 digits.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        self.0.checked_mul(other.0).map(|product| Self(product.normalize()))
    }

    /// `self / other`, to 28 digits; `None` when `other` is zero.
    #[must_use]
    pub fn over(self, other: Self) -> Option<Self> {
        self.0.checked_div(other.0).map(|quotient| Self(quotient.normalize()))
    }
}

impl From<Decimal> for Amount {
    fn from(value: Decimal) -> Self {
        Self(value.normalize())
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Amount {
    type Err = rust_decimal::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Decimal::from_str_exact(text).map(Self::from)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Type<Postgres> for Amount {
    fn type_info() -> <Postgres as Database>::TypeInfo {
        <Decimal as Type<Postgres>>::type_info()
    }
}
impl Encode<'_, Postgres> for Amount {
    fn encode_by_ref(&self, buf: &mut <Postgres as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <Decimal as Encode<Postgres>>::encode_by_ref(&self.0, buf)
    }
}
impl<'r> Decode<'r, Postgres> for Amount {
    fn decode(value: <Postgres as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        <Decimal as Decode<Postgres>>::decode(value).map(Self::from)
    }
}
impl Type<Sqlite> for Amount {
    fn type_info() -> <Sqlite as Database>::TypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}
impl Encode<'_, Sqlite> for Amount {
    fn encode_by_ref(&self, buf: &mut <Sqlite as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <String as Encode<Sqlite>>::encode(self.to_string(), buf)
    }
}
impl<'r> Decode<'r, Sqlite> for Amount {
    fn decode(value: <Sqlite as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(<String as Decode<Sqlite>>::decode(value)?.parse()?)
    }
}

/// A moment: UTC microseconds since 1970 (what PostgreSQL keeps).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ts(pub i64);

/// Microseconds from 1970 to 2000, PostgreSQL's epoch.
const EPOCH_2000: i64 = 946_684_800_000_000;

impl Ts {
    /// Now, by the machine's clock.
    #[must_use]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// `self + seconds`, saturating.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Year and month (1 to 12) in UTC, by the civil calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    #[must_use]
    pub const fn year_month(self) -> (i64, i64) {
        let days = self.0.div_euclid(86_400_000_000) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + (month <= 2) as i64;
        (year, month)
    }

    /// The same moment in nanoseconds; saturates at the range's ends.
    #[must_use]
    pub const fn time(self) -> types::Time {
        types::Time::from_micros(self.0)
    }
}

impl From<types::Time> for Ts {
    /// Rounded towards the past.
    fn from(time: types::Time) -> Self {
        Self(time.micros())
    }
}

impl Type<Postgres> for Ts {
    fn type_info() -> <Postgres as Database>::TypeInfo {
        // timestamptz; sqlx names its types only through types of crates that we do not need.
        sqlx::postgres::PgTypeInfo::with_oid(sqlx::postgres::types::Oid(1_184))
    }
}
impl Encode<'_, Postgres> for Ts {
    fn encode_by_ref(&self, buf: &mut <Postgres as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Postgres>>::encode(self.0.saturating_sub(EPOCH_2000), buf)
    }
}
impl<'r> Decode<'r, Postgres> for Ts {
    fn decode(value: <Postgres as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        <i64 as Decode<Postgres>>::decode(value).map(|since_2000| Self(since_2000.saturating_add(EPOCH_2000)))
    }
}
impl Type<Sqlite> for Ts {
    fn type_info() -> <Sqlite as Database>::TypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }
    fn compatible(ty: &<Sqlite as Database>::TypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(ty)
    }
}
impl Encode<'_, Sqlite> for Ts {
    fn encode_by_ref(&self, buf: &mut <Sqlite as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Sqlite>>::encode(self.0, buf)
    }
}
impl<'r> Decode<'r, Sqlite> for Ts {
    fn decode(value: <Sqlite as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        <i64 as Decode<Sqlite>>::decode(value).map(Self)
    }
}

/// A value of a statement. `None` is NULL of that type (PostgreSQL wants to know which).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(Option<bool>),
    Int(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Id(Option<Uuid>),
    Amount(Option<Amount>),
    Ts(Option<Ts>),
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}
impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(ToOwned::to_owned))
    }
}
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

macro_rules! value {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(
            impl From<$type> for Value {
                fn from(value: $type) -> Self {
                    Self::$variant(Some(value))
                }
            }
            impl From<Option<$type>> for Value {
                fn from(value: Option<$type>) -> Self {
                    Self::$variant(value)
                }
            }
        )*
    };
}
value!(
    bool => Bool, i64 => Int, f64 => Real, String => Text, Vec<u8> => Bytes, Uuid => Id, Amount => Amount, Ts => Ts
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_month() {
        assert_eq!(Ts(0).year_month(), (1970, 1));
        assert_eq!(Ts(-1).year_month(), (1969, 12));
        assert_eq!(Ts(1_709_251_199_999_999).year_month(), (2024, 2), "29 February, the last microsecond");
        assert_eq!(Ts(1_709_251_200_000_000).year_month(), (2024, 3));
        assert_eq!(Ts(1_795_651_200_000_000).year_month(), (2026, 11));
    }

    #[test]
    fn equal_amounts_are_equal_texts() {
        let amount = |text: &str| text.parse::<Amount>().unwrap().to_string();
        assert_eq!(amount("1.50"), "1.5");
        assert_eq!(amount("100"), "100");
        assert_eq!(amount("-0.00"), "0");
        assert_eq!(Amount::from_units(123_450, 5).unwrap().to_string(), "1.2345");
        assert_eq!("1.2345".parse::<Amount>().unwrap().to_units(5), Some(123_450));
        assert_eq!("1.2345".parse::<Amount>().unwrap().to_units(3), None);
        assert!("1e400".parse::<Amount>().is_err());
    }

    #[test]
    fn what_has_too_many_digits_is_cut_at_the_end_and_never_zero() {
        let of = |units, scale| Amount::from_units_rounded(units, scale).to_string();
        assert_eq!(of(123_450, 5), "1.2345");
        assert_eq!(Amount::from_units(123_456_789_012_345_678_901_234_567_890_123, 8), None);
        assert_eq!(of(123_456_789_012_345_678_901_234_567_890_123, 8), "1234567890123456789012345.6789");
        assert_eq!(of(-123_456_789_012_345_678_901_234_567_890_123, 8), "-1234567890123456789012345.6789");
        assert_eq!(of(i128::MAX, 0), of(i128::MAX - 1, 0));
        assert!(Amount::from_units_rounded(i128::MIN, 0) < Amount::ZERO);
    }
}

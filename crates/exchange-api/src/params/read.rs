//! Typed parameters, with Binance's error for each way to get one wrong (errors.md):
//! -1102 mandatory and missing or empty, -1105 optional and empty, -1100 wrong characters, -1111 too many decimals,
//! -1130 not one of the allowed values.

use types::decimal::{self, DecimalError};
use types::{ClientOrderId, Market, Money, Price, Qty, Time};

use super::Params;
use crate::error::ApiError;

/// The characters of an integer, as the error text shows them.
const INT_RANGE: &str = "^[0-9]{1,20}$";
/// The characters of a decimal number.
const DECIMAL_RANGE: &str = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";
/// The characters of a symbol.
const SYMBOL_RANGE: &str = "^[A-Z0-9-_.]{1,20}$";
/// The characters of a client order id.
const CLIENT_ID_RANGE: &str = r"^[\.A-Z\:/a-z0-9_-]{1,36}$";
/// Longest echo of a parameter's name in an error text, so that hostile names do not come back at length.
const NAME_ECHO_MAX: usize = 40;
/// Times above this are microseconds: as milliseconds they would lie after the year 5138.
const MILLIS_MAX: i64 = 100_000_000_000_000;

impl Params {
    /// An optional parameter; empty is -1105.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.get(name) {
            Some("") => Err(ApiError::new(-1105, format!("Parameter '{name}' was empty."))),
            other => Ok(other),
        }
    }

    /// A mandatory parameter; missing or empty is -1102.
    pub(crate) fn mandatory(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| missing(name))
    }

    /// An unsigned integer.
    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.optional(name)?.map(|text| int(name, text)).transpose()
    }

    /// A page size: `default` if not sent, at most `max`; 0 is -1130.
    pub(crate) fn limit(&self, default: usize, max: usize) -> Result<usize, ApiError> {
        match self.int("limit")? {
            None => Ok(default),
            Some(0) => Err(invalid("limit")),
            Some(limit) => Ok(usize::try_from(limit).unwrap_or(max).min(max)),
        }
    }

    /// A time in milliseconds or microseconds since the epoch.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Time>, ApiError> {
        Ok(self.int(name)?.map(time_of))
    }

    /// `true` or `false`, in any case.
    pub(crate) fn bool(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.optional(name)? {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(invalid(name)),
        }
    }

    /// One of a set of words; anything else is `error`.
    pub(crate) fn word<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
        error: impl FnOnce() -> ApiError,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| Some(*value)).ok_or_else(error)
    }

    /// The mandatory `symbol`, by its characters only.
    pub(crate) fn symbol(&self) -> Result<&str, ApiError> {
        let symbol = self.mandatory("symbol")?;
        check_symbol(symbol)?;
        Ok(symbol)
    }

    /// A price on `market`. Beyond the range of numbers it is the largest one, which PRICE_FILTER refuses.
    pub(crate) fn price(&self, name: &str, market: &Market) -> Result<Option<Price>, ApiError> {
        Ok(self.decimal(name, market.price_scale)?.map(|v| Price(i64::try_from(v).unwrap_or(i64::MAX))))
    }

    /// A base quantity on `market`. Beyond the range of numbers it is the largest one, which LOT_SIZE refuses.
    pub(crate) fn qty(&self, name: &str, market: &Market) -> Result<Option<Qty>, ApiError> {
        Ok(self.decimal(name, market.base.scale)?.map(|v| Qty(i64::try_from(v).unwrap_or(i64::MAX))))
    }

    /// An amount of `market`'s quote asset.
    pub(crate) fn quote(&self, name: &str, market: &Market) -> Result<Option<Money>, ApiError> {
        let amount = self.decimal(name, market.quote.scale)?;
        // An i64 at scale 8 is more than any balance; the cap keeps sums of such numbers in range.
        Ok(amount.map(|v| Money(v.min(i128::from(i64::MAX)))))
    }

    /// A client order id.
    pub(crate) fn client_id(&self, name: &str) -> Result<Option<ClientOrderId>, ApiError> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        ClientOrderId::new(text).map(Some).map_err(|_| illegal(name, CLIENT_ID_RANGE))
    }

    fn decimal(&self, name: &str, scale: u8) -> Result<Option<i128>, ApiError> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        match decimal::parse(text, scale) {
            Ok(value) if value >= 0 => Ok(Some(value)),
            Err(DecimalError::TooPrecise) => {
                Err(ApiError::new(-1111, format!("Parameter '{name}' has too much precision.")))
            }
            Err(DecimalError::OutOfRange) if !text.starts_with('-') => Ok(Some(i128::MAX)),
            _ => Err(illegal(name, DECIMAL_RANGE)),
        }
    }
}

/// A JSON array of symbols (`["BTCUSDT","ETHUSDT"]`), by their characters only.
pub(crate) fn symbols(text: &str) -> Result<Vec<String>, ApiError> {
    let symbols: Vec<String> = serde_json::from_str(text)
        .map_err(|_| illegal("symbols", r#"^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$"#))?;
    symbols.iter().try_for_each(|symbol| check_symbol(symbol))?;
    Ok(symbols)
}

fn check_symbol(symbol: &str) -> Result<(), ApiError> {
    let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    if symbol.len() <= 20 && symbol.bytes().all(legal) {
        Ok(())
    } else {
        Err(illegal("symbol", SYMBOL_RANGE))
    }
}

fn int(name: &str, text: &str) -> Result<i64, ApiError> {
    // Some clients print whole numbers as floats: `1499827319559.0`.
    let text = text.strip_suffix(".0").unwrap_or(text);
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(illegal(name, INT_RANGE));
    }
    // 20 digits may exceed the range: then the number is as large as can be.
    Ok(text.parse().unwrap_or(i64::MAX))
}

/// Milliseconds, or microseconds when too large for a plausible time in milliseconds.
pub(crate) const fn time_of(number: i64) -> Time {
    if number > MILLIS_MAX { Time::from_micros(number) } else { Time::from_millis(number) }
}

/// -1102.
pub(crate) fn missing(name: &str) -> ApiError {
    let message = format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    ApiError::new(-1102, message)
}

/// -1106.
pub(crate) fn not_required(name: &str) -> ApiError {
    ApiError::new(-1106, format!("Parameter '{name}' sent when not required."))
}

/// -1128: parameters that do not go together.
pub(crate) fn bad_combination() -> ApiError {
    ApiError::new(-1128, "Combination of optional parameters invalid.")
}

/// -1130.
pub(crate) fn invalid(name: &str) -> ApiError {
    ApiError::new(-1130, format!("Data sent for parameter '{name}' is not valid."))
}

/// -1100.
fn illegal(name: &str, range: &str) -> ApiError {
    let name: String = name.chars().take(NAME_ECHO_MAX).collect();
    let message = format!("Illegal characters found in parameter '{name}'; legal range is '{range}'.");
    ApiError::new(-1100, message)
}

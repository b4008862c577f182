//! Decimal text of foreign files to integers, and which scale they need.
//!
//! Exact, with one documented exception. Programs that keep prices as binary floats print 0.09946999 as
//! `0.09946999000000001`: seventeen digits that name the same float. A text of 16 or 17 significant digits that, rounded
//! to 15 (what every decimal keeps through a double, `DBL_DIG`), has at most 13 left is read as that shorter number. It is
//! counted and told as noise, never done to longer or shorter texts, and a number that is finer than the scale in any
//! other way is refused.

use types::decimal::{self, DecimalError};
use types::instrument::{DEFAULT_SCALE, SCALE_MAX};

/// Significant digits of a text that may be the print of a binary float: more than 17 no such print has.
const NOISY_DIGITS: std::ops::RangeInclusive<u32> = 16..=17;
/// Digits that a decimal keeps through a double.
const KEPT_DIGITS: u32 = 15;
/// Digits that may be left for the rest to be noise.
const MEANT_DIGITS: u32 = 13;

/// A number as text and how it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scaled {
    pub(crate) value: i64,
    /// True if the print of a binary float was read as the decimal it stands for.
    pub(crate) noisy: bool,
}

/// `text` in units of 10^-`scale`; never negative.
pub(crate) fn scaled(text: &str, scale: u8) -> Result<Scaled, DecimalError> {
    if let Some(value) = plain(text.as_bytes(), scale) {
        return Ok(Scaled { value, noisy: false });
    }
    match decimal::parse_unsigned(text, scale) {
        Ok(value) => Ok(Scaled { value, noisy: false }),
        Err(DecimalError::TooPrecise) => {
            let meant = Digits::read(text).and_then(Digits::meant).ok_or(DecimalError::TooPrecise)?;
            Ok(Scaled { value: meant.at(scale)?, noisy: true })
        }
        Err(error) => Err(error),
    }
}

/// The quick way for what almost every number is: digits, a point, digits, together fewer than 19.
fn plain(text: &[u8], scale: u8) -> Option<i64> {
    if text.len() > 19 {
        return None;
    }
    let (mut value, mut point) = (0_i64, None);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |at| text.len() - at - 1);
    if text.len() == usize::from(point.is_some()) || (point.is_none() && text.len() > 18) {
        return None;
    }
    let mut decimals = u8::try_from(decimals).ok()?;
    while decimals > scale {
        if value % 10 != 0 {
            return None;
        }
        value /= 10;
        decimals -= 1;
    }
    value.checked_mul(POWERS[usize::from(scale - decimals)])
}

/// 10^0 to 10^18.
pub(crate) const POWERS: [i64; SCALE_MAX as usize + 1] = {
    let mut powers = [1_i64; SCALE_MAX as usize + 1];
    let mut n = 1;
    while n < powers.len() {
        powers[n] = powers[n - 1] * 10;
        n += 1;
    }
    powers
};

/// `mantissa` × 10^-`decimals`, without trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digits {
    mantissa: u128,
    decimals: i32,
}

impl Digits {
    /// `None` for what is not a number of at most 38 digits.
    fn read(text: &str) -> Option<Self> {
        let lower = text.strip_prefix('+').unwrap_or(text);
        let (number, exponent) = match lower.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i16>().ok().map(i32::from)?),
            None => (lower, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 {
            return None;
        }
        let mut mantissa = 0_u128;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
            mantissa = mantissa.checked_mul(10)?.checked_add(u128::from(digit))?;
        }
        let decimals = i32::try_from(fraction.len()).ok()? - exponent;
        Some(Self { mantissa, decimals }.trimmed())
    }

    fn trimmed(mut self) -> Self {
        if self.mantissa == 0 {
            return Self { mantissa: 0, decimals: 0 };
        }
        while self.mantissa.is_multiple_of(10) {
            self.mantissa /= 10;
            self.decimals -= 1;
        }
        self
    }

    fn significant(self) -> u32 {
        self.mantissa.checked_ilog10().map_or(1, |n| n + 1)
    }

    /// The decimal that this print of a binary float stands for; `None` if it looks like a number that means all its digits.
    fn meant(self) -> Option<Self> {
        let surplus = self.significant().checked_sub(KEPT_DIGITS)?;
        if !NOISY_DIGITS.contains(&self.significant()) {
            return None;
        }
        let unit = 10_u128.checked_pow(surplus)?;
        let mantissa = self.mantissa.checked_add(unit / 2)? / unit;
        let rounded = Self { mantissa, decimals: self.decimals - i32::try_from(surplus).ok()? }.trimmed();
        (rounded.significant() <= MEANT_DIGITS).then_some(rounded)
    }

    fn at(self, scale: u8) -> Result<i64, DecimalError> {
        let shift = i32::from(scale) - self.decimals;
        let shift = u32::try_from(shift).map_err(|_| DecimalError::TooPrecise)?;
        let value = 10_u128.checked_pow(shift).and_then(|unit| self.mantissa.checked_mul(unit));
        value.and_then(|value| i64::try_from(value).ok()).ok_or(DecimalError::OutOfRange)
    }
}

/// What the numbers of a column need, found by looking at all of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Survey {
    decimals: i32,
    /// Largest value, rounded up to a whole number.
    largest: u128,
}

impl Survey {
    /// Looks at one number. What is none is left to the reading that follows, which knows what to say.
    pub(crate) fn see(&mut self, text: &str) {
        let Some(digits) = Digits::read(text) else { return };
        let digits = digits.meant().unwrap_or(digits);
        self.decimals = self.decimals.max(digits.decimals);
        let size = match u32::try_from(digits.decimals) {
            Ok(decimals) => 10_u128.checked_pow(decimals).map_or(0, |unit| digits.mantissa / unit),
            Err(_) => {
                let zeros = digits.decimals.unsigned_abs();
                10_u128.checked_pow(zeros).map_or(u128::MAX, |u| digits.mantissa.saturating_mul(u))
            }
        };
        self.largest = self.largest.max(size.saturating_add(1));
    }

    /// Decimals for ever: [`DEFAULT_SCALE`], or more if the numbers have more, or fewer if they are so large that `headroom`
    /// times the largest would not fit.
    pub(crate) fn scale(&self, headroom: u128) -> Result<u8, String> {
        let needed = u8::try_from(self.decimals.max(0)).unwrap_or(u8::MAX);
        let largest = self.largest.max(1);
        let fits = |scale: u8, room: u128| {
            let unit = POWERS.get(usize::from(scale)).map(|unit| unit.unsigned_abs());
            let size = unit.and_then(|unit| largest.checked_mul(u128::from(unit))?.checked_mul(room));
            size.is_some_and(|size| size <= i64::MAX.unsigned_abs().into())
        };
        let roomy = (needed..=DEFAULT_SCALE).rev().find(|scale| fits(*scale, headroom));
        roomy
            .or_else(|| fits(needed, 1).then_some(needed))
            .ok_or_else(|| format!("numbers up to {largest} with {needed} decimals do not fit 64 bits"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_print_of_a_float_is_the_decimal_it_stands_for() {
        for (text, want) in [
            ("0.09946999000000001", 9_946_999),
            ("0.09969000000000001", 9_969_000),
            ("0.10030001000000001", 10_030_001),
            ("0.30000000000000004", 30_000_000),
            ("9.946999000000001e-02", 9_946_999),
            ("1820.5444699999999", 182_054_447_000),
            ("203889.11713750003", 20_388_911_713_750),
        ] {
            assert_eq!(scaled(text, 8), Ok(Scaled { value: want, noisy: true }), "{text}");
        }
        for text in [
            "0.123456789",
            "0.1234567890123456",
            "0.000000001",
            "1820.544474181234567",
            "1000000.000000000001",
        ] {
            assert_eq!(scaled(text, 8), Err(DecimalError::TooPrecise), "{text}");
        }
        assert_eq!(scaled("-1", 8), Err(DecimalError::OutOfRange));
        for text in ["", ".", "NaN", "inf", "1,5", "0x1", " 1", "１"] {
            assert_eq!(scaled(text, 8), Err(DecimalError::Malformed), "{text}");
        }
    }

    #[test]
    fn scales_have_room_and_need_not_be_named() {
        let scale = |texts: &[&str], headroom| {
            let mut survey = Survey::default();
            texts.iter().for_each(|text| survey.see(text));
            survey.scale(headroom)
        };
        assert_eq!(scale(&["20000.00", "46319.0"], 100), Ok(8));
        assert_eq!(scale(&["0.09946999000000001"], 100), Ok(8));
        assert_eq!(scale(&["0.000000001234"], 100), Ok(12));
        assert_eq!(scale(&["140000000"], 100), Ok(8));
        assert_eq!(scale(&["14000000000"], 100), Ok(6));
        assert_eq!(scale(&["20000000000000"], 10_000), Ok(1));
        assert_eq!(
            scale(&["1e18", "0.001"], 1),
            Err("numbers up to 1000000000000000001 with 3 decimals do not fit 64 bits".into())
        );
        assert_eq!(scale(&["NaN"], 100), Ok(8));
    }

    proptest! {
        #[test]
        fn the_quick_way_is_the_exact_way(whole in "[0-9]{0,12}", fraction in "[0-9]{0,10}", scale in 0..=18_u8) {
            for text in [format!("{whole}.{fraction}"), whole, fraction] {
                let exact = decimal::parse_unsigned(&text, scale);
                if let Some(value) = plain(text.as_bytes(), scale) {
                    prop_assert_eq!(Ok(value), exact, "{}", &text);
                }
                match scaled(&text, scale) {
                    // The documented exception: what would be refused is read as the decimal that was meant.
                    Ok(Scaled { noisy: true, .. }) => prop_assert_eq!(exact, Err(DecimalError::TooPrecise)),
                    other => prop_assert_eq!(other.map(|s| s.value), exact, "{}", &text),
                }
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[-+0-9.eE]{0,40}", scale in 0..=18_u8) {
            let mut survey = Survey::default();
            survey.see(&text);
            let _ = (scaled(&text, scale), survey.scale(100));
        }
    }
}

//! Decimal text to scaled integers and back, exactly. Money never passes through a float (invariant L7).
//!
//! Accepted: `12`, `12.`, `.5`, `0012.500`, `1e-05`, `2.5E3`, an optional leading `+`. Clients send all of these.
//! Refused: anything negative where the caller asks for an unsigned number, signs alone, `NaN`, `inf`, spaces.

/// Why a text is not a decimal number of the asked scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// Not a decimal number at all.
    Malformed,
    /// A number, but with more decimals than the scale holds; the value would have to be rounded.
    TooPrecise,
    /// A number, but beyond the integer's range.
    OutOfRange,
}

impl std::fmt::Display for DecimalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "is not a decimal number",
            Self::TooPrecise => "has too many decimals",
            Self::OutOfRange => "is too large",
        })
    }
}
impl std::error::Error for DecimalError {}

/// Longest text looked at, in bytes: a longer one is not a number anybody means.
const TEXT_LEN_MAX: usize = 64;

/// Reads `text` as an integer in units of 10^-`scale` (`scale` ≤ 18). A leading `-` gives a negative value.
pub fn parse(text: &str, scale: u8) -> Result<i128, DecimalError> {
    if text.len() > TEXT_LEN_MAX {
        return Err(DecimalError::Malformed);
    }
    let (negative, rest) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mantissa, exponent) = split_exponent(rest)?;
    let (mut value, mut decimals, mut digits, mut after_point) = (0_i128, 0_i32, 0_u32, false);
    for byte in mantissa {
        match byte {
            b'0'..=b'9' => {
                let shifted = value.checked_mul(10).and_then(|v| v.checked_add(i128::from(byte - b'0')));
                value = shifted.ok_or(DecimalError::OutOfRange)?;
                digits += 1;
                decimals += i32::from(after_point);
            }
            b'.' if !after_point => after_point = true,
            _ => return Err(DecimalError::Malformed),
        }
    }
    if digits == 0 {
        return Err(DecimalError::Malformed);
    }
    let value = shift(value, i32::from(scale) - decimals + exponent)?;
    Ok(if negative { -value } else { value })
}

/// [`parse`] into an `i64` that is not negative: prices and quantities. A negative number is `OutOfRange`.
pub fn parse_unsigned(text: &str, scale: u8) -> Result<i64, DecimalError> {
    let value = parse(text, scale)?;
    i64::try_from(value).ok().filter(|v| *v >= 0).ok_or(DecimalError::OutOfRange)
}

fn split_exponent(text: &[u8]) -> Result<(&[u8], i32), DecimalError> {
    let Some(at) = text.iter().position(|b| matches!(b, b'e' | b'E')) else { return Ok((text, 0)) };
    let (mantissa, exponent) = (&text[..at], &text[at + 1..]);
    let (negative, digits) = match exponent {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    // Three digits are far beyond any scale and cannot overflow the i32.
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecimalError::Malformed);
    }
    let value = digits.iter().fold(0_i32, |v, b| v * 10 + i32::from(b - b'0'));
    Ok((mantissa, if negative { -value } else { value }))
}

/// `value × 10^by`, refusing to lose a digit.
fn shift(mut value: i128, by: i32) -> Result<i128, DecimalError> {
    if value == 0 {
        return Ok(0);
    }
    for _ in 0..by {
        value = value.checked_mul(10).ok_or(DecimalError::OutOfRange)?;
    }
    for _ in by..0 {
        if value % 10 != 0 {
            return Err(DecimalError::TooPrecise);
        }
        value /= 10;
    }
    Ok(value)
}

/// Writes `value` (units of 10^-`scale`) with exactly `scale` decimals, as Binance does: `30000.00000000`.
#[must_use]
pub fn format(value: i128, scale: u8) -> String {
    let mut out = String::with_capacity(24);
    // Writing to a String cannot fail.
    let _ = write_fixed(&mut out, value, scale);
    out
}

/// [`format()`] into any writer, without allocating.
pub fn write_fixed(out: &mut impl std::fmt::Write, value: i128, scale: u8) -> std::fmt::Result {
    let sign = if value < 0 { "-" } else { "" };
    let size = value.unsigned_abs();
    let unit = 10_u128.pow(u32::from(scale));
    if scale == 0 {
        return write!(out, "{sign}{size}");
    }
    // 64-bit division is several times faster than 128-bit division, and almost all values fit.
    match (u64::try_from(size), u64::try_from(unit)) {
        (Ok(size), Ok(unit)) => {
            write!(out, "{sign}{}.{:0width$}", size / unit, size % unit, width = usize::from(scale))
        }
        _ => write!(out, "{sign}{}.{:0width$}", size / unit, size % unit, width = usize::from(scale)),
    }
}

/// Writes `value` without trailing zeros: `30000`, `0.1`.
#[must_use]
pub fn format_short(value: i128, scale: u8) -> String {
    let mut out = format(value, scale);
    if scale > 0 {
        out.truncate(out.trim_end_matches('0').trim_end_matches('.').len());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_clients_use_is_read_exactly() {
        for (text, want) in [
            ("0", 0),
            ("1", 100_000_000),
            ("30000.0", 3_000_000_000_000),
            ("0.001", 100_000),
            ("1e-05", 1_000),
            ("2.5E3", 250_000_000_000),
            ("+.5", 50_000_000),
            ("7.", 700_000_000),
            ("0.000000010000", 1),
            ("-0.5", -50_000_000),
            ("0e999", 0),
        ] {
            assert_eq!(parse(text, 8), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_does_not_fit_is_refused() {
        for text in [
            "", "-", ".", "e5", "1e", "1e-", "1e1234", "NaN", "inf", "1_000", " 1", "1 ", "0x10", "1.2.3",
            "--1", "١",
        ] {
            assert_eq!(parse(text, 8), Err(DecimalError::Malformed), "{text}");
        }
        assert_eq!(parse("0.000000001", 8), Err(DecimalError::TooPrecise));
        assert_eq!(parse("1e-999", 8), Err(DecimalError::TooPrecise));
        assert_eq!(parse("1e99", 8), Err(DecimalError::OutOfRange));
        assert_eq!(parse(&"9".repeat(60), 8), Err(DecimalError::OutOfRange));
        assert_eq!(parse_unsigned("-1", 8), Err(DecimalError::OutOfRange));
        assert_eq!(parse_unsigned("92233720368.54775807", 8), Ok(i64::MAX));
        assert_eq!(parse_unsigned("92233720368.54775808", 8), Err(DecimalError::OutOfRange));
    }

    #[test]
    fn numbers_are_written_with_fixed_decimals() {
        assert_eq!(format(3_000_000_000_001, 8), "30000.00000001");
        assert_eq!(format(-5, 8), "-0.00000005");
        assert_eq!(format(12, 0), "12");
        assert_eq!(format(i128::from(u64::MAX) * 100, 8), "18446744073709.551615".to_owned() + "00");
        assert_eq!(format_short(3_000_000_000_000, 8), "30000");
        assert_eq!(format_short(10_000_000, 8), "0.1");
        assert_eq!(format_short(0, 8), "0");
    }

    #[test]
    fn writing_and_reading_are_inverse() {
        let mut seed = 1_u64;
        for _ in 0..10_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = i128::from(seed.cast_signed()) * i128::from(seed % 1_000);
            let scale = u8::try_from(seed % 13).unwrap();
            assert_eq!(parse(&format(value, scale), scale), Ok(value), "{value} at {scale}");
        }
    }
}

//! Times as tables have them, to seconds since 1970-01-01 UTC: ISO dates and date-times, counts of s, ms, µs or ns, years.

const DAY_S: f64 = 86_400.0;

/// The times of a column, or the first text that is none.
pub(super) fn parse<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<f64>, (usize, String)> {
    let texts: Vec<&str> = texts.collect();
    let numbers: Option<Vec<f64>> =
        texts.iter().map(|t| t.parse::<f64>().ok().filter(|v| v.is_finite())).collect();
    if let Some(numbers) = numbers {
        return Ok(counted(&numbers));
    }
    texts.iter().enumerate().map(|(row, text)| civil(text).ok_or_else(|| (row, (*text).to_owned()))).collect()
}

/// Numbers: the unit follows from their size.
fn counted(numbers: &[f64]) -> Vec<f64> {
    let largest = numbers.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let smallest = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let years = smallest >= 1_000.0 && largest < 3_000.0;
    let compact = numbers.iter().all(|v| v.fract() == 0.0 && compact_day(*v).is_some());
    let each = |f: &dyn Fn(f64) -> f64| numbers.iter().map(|v| f(*v)).collect();
    match largest {
        _ if years => each(&|v| {
            let start = day_of(whole(v.floor()), 1, 1);
            let next = day_of(whole(v.floor()) + 1, 1, 1);
            ((start as f64) + v.fract() * (next - start) as f64) * DAY_S
        }),
        _ if compact => each(&|v| compact_day(v).map_or(f64::NAN, |d| d as f64 * DAY_S)),
        v if v >= 1e17 => each(&|v| v / 1e9),
        v if v >= 1e14 => each(&|v| v / 1e6),
        v if v >= 1e11 => each(&|v| v / 1e3),
        v if v >= 1e7 => numbers.to_vec(),
        // Row numbers: one a day.
        _ => each(&|v| v * DAY_S),
    }
}

/// The day number of YYYYMMDD.
fn compact_day(v: f64) -> Option<i64> {
    if !(19_000_101.0..=29_991_231.0).contains(&v) {
        return None;
    }
    let n = whole(v);
    let (y, m, d) = (n / 10_000, n / 100 % 100, n % 100);
    ((1..=12).contains(&m) && (1..=31).contains(&d)).then(|| day_of(y, m, d))
}

#[allow(clippy::cast_possible_truncation, reason = "callers keep years and dates, far inside an i64")]
fn whole(v: f64) -> i64 {
    v as i64
}

/// `YYYY-MM[-DD[(T| )HH:MM[:SS[.fff]][Z|±HH[:MM]]]]`, slashes too.
pub(super) fn civil(text: &str) -> Option<f64> {
    let text = text.trim();
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let parts: Vec<&str> = date.split(['-', '/']).collect();
    let (y, m, d) = match parts.as_slice() {
        [y, m] => (digits(y, 4)?, digits(m, 2)?, 1),
        [y, m, d] => (digits(y, 4)?, digits(m, 2)?, digits(d, 2)?),
        _ => return None,
    };
    if !(1..=12).contains(&m) || !(1..=days_in(y, m)).contains(&d) {
        return None;
    }
    Some(day_of(y, m, d) as f64 * DAY_S + if time.is_empty() { 0.0 } else { clock(time)? })
}

/// Seconds of `HH:MM[:SS[.fff]]` less the offset behind it.
fn clock(text: &str) -> Option<f64> {
    let (time, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (&text[..at], &text[at..]),
        None => (text, ""),
    };
    let mut parts = time.trim().split(':');
    let (h, m) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let s: f64 = parts.next().unwrap_or("0").parse().ok()?;
    if parts.next().is_some() || !(0..24).contains(&h) || !(0..60).contains(&m) || !(0.0..61.0).contains(&s) {
        return None;
    }
    let shift = match offset {
        "" | "Z" | "z" => 0,
        _ => {
            let sign = if offset.starts_with('-') { -1 } else { 1 };
            let figures: String = offset.chars().skip(1).filter(|c| *c != ':').collect();
            let hours = digits(figures.get(..2)?, 2)?;
            let minutes = if figures.len() == 4 { digits(&figures[2..], 2)? } else { 0 };
            sign * (hours * 60 + minutes)
        }
    };
    Some((h * 3600 + (m - shift) * 60) as f64 + s)
}

fn digits(text: &str, most: usize) -> Option<i64> {
    (!text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

fn days_in(year: i64, month: i64) -> i64 {
    let (y, m) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    day_of(y, m, 1) - day_of(year, month, 1)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn day_of(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let (year, month) = (y - era * 400, (m + 9) % 12);
    era * 146_097 + year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + d - 1 - 719_468
}

/// `90s`, `15m`, `1h`, `1d`, `1w`, or seconds.
pub(super) fn step(text: &str) -> Option<f64> {
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let unit = match text[at..].to_ascii_lowercase().as_str() {
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => DAY_S,
        "w" => 7.0 * DAY_S,
        _ => return None,
    };
    text[..at].parse::<f64>().ok().map(|v| v * unit).filter(|v| *v > 0.0 && v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_many_spellings() {
        for text in [
            "2022-01-31T12:30:00Z",
            "2022-01-31 12:30",
            "2022/1/31 12:30:00.000000",
            "2022-01-31T14:30:00+02:00",
            "2022-01-31T07:00:00-0530",
            "1643632200",
            "1643632200000",
            "1643632200000000000",
        ] {
            assert_eq!(parse([text].into_iter()), Ok(vec![1_643_632_200.0]), "{text}");
        }
        assert_eq!(parse(["20220131"].into_iter()), Ok(vec![1_643_587_200.0]));
        assert_eq!(parse(["1970", "1970.5"].into_iter()), Ok(vec![0.0, 182.5 * DAY_S]));
        assert_eq!(parse(["1", "2"].into_iter()), Ok(vec![DAY_S, 2.0 * DAY_S]));
    }

    #[test]
    fn what_is_no_time_is_named() {
        for text in ["2022-02-30", "2022-13-01", "31.01.2022", "2022-01-31T25:00", "yesterday", ""] {
            assert_eq!(parse(["2022-01-31", text].into_iter()), Err((1, text.to_owned())), "{text}");
        }
    }

    #[test]
    fn steps_have_units() {
        assert_eq!(
            (step("15m"), step("1d"), step("90"), step("0m"), step("x")),
            (Some(900.0), Some(DAY_S), Some(90.0), None, None)
        );
    }
}

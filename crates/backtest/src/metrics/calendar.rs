//! Days and months of UTC milliseconds, without a time zone and without leap seconds (POSIX time).
//!
//! Source of the day arithmetic: eras of 400 years have 146,097 days; a year that begins in March ends with the leap day.

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// Days of a year, for what is told per year: markets for coins never close.
pub const YEAR_DAYS: f64 = 365.0;
/// Names of the months, for people.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year.
    pub year: i64,
    /// 1 to 12.
    pub month: usize,
    /// 1 to 31.
    pub day: i64,
}

impl Date {
    /// The day in which a time lies.
    #[must_use]
    pub fn of(ms: i64) -> Self {
        let days = ms.div_euclid(DAY_MS) + 719_468;
        let era = days.div_euclid(146_097);
        let in_era = days.rem_euclid(146_097);
        let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
        let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * in_year + 2) / 153;
        let day = in_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month: usize::try_from(month).unwrap_or(1), day }
    }

    /// Months since year 0, to compare and to count.
    #[must_use]
    pub fn month_number(self) -> i64 {
        self.year * 12 + i64::try_from(self.month).unwrap_or(1) - 1
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.day, MONTHS[(self.month - 1) % 12], self.year)
    }
}

/// `7 Jan 2021 14:05`.
#[must_use]
pub fn minute(ms: i64) -> String {
    let in_day = ms.rem_euclid(DAY_MS);
    format!("{} {:02}:{:02}", Date::of(ms), in_day / HOUR_MS, in_day % HOUR_MS / 60_000)
}

/// A length of time in the two largest units that count: `9 h 12 m`, `3 d 4 h`.
#[must_use]
pub fn length(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    let (days, hours, rest) = (minutes / 1_440, minutes % 1_440 / 60, minutes % 60);
    match (days, hours) {
        (0, 0) if minutes == 0 => format!("{} s", ms.max(0) / 1_000),
        (0, 0) => format!("{rest} m"),
        (0, _) => format!("{hours} h {rest} m"),
        (1..=29, _) => format!("{days} d {hours} h"),
        _ => format!("{days} d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (ms, want) in [
            (0, "1 Jan 1970"),
            (-1, "31 Dec 1969"),
            (951_782_400_000, "29 Feb 2000"),
            (1_609_459_200_000, "1 Jan 2021"),
            (1_709_251_199_999, "29 Feb 2024"),
            (4_107_542_400_000, "1 Mar 2100"),
        ] {
            assert_eq!(Date::of(ms).to_string(), want, "{ms}");
        }
        assert_eq!(minute(1_610_659_140_000), "14 Jan 2021 21:19");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = Date::of(-DAY_MS * 200_000);
        for day in -199_999..200_000 {
            let date = Date::of(day * DAY_MS);
            let next = date.day == last.day + 1 && date.month_number() == last.month_number();
            assert!(next || date.day == 1 && date.month_number() == last.month_number() + 1, "{date}");
            last = date;
        }
    }

    #[test]
    fn lengths_keep_two_units() {
        assert_eq!(length(33_120_000), "9 h 12 m");
        assert_eq!(length(45_000), "45 s");
        assert_eq!(length(DAY_MS * 3 + HOUR_MS * 4), "3 d 4 h");
        assert_eq!(length(DAY_MS * 190), "190 d");
    }
}

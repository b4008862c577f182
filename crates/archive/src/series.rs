//! What a series is: bars of one length, trades, or book events of one instrument, and the files it is cut into.

use types::{Interval, Time};

/// What a series holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Bars of one length.
    Bars(Interval),
    /// Public trades.
    Trades,
    /// Snapshots, changes and best prices of the book.
    Book,
}

impl Kind {
    /// Its name, also of its folder: `bars-1m`, `trades`, `book`. The month is `bars-1mo`, because some file systems do
    /// not tell `1M` from `1m`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Bars(Interval::Month) => "bars-1mo".into(),
            Self::Bars(interval) => format!("bars-{}", interval.as_str()),
            Self::Trades => "trades".into(),
            Self::Book => "book".into(),
        }
    }

    /// The kind of a [`Kind::name`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "trades" => Some(Self::Trades),
            "book" => Some(Self::Book),
            "bars-1mo" => Some(Self::Bars(Interval::Month)),
            _ => name.strip_prefix("bars-").filter(|i| *i != "1M").and_then(Interval::parse).map(Self::Bars),
        }
    }

    /// For sentences: `1m bars`, `trades`, `book events`.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Bars(interval) => format!("{} bars", interval.as_str()),
            Self::Trades => "trades".into(),
            Self::Book => "book events".into(),
        }
    }

    /// The span of time that shares a file with `at`.
    pub(crate) fn part(self, at: Time) -> Part {
        let length = match self {
            Self::Bars(Interval::S1) | Self::Trades | Self::Book => Length::Day,
            Self::Bars(interval) if interval.seconds() != 0 && interval.seconds() < 3_600 => Length::Month,
            Self::Bars(_) => Length::Year,
        };
        Part::of(length, at)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Day,
    Month,
    Year,
}

/// A file's span: `[start, end)` and its name, `2022-01`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) start: Time,
    pub(crate) end: Time,
}

impl Part {
    fn of(length: Length, at: Time) -> Self {
        let (year, month, day) = civil(at);
        match length {
            Length::Day => {
                let start = Interval::D1.start(at);
                let name = format!("{year:04}-{month:02}-{day:02}");
                Self { name, start, end: Interval::D1.next(start) }
            }
            Length::Month => {
                let start = Interval::Month.start(at);
                Self { name: format!("{year:04}-{month:02}"), start, end: Interval::Month.next(start) }
            }
            Length::Year => {
                let start = (1..month)
                    .fold(Interval::Month.start(at), |t, _| Interval::Month.start(t.plus_nanos(-1)));
                let end = (0..12).fold(start, |t, _| Interval::Month.next(t));
                Self { name: format!("{year:04}"), start, end }
            }
        }
    }
}

const DAY_NS: i64 = 86_400_000_000_000;

/// Year, month and day in UTC (Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
pub(crate) fn civil(at: Time) -> (i64, i64, i64) {
    let z = at.0.div_euclid(DAY_NS) + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days since 1970-01-01 of a date; the inverse of [`civil`].
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// A half-open span of time, `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First instant in it.
    pub from: Time,
    /// First instant after it.
    pub to: Time,
}

impl Span {
    /// Everything.
    pub const ALL: Self = Self { from: Time(i64::MIN), to: Time(i64::MAX) };

    /// True if a file or block from `first` to `last` (inclusive) has a part in it.
    pub(crate) fn touches(self, first: Time, last: Time) -> bool {
        first < self.to && last >= self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_differ_without_case() {
        let kinds = Interval::ALL.map(Kind::Bars).into_iter().chain([Kind::Trades, Kind::Book]);
        let mut seen = std::collections::BTreeSet::new();
        for kind in kinds {
            assert_eq!(Kind::parse(&kind.name()), Some(kind));
            assert!(seen.insert(kind.name().to_lowercase()));
        }
        assert_eq!(Kind::parse("bars-1M"), None);
        assert_eq!(Kind::parse("bars-7m"), None);
    }

    #[test]
    fn dates_and_days_are_inverse() {
        for day in -100_000..100_000 {
            let (y, m, d) = civil(Time(day * DAY_NS));
            assert_eq!(days(y, m, d), day);
        }
        assert_eq!(civil(Time(1_640_995_260_000_000_000)), (2022, 1, 1));
    }

    #[test]
    fn a_part_holds_the_time_it_was_asked_for() {
        let at = Time(1_709_164_800_000_000_000); // 2024-02-29
        let names = |kind: Kind| kind.part(at).name;
        assert_eq!(names(Kind::Trades), "2024-02-29");
        assert_eq!(names(Kind::Bars(Interval::M1)), "2024-02");
        assert_eq!(names(Kind::Bars(Interval::H1)), "2024");
        assert_eq!(names(Kind::Bars(Interval::Month)), "2024");
        for kind in Interval::ALL.map(Kind::Bars) {
            for n in 0..3_000 {
                let at = at.plus_nanos(n * 7 * 3_600_000_000_000);
                let part = kind.part(at);
                assert!(part.start <= at && at < part.end);
                assert_eq!(kind.part(part.end.plus_nanos(-1)), part);
                assert_eq!(kind.part(part.end).start, part.end);
            }
        }
    }
}

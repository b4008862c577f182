//! Lines that stretch: an SVG of 1000 × 1000 without text, and labels as HTML above it in per cent, so that nothing is
//! distorted at any width.

use std::fmt::Write as _;

use crate::metrics::calendar::{DAY_MS, Date, HOUR_MS, MONTHS};
use crate::metrics::histogram::round_step;
use crate::metrics::stats;

/// Columns that a line is thinned to: more than any screen shows in this width.
const COLUMNS: usize = 700;

/// A drawing area.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    x: (f64, f64),
    y: (f64, f64),
    logarithmic: bool,
}

impl Plot {
    /// From the smallest to the largest x and y; a range without width is widened.
    pub(super) fn new(x: (f64, f64), y: (f64, f64)) -> Self {
        let wide = |(low, high): (f64, f64)| if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
        Self { x: wide(x), y: wide(y), logarithmic: false }
    }

    /// With a logarithmic y.
    pub(super) fn logarithmic(self) -> Self {
        Self { logarithmic: self.y.0 > 0.0, ..self }
    }

    /// x in thousandths of the width.
    pub(super) fn at_x(&self, x: f64) -> f64 {
        (x - self.x.0) / (self.x.1 - self.x.0) * 1_000.0
    }

    /// y in thousandths of the height, from above.
    pub(super) fn at_y(&self, y: f64) -> f64 {
        let (low, high) = self.y;
        let share = if self.logarithmic {
            (y.max(low).ln() - low.ln()) / (high.ln() - low.ln())
        } else {
            (y - low) / (high - low)
        };
        1_000.0 - share * 1_000.0
    }

    /// The path of a line.
    pub(super) fn line(&self, points: &[(f64, f64)]) -> String {
        let mut d = String::new();
        for (i, (x, y)) in thin(points).into_iter().enumerate() {
            let _ = write!(d, "{}{:.1} {:.1}", if i == 0 { 'M' } else { 'L' }, self.at_x(x), self.at_y(y));
        }
        d
    }

    /// The path of the area between a line and `base`.
    pub(super) fn area(&self, points: &[(f64, f64)], base: f64) -> String {
        let thinned = thin(points);
        let (Some(first), Some(last)) = (thinned.first(), thinned.last()) else { return String::new() };
        let base = self.at_y(base);
        format!(
            "{}L{:.1} {base:.1}L{:.1} {base:.1}Z",
            self.line(points),
            self.at_x(last.0),
            self.at_x(first.0)
        )
    }

    /// The path of the band between two lines.
    pub(super) fn band(&self, low: &[(f64, f64)], high: &[(f64, f64)]) -> String {
        let mut d = self.line(low);
        for (x, y) in thin(high).into_iter().rev() {
            let _ = write!(d, "L{:.1} {:.1}", self.at_x(x), self.at_y(y));
        }
        d.push('Z');
        d
    }

    /// Horizontal lines at `ticks`.
    pub(super) fn grid(&self, ticks: &[f64]) -> String {
        ticks.iter().fold(String::new(), |mut d, y| {
            let _ = write!(d, "M0 {0:.1}H1000", self.at_y(*y));
            d
        })
    }

    /// Round values on the y axis, about `count`.
    pub(super) fn ticks(&self, count: usize) -> Vec<f64> {
        let (low, high) = self.y;
        let step = round_step((high - low) / count as f64);
        let first = (low / step).ceil();
        let n = stats::floor_index((high / step).floor() - first + 1.0);
        (0..n).map(|i| (first + i as f64) * step).collect()
    }

    /// Labels beside the y axis.
    pub(super) fn y_labels(&self, ticks: &[f64], text: impl Fn(f64) -> String) -> String {
        ticks.iter().fold(String::new(), |mut out, y| {
            let _ =
                write!(out, "<span class=y style=\"top:{:.2}%\">{}</span>", self.at_y(*y) / 10.0, text(*y));
            out
        })
    }

    /// Dates below the x axis, which is UTC milliseconds.
    pub(super) fn x_dates(&self) -> String {
        let (low, high) = (integer(self.x.0), integer(self.x.1));
        dates(low, high).into_iter().fold(String::new(), |mut out, (at, text)| {
            let share = self.at_x(at as f64) / 10.0;
            let class = match share {
                s if s < 3.0 => "x first",
                s if s > 97.0 => "x last",
                _ => "x",
            };
            let _ = write!(out, "<span class=\"{class}\" style=\"left:{share:.2}%\">{text}</span>");
            out
        })
    }
}

/// An SVG of the given content in a chart of `height` pixels, with `labels` above it.
pub(super) fn chart(name: &str, height: u32, content: &str, labels: &str) -> String {
    format!(
        "<div class=chart style=\"height:{height}px\"><svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=none role=img \
         aria-label=\"{}\">{content}</svg>{labels}</div>",
        super::escape::text(name)
    )
}

/// `<path class d>`.
pub(super) fn path(class: &str, d: &str) -> String {
    format!("<path class={class} d=\"{d}\"/>")
}

/// First, lowest, highest and last point of each column, in order: a line looks the same and has at most 4 × COLUMNS points.
pub(super) fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= COLUMNS * 4 {
        return points.to_vec();
    }
    let mut out = Vec::with_capacity(COLUMNS * 4);
    for column in 0..COLUMNS {
        let part = &points[column * points.len() / COLUMNS..(column + 1) * points.len() / COLUMNS];
        let extreme = |better: fn(f64, f64) -> bool| {
            (0..part.len()).reduce(|a, b| if better(part[b].1, part[a].1) { b } else { a }).unwrap_or(0)
        };
        let mut kept = [0, extreme(|a, b| a < b), extreme(|a, b| a > b), part.len() - 1];
        kept.sort_unstable();
        for (n, at) in kept.iter().enumerate() {
            if n == 0 || kept[n - 1] != *at {
                out.push(part[*at]);
            }
        }
    }
    out
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds of dates; `as` saturates")]
fn integer(x: f64) -> i64 {
    x as i64
}

/// Four to eight round moments between two times, with their names.
fn dates(low: i64, high: i64) -> Vec<(i64, String)> {
    const STEPS: [i64; 12] = [
        60_000,
        300_000,
        900_000,
        HOUR_MS,
        3 * HOUR_MS,
        6 * HOUR_MS,
        12 * HOUR_MS,
        DAY_MS,
        2 * DAY_MS,
        5 * DAY_MS,
        7 * DAY_MS,
        14 * DAY_MS,
    ];
    let span = high - low;
    if let Some(step) = STEPS.into_iter().find(|step| span / step <= 7) {
        let first = low.div_euclid(step) * step + if low.rem_euclid(step) == 0 { 0 } else { step };
        let count = (high - first).div_euclid(step);
        return (0..=count)
            .map(|i| first + i * step)
            .map(|at| (at, if step < DAY_MS { clock(at) } else { day(at) }))
            .collect();
    }
    let months = span / (30 * DAY_MS);
    let step = [1, 2, 3, 6, 12, 24, 60].into_iter().find(|s| months / s <= 7).unwrap_or(120);
    let first = Date::of(low).month_number() + 1;
    let last = Date::of(high).month_number();
    (first..=last)
        .filter(|m| m % step == 0)
        .map(|m| {
            let name = MONTHS[usize::try_from(m.rem_euclid(12)).unwrap_or(0)];
            let year = m.div_euclid(12);
            let text = if m.rem_euclid(12) == 0 || m < first + step {
                format!("{name} {year}")
            } else {
                name.to_owned()
            };
            (first_of_month(m), text)
        })
        .collect()
}

fn clock(at: i64) -> String {
    let minutes = at.rem_euclid(DAY_MS) / 60_000;
    if minutes == 0 { day(at) } else { format!("{:02}:{:02}", minutes / 60, minutes % 60) }
}

fn day(at: i64) -> String {
    let date = Date::of(at);
    format!("{} {}", date.day, MONTHS[date.month - 1])
}

/// The first millisecond of a month, by its number: from a guess that is at most some days off.
fn first_of_month(number: i64) -> i64 {
    let guess = (number - 1_970 * 12) * 2_629_746_000;
    let mut day = guess.div_euclid(DAY_MS);
    while Date::of(day * DAY_MS).month_number() < number {
        day += 1;
    }
    while Date::of((day - 1) * DAY_MS).month_number() >= number {
        day -= 1;
    }
    day * DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thinned_line_keeps_its_extremes_and_its_ends() {
        let points: Vec<(f64, f64)> = (0..100_000_u32)
            .map(|i| (f64::from(i), if i == 54_321 { 99.0 } else { f64::from(i % 17) }))
            .collect();
        let thinned = thin(&points);
        assert!(thinned.len() <= 2_800 && thinned.contains(&(54_321.0, 99.0)));
        assert_eq!((thinned[0], thinned[thinned.len() - 1]), (points[0], points[99_999]));
        assert!(thinned.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn dates_are_round_and_few() {
        let at = |day: i64| day * DAY_MS;
        for (low, high) in [
            (0, HOUR_MS),
            (5, at(3)),
            (at(18_628) + 77, at(18_642)),
            (at(18_628), at(19_300)),
            (0, at(30_000)),
        ] {
            let found = dates(low, high);
            assert!((2..=9).contains(&found.len()), "{found:?}");
            assert!(found.iter().all(|(t, _)| (low..=high).contains(t)));
        }
        assert_eq!(first_of_month(2_021 * 12 + 2), 1_614_556_800_000);
    }

    #[test]
    fn places_are_shares_of_the_area() {
        let plot = Plot::new((0.0, 10.0), (1.0, 100.0));
        assert!((plot.at_x(5.0) - 500.0).abs() < 1e-9 && plot.at_y(100.0).abs() < 1e-9);
        assert!((plot.logarithmic().at_y(10.0) - 500.0).abs() < 1e-9);
        assert_eq!(plot.ticks(4), [25.0, 50.0, 75.0, 100.0]);
    }
}

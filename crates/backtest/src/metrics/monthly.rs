//! The table of returns by month and year: months of UTC, parts of months included; a year is the product of its months.

use super::Basis;
use super::calendar::Date;

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Year {
    /// Which.
    pub year: i64,
    /// January first; `None` without a point.
    pub months: [Option<f64>; 12],
    /// ∏ (1 + r) − 1 of the months there are.
    pub total: f64,
}

/// Rows by year, oldest first.
#[must_use]
pub fn table(basis: &Basis<'_>) -> Vec<Year> {
    let mut rows: Vec<Year> = Vec::new();
    for month in &basis.months {
        let date = Date::of(month.at);
        if rows.last().is_none_or(|row| row.year != date.year) {
            rows.push(Year { year: date.year, months: [None; 12], total: 0.0 });
        }
        if let Some(row) = rows.last_mut() {
            row.months[date.month - 1] = Some(month.share);
            row.total = (1.0 + row.total) * (1.0 + month.share) - 1.0;
        }
    }
    rows
}

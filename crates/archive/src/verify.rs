//! Checks what is stored: the bytes against their checksums, and the rows against what a market can have shown.
//!
//! Rules, each with a name for scripts:
//!
//! * `checksum`: a file is missing, has another length or other bytes than were written. What it held is not looked at.
//! * `count`: the rows are not as many as the manifest says.
//! * `order`, `duplicate`: a row is before the one before it, or there twice (bars: one start; trades: one id).
//! * `gap`: between two bars at least one is missing; between two trades ids are missing; a book's update numbers do not join.
//! * `sanity`: a bar whose open or close is outside its low and high, a price of zero, takers who bought more than was traded;
//!   a book whose best bid is not below its best ask; a best price that is not the book's of the same update.
//! * `outlier`: a bar whose range, with the jump from the close before, is more than [`OUTLIER_TIMES`] times the average
//!   range before it (exponential over [`OUTLIER_BARS`] bars, which are not judged at first) and more than
//!   1/[`OUTLIER_SHARE`] of its price. It may be a crash or a wrong print: look at it. It does not make a series unfit.

use std::collections::BTreeMap;

use market_data::{Applied, StaleReason, State, SyncedBook};
use types::{Bar, InstrumentId, Interval, Money, Time};

use crate::Error;
use crate::archive::{Archive, unknown};
use crate::file::{self, Cursor};
use crate::limits::EXAMPLES_MAX;
use crate::manifest::{Manifest, folder};
use crate::series::{Kind, Span};
use crate::source::csv::sane;
use crate::stamp::iso;
use crate::table::Row;
use crate::table::book::{BookNews, BookRow};
use crate::table::prints::PrintRow;

/// How many times the average range makes an outlier.
pub const OUTLIER_TIMES: i128 = 30;
/// Bars of the average, and before the first judgement.
pub const OUTLIER_BARS: i128 = 240;
/// The share of the price below which nothing is an outlier: a fiftieth is 2 %.
pub const OUTLIER_SHARE: i128 = 50;

/// A rule of [`Archive::verify`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Bytes are not what was written.
    Checksum,
    /// Rows are not as many as they should be.
    Count,
    /// A row before the one before it.
    Order,
    /// A row twice.
    Duplicate,
    /// Rows are missing.
    Gap,
    /// A row that no market shows.
    Sanity,
    /// A row that a market hardly shows.
    Outlier,
}

impl Rule {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checksum => "checksum",
            Self::Count => "count",
            Self::Order => "order",
            Self::Duplicate => "duplicate",
            Self::Gap => "gap",
            Self::Sanity => "sanity",
            Self::Outlier => "outlier",
        }
    }

    /// True if data that break it should not be traded on without a look.
    #[must_use]
    pub const fn makes_unfit(self) -> bool {
        !matches!(self, Self::Outlier)
    }
}

/// How often a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// How often.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<String>,
}

/// What was found in a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Of which instrument.
    pub id: InstrumentId,
    /// Which series.
    pub kind: Kind,
    /// Rows that were read.
    pub rows: u64,
    /// Broken rules, in the order of [`Rule`].
    pub findings: Vec<Finding>,
}

#[derive(Default)]
struct Notes(BTreeMap<Rule, Finding>);

impl Notes {
    fn note(&mut self, rule: Rule, example: impl FnOnce() -> String) {
        let finding = self.0.entry(rule).or_insert_with(|| Finding { rule, count: 0, examples: Vec::new() });
        finding.count += 1;
        if finding.examples.len() < EXAMPLES_MAX {
            finding.examples.push(example());
        }
    }
}

/// Looks at the rows of one kind, in order.
trait Inspector<R> {
    fn row(&mut self, row: &R, notes: &mut Notes);
}

impl Archive {
    /// Checks one series.
    ///
    /// # Errors
    /// When there is no such series or a file cannot be read at all; what is wrong with the data is in the [`Verdict`].
    pub fn verify(&self, id: InstrumentId, kind: Kind) -> Result<Verdict, Error> {
        let manifest = self.known(id)?;
        let Some(series) = manifest.series(kind) else { return Err(unknown(&manifest, id, kind)) };
        let mut notes = Notes::default();
        for entry in &series.files {
            let path = folder(self.root(), id).join(kind.name()).join(&entry.name);
            if let Some(what) = file::check(&path, entry)? {
                notes.note(Rule::Checksum, || format!("{}: {what}", path.display()));
            }
        }
        let mut rows = 0;
        if notes.0.is_empty() {
            rows = match kind {
                Kind::Bars(interval) => self.inspect(&manifest, id, kind, Bars::new(interval), &mut notes)?,
                Kind::Trades => self.inspect(&manifest, id, kind, Trades::default(), &mut notes)?,
                Kind::Book => self.inspect(&manifest, id, kind, Books::default(), &mut notes)?,
            };
            if rows != series.rows() {
                notes.note(Rule::Count, || format!("{rows} rows, and the manifest says {}", series.rows()));
            }
        }
        Ok(Verdict { id, kind, rows, findings: notes.0.into_values().collect() })
    }

    fn inspect<R: Row>(
        &self,
        manifest: &Manifest,
        id: InstrumentId,
        kind: Kind,
        mut inspector: impl Inspector<R>,
        notes: &mut Notes,
    ) -> Result<u64, Error> {
        let files = manifest.series(kind).map(|s| s.files.as_slice()).unwrap_or_default();
        let folder = folder(self.root(), id);
        let mut cursor = Cursor::new::<R>(&folder, kind, files, Span::ALL, manifest.listing.scales);
        let (mut rows, mut count) = (Vec::new(), 0);
        while let Some(batch) = cursor.next() {
            rows.clear();
            R::decode(&batch?, kind, &mut rows).ok_or_else(|| cursor.odd())?;
            for row in &rows {
                inspector.row(row, notes);
            }
            count += rows.len() as u64;
        }
        Ok(count)
    }
}

/// Bars of one length.
struct Bars {
    interval: Interval,
    last: Option<Bar>,
    /// Average range before the bar, times [`OUTLIER_BARS`].
    ranges: i128,
    seen: i128,
}

impl Bars {
    const fn new(interval: Interval) -> Self {
        Self { interval, last: None, ranges: 0, seen: 0 }
    }

    fn sequence(&self, bar: &Bar, notes: &mut Notes) {
        let Some(last) = &self.last else { return };
        let next = self.interval.next(last.open_time);
        if bar.open_time == last.open_time {
            notes.note(Rule::Duplicate, || iso(bar.open_time));
        } else if bar.open_time < last.open_time {
            notes.note(Rule::Order, || format!("{} after {}", iso(bar.open_time), iso(last.open_time)));
        } else if bar.open_time != next {
            notes.note(Rule::Gap, || format!("{} to {}", iso(next), iso(bar.open_time)));
        }
    }

    fn outlier(&mut self, bar: &Bar, notes: &mut Notes) {
        let before = self.last.map_or(bar.open, |last| last.close);
        let high = i128::from(bar.high.max(before).0);
        let range = high - i128::from(bar.low.min(before).0);
        if self.seen >= OUTLIER_BARS
            && range * OUTLIER_BARS > self.ranges * OUTLIER_TIMES
            && range * OUTLIER_SHARE > high
        {
            notes.note(Rule::Outlier, || iso(bar.open_time));
        }
        self.ranges += range - self.ranges / OUTLIER_BARS;
        self.seen += 1;
    }
}

impl Inspector<Bar> for Bars {
    fn row(&mut self, bar: &Bar, notes: &mut Notes) {
        self.sequence(bar, notes);
        if let Err(what) = sane(bar) {
            notes.note(Rule::Sanity, || format!("{}: {what}", iso(bar.open_time)));
        }
        if self.interval.start(bar.open_time) != bar.open_time {
            notes.note(Rule::Sanity, || format!("{} is no start of a bar", iso(bar.open_time)));
        }
        self.outlier(bar, notes);
        self.last = Some(*bar);
    }
}

/// Trades by receipt and id.
#[derive(Default)]
struct Trades {
    at: Option<Time>,
    id: Option<u64>,
}

impl Inspector<PrintRow> for Trades {
    fn row(&mut self, row: &PrintRow, notes: &mut Notes) {
        let id = row.print.id.0;
        if self.at.is_some_and(|at| row.at < at) {
            notes.note(Rule::Order, || format!("trade {id} at {}", iso(row.at)));
        }
        match self.id {
            Some(last) if id == last => notes.note(Rule::Duplicate, || format!("trade {id}")),
            Some(last) if id < last => notes.note(Rule::Order, || format!("trade {id} after trade {last}")),
            Some(last) if id > last + 1 => {
                notes.note(Rule::Gap, || format!("trades {} to {}", last + 1, id - 1));
            }
            _ => {}
        }
        if row.print.price.0 <= 0 || row.print.qty.0 <= 0 || row.print.quote <= Money::ZERO {
            notes.note(Rule::Sanity, || format!("trade {id} of nothing"));
        }
        (self.at, self.id) = (Some(row.at), Some(id));
    }
}

/// Best prices that may come before the change of the book that they belong to; the others are compared as they come.
const BEST_KEPT_MAX: usize = 10_000;

/// The book, rebuilt.
#[derive(Default)]
struct Books {
    at: Option<Time>,
    book: SyncedBook,
    best: BTreeMap<u64, BookNews>,
}

impl Books {
    fn applied(applied: Applied, row: &BookRow, notes: &mut Notes) {
        match applied {
            Applied::Stale(StaleReason::Gap { expected, got }) => {
                notes.note(Rule::Gap, || format!("{}: update {expected} expected, {got} came", iso(row.at)));
            }
            Applied::Stale(reason) => {
                notes.note(Rule::Sanity, || format!("{}: the book is {reason:?}", iso(row.at)));
            }
            Applied::Changed | Applied::Buffered | Applied::Repeated => {}
        }
    }

    /// The best prices that were told with the update that the book is at.
    fn compare(&mut self, row: &BookRow, notes: &mut Notes) {
        let State::Live { last } = self.book.state() else { return };
        self.best = self.best.split_off(&last);
        let (Some(told), Some(book)) = (self.best.remove(&last), self.book.book()) else { return };
        if book.bid().as_ref() != told.bids().first() || book.ask().as_ref() != told.asks().first() {
            notes.note(Rule::Sanity, || {
                format!("{}: the best price of update {last} is another", iso(row.at))
            });
        }
    }
}

impl Inspector<BookRow> for Books {
    fn row(&mut self, row: &BookRow, notes: &mut Notes) {
        if self.at.is_some_and(|at| row.at < at) {
            notes.note(Rule::Order, || iso(row.at));
        }
        self.at = Some(row.at);
        match &row.news {
            BookNews::Snapshot(snapshot) => Self::applied(self.book.snapshot(snapshot), row, notes),
            BookNews::Diff(diff) => Self::applied(self.book.diff(diff), row, notes),
            best @ BookNews::Best { update, .. } => {
                self.best.insert(*update, best.clone());
                if self.best.len() > BEST_KEPT_MAX {
                    self.best.pop_first();
                }
            }
        }
        self.compare(row, notes);
    }
}

#[cfg(test)]
mod tests {
    use types::{MarketId, Price};

    use super::*;
    use crate::change::Change;
    use crate::manifest::{Contract, Layout, Listing, Origin, Scales};

    /// What no import lets through, written past it.
    #[test]
    fn rows_out_of_order_twice_and_impossible_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let id = InstrumentId::parse("file:X", types::VenueName::new("file").unwrap()).unwrap();
        let listing = Listing {
            contract: Contract::Spot,
            base: "X".into(),
            quote: "USD".into(),
            scales: Scales::new(2, 2).unwrap(),
            tick: 1,
            tick_given: false,
            lot: 1,
            lot_given: false,
        };
        listing.instrument(id, MarketId(0)).unwrap();
        let kind = Kind::Bars(Interval::M1);
        let mut change = Change::begin(dir.path(), id, |_| Ok(listing)).unwrap();
        let mut writer = change.writer::<Bar>(kind, Layout::Short, false).unwrap();
        let bar = |minute: i64, price| Bar::flat(Interval::M1, Time(minute * 60_000_000_000), Price(price));
        let low = Bar { low: Price(99), ..bar(4, 100) };
        let mut wrong = vec![bar(0, 100), bar(1, 100), bar(1, 100), bar(3, 100), bar(2, 100), low];
        wrong.push(Bar { close: Price(98), ..bar(5, 100) });
        wrong.push(Bar { low: Price(0), ..bar(6, 100) });
        wrong.push(Bar { open_time: Time(7 * 60_000_000_000 + 1), ..bar(7, 100) });
        for row in wrong {
            writer.push(row).unwrap();
        }
        let origin =
            Origin { source: String::new(), format: String::new(), crc32c: 0, rows: 9, first: 0, last: 0 };
        change.accept(writer, origin).unwrap();
        change.commit().unwrap();
        let verdict = Archive::open(dir.path()).verify(id, kind).unwrap();
        let found: Vec<(Rule, u64)> = verdict.findings.iter().map(|f| (f.rule, f.count)).collect();
        // From 1 to 3, from 2 to 4 and from 6 to a nanosecond after 7 something is missing.
        assert_eq!(found, [(Rule::Order, 1), (Rule::Duplicate, 1), (Rule::Gap, 3), (Rule::Sanity, 3)]);
    }
}

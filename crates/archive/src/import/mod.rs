//! Importing a file: find out what it is, find out what its numbers need, read it, and put it in, completely or not at all.
//!
//! Memory: one block of rows, or one stored part where the file meets what is there (with `--sort` all rows).

mod bars;
mod capture;
mod listing;
mod trades;

use std::path::{Path, PathBuf};

use types::instrument::DEFAULT_SCALE;
use types::{InstrumentId, Interval, Time};

use crate::archive::Archive;
use crate::change::Counts;
use crate::limits::SORTED_ROWS_MAX;
use crate::manifest::{Contract, Listing, Origin, Scales};
use crate::series::Kind;
use crate::source::columns::{Columns, Dialect, detect};
use crate::source::csv::{Rows, Stamp, each_row};
use crate::source::{Lines, Source, capture as recording};
use crate::{Error, stamp};

/// What a person may say about an instrument; what is `None` comes from the symbol and the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Decimals of prices, for ever.
    pub price_scale: Option<u8>,
    /// Decimals of quantities, for ever.
    pub base_scale: Option<u8>,
    /// Smallest step of a price, as decimal text.
    pub tick: Option<String>,
    /// Smallest step of a quantity, as decimal text.
    pub lot: Option<String>,
    /// Spot or perpetual.
    pub contract: Option<Contract>,
    /// Code of the base asset.
    pub base: Option<String>,
    /// Code of the quote asset.
    pub quote: Option<String>,
}

/// What to import, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The file.
    pub file: PathBuf,
    /// As which instrument.
    pub id: InstrumentId,
    /// Length of the bars; `None` takes it from the distance of the rows.
    pub interval: Option<Interval>,
    /// What the times of bars are.
    pub stamp: Stamp,
    /// Let the file win over what the archive holds in its span of time.
    pub replace: bool,
    /// Put rows in order first (in memory).
    pub sort: bool,
    /// About the instrument.
    pub given: Given,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is done: `looking at the numbers`, `importing`.
    pub stage: &'static str,
    /// Bytes of the file that were read.
    pub bytes: u64,
    /// Of so many.
    pub of: u64,
    /// Rows so far.
    pub rows: u64,
}

/// What became of one series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Which.
    pub kind: Kind,
    /// Its rows.
    pub counts: Counts,
    /// Time of the file's first row.
    pub first: Time,
    /// Time of the file's last row.
    pub last: Time,
}

/// What an import has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// As which instrument.
    pub id: InstrumentId,
    /// What the instrument is now.
    pub listing: Listing,
    /// What the file was read as.
    pub format: String,
    /// The series it went to.
    pub series: Vec<Imported>,
    /// Rows that the file holds twice, alike.
    pub repeated: u64,
    /// Numbers that were prints of binary floats.
    pub noisy: u64,
    /// Rows whose receive time was before the row before; they were stamped like that one.
    pub restamped: u64,
    /// Messages that are not stored, by type.
    pub skipped: Vec<(String, u64)>,
}

/// What the file turned out to be.
enum Format {
    Csv(Dialect),
    Capture,
}

/// Rows between two calls of a progress report.
const REPORT_ROWS: u64 = 16_384;

/// Imports a file; on an error the archive is as it was.
///
/// # Errors
/// See [`Error`].
pub fn import(
    archive: &Archive,
    request: &Request,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, Error> {
    match probe(&request.file)? {
        Format::Capture => capture::import(archive, request, progress),
        Format::Csv(dialect) => match dialect.columns {
            Columns::Bars(columns) => bars::import(archive, request, &dialect, &columns, progress),
            Columns::Trades(columns) => trades::import(archive, request, &dialect, &columns, progress),
        },
    }
}

/// Reads a text as [`import()`] would, at the default scales, without an archive: the number of rows, or what is wrong.
///
/// # Errors
/// As [`import()`].
pub fn check_text(text: &[u8]) -> Result<u64, Error> {
    let scales = Scales::new(DEFAULT_SCALE, DEFAULT_SCALE)?;
    let mut lines = Lines::new(text);
    let Some((_, first)) = lines.next()? else { return Err(Error::Input("the text is empty".into())) };
    let mut count = 0;
    if recording::looks_like_it(first) {
        let mut capture = recording::Capture::new(scales, None);
        let mut lines = Lines::new(text);
        while let Some((line, text)) = lines.next()? {
            capture.read(text).map_err(|what| Error::line(line, what))?;
            count += 1;
        }
        return Ok(count);
    }
    let dialect = detect(first).map_err(Error::Input)?;
    let mut rows = Rows::new(scales);
    let owned: Box<dyn std::io::Read> = Box::new(std::io::Cursor::new(text.to_vec()));
    each_row(owned, &dialect, |line, fields| {
        count += 1;
        match &dialect.columns {
            Columns::Bars(columns) => rows.bar(fields, columns, Interval::M1, Stamp::Open).map(|_| ()),
            Columns::Trades(columns) => rows.print(fields, columns).map(|_| ()),
        }
        .map_err(|what| Error::line(line, what))
    })?;
    Ok(count)
}

fn probe(path: &Path) -> Result<Format, Error> {
    let source = Source::open(path)?;
    let mut lines = Lines::new(source.text);
    let Some((_, first)) = lines.next()? else {
        return Err(Error::Input(format!("{} is empty", path.display())));
    };
    if recording::looks_like_it(first) {
        return Ok(Format::Capture);
    }
    let dialect = detect(first)
        .map_err(|what| Error::Input(format!("{} is in no known format: {what}", path.display())))?;
    Ok(Format::Csv(dialect))
}

/// Tells how far it is, now and then.
struct Meter<'a> {
    progress: &'a mut dyn FnMut(Progress),
    stage: &'static str,
    of: u64,
    seen: std::rc::Rc<crate::source::Seen>,
    rows: u64,
}

impl<'a> Meter<'a> {
    fn new(source: &Source, stage: &'static str, progress: &'a mut dyn FnMut(Progress)) -> Self {
        Self { progress, stage, of: source.len, seen: std::rc::Rc::clone(&source.seen), rows: 0 }
    }

    fn row(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(REPORT_ROWS) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        (self.progress)(Progress {
            stage: self.stage,
            bytes: self.seen.bytes(),
            of: self.of,
            rows: self.rows,
        });
    }
}

/// Takes in all rows of a file as they come, or sorted by `key` if that is wanted: then all are in memory.
fn each_in_order<T, K: Ord>(
    source: Source,
    (dialect, sort): (&Dialect, bool),
    meter: &mut Meter<'_>,
    mut read: impl FnMut(&[&str]) -> Result<T, String>,
    key: impl Fn(&T) -> K,
    mut take: impl FnMut(u64, T) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut held = Vec::new();
    each_row(source.text, dialect, |line, fields| {
        let row = read(fields).map_err(|what| Error::line(line, what))?;
        meter.row();
        if !sort {
            return take(line, row);
        }
        if held.len() == SORTED_ROWS_MAX {
            return Err(Error::Input(format!("more than {SORTED_ROWS_MAX} rows cannot be sorted in memory")));
        }
        held.push((line, row));
        Ok(())
    })?;
    meter.tell();
    held.sort_by_key(|(line, row)| (key(row), *line));
    held.into_iter().try_for_each(|(line, row)| take(line, row))
}

/// A row out of order, or a second one at the same time.
fn order(earlier: Time, at: Time) -> String {
    format!(
        "{} comes after {}: rows must be in order of time (--sort puts them in order)",
        stamp::iso(at),
        stamp::iso(earlier)
    )
}

/// First and last time and number of what went into a series.
#[derive(Clone, Copy, Default)]
struct Extent {
    first: Option<Time>,
    last: Option<Time>,
}

impl Extent {
    fn take(&mut self, at: Time) {
        self.first.get_or_insert(at);
        self.last = Some(at);
    }

    fn origin(self, name: &str, format: &str, crc32c: u32, rows: u64) -> Option<(Time, Time, Origin)> {
        let (first, last) = (self.first?, self.last?);
        let (source, format) = (name.to_owned(), format.to_owned());
        Some((first, last, Origin { source, format, crc32c, rows, first: first.0, last: last.0 }))
    }
}

fn nothing(path: &Path) -> Error {
    Error::Input(format!("{} has no rows", path.display()))
}

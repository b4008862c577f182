//! The archive: what is in it, and reading it.

use std::path::{Path, PathBuf};

use types::{Bar, Instrument, InstrumentId, Interval, MarketId, Symbol, Time, VenueName};

use crate::Error;
use crate::bars::{BarBatches, Bars};
use crate::events::Events;
use crate::file::Cursor;
use crate::manifest::{Listing, Manifest, Origin, folder};
use crate::series::{Kind, Span};
use crate::table::book::BookRow;
use crate::table::prints::PrintRow;

/// The venue of data that come from files of no venue.
pub const FILE_VENUE: &str = "file";

/// Recorded market data under one folder. Holds no file open; what others import meanwhile is seen by the next call.
#[derive(Clone, Debug)]
pub struct Archive {
    root: PathBuf,
}

/// A series as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Of which instrument.
    pub id: InstrumentId,
    /// What it is.
    pub listing: Listing,
    /// What the series holds.
    pub kind: Kind,
    /// Number of rows.
    pub rows: u64,
    /// Time of the first row (of a bar: its start).
    pub first: Time,
    /// Time of the last row.
    pub last: Time,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Files on the disk.
    pub files: usize,
    /// Where the rows came from.
    pub origins: Vec<Origin>,
}

impl Archive {
    /// The archive in `root` (`<data-dir>/archive`). The folder need not exist: then the archive is empty.
    #[must_use]
    pub fn open(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All instruments, by id.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn instruments(&self) -> Result<Vec<InstrumentId>, Error> {
        let mut ids = Vec::new();
        for venue in names(&self.root)? {
            let Ok(venue) = VenueName::new(&venue) else { continue };
            for symbol in names(&self.root.join(venue.as_str()))? {
                let Ok(symbol) = Symbol::new(&symbol) else { continue };
                let id = InstrumentId { venue, symbol };
                if folder(&self.root, id).join(crate::manifest::NAME).is_file() {
                    ids.push(id);
                }
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// All series, by instrument and kind.
    ///
    /// # Errors
    /// When a manifest cannot be read.
    pub fn list(&self) -> Result<Vec<Summary>, Error> {
        let mut list = Vec::new();
        for id in self.instruments()? {
            let Some(manifest) = self.manifest(id)? else { continue };
            for kind in manifest.kinds() {
                let Some(series) = manifest.series(kind) else { continue };
                let (Some(first), Some(last)) = (series.files.first(), series.files.last()) else { continue };
                list.push(Summary {
                    id,
                    listing: manifest.listing.clone(),
                    kind,
                    rows: series.rows(),
                    first: first.first(),
                    last: last.last(),
                    bytes: series.files.iter().map(|f| f.len).sum(),
                    files: series.files.len(),
                    origins: series.origins.clone(),
                });
            }
        }
        Ok(list)
    }

    /// The instrument that a person means: `file:BTC-PERP`, or `BTC-PERP` alone if the archive holds it of one venue (or of the
    /// venue `file`, where files go).
    ///
    /// # Errors
    /// When there is none of this name, or the venue must be said.
    pub fn find(&self, text: &str) -> Result<InstrumentId, Error> {
        let wrong = |why: &dyn std::fmt::Display| Error::Request(format!("the symbol \"{text}\" {why}"));
        let ids = self.instruments()?;
        let known = || ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let file = VenueName::new(FILE_VENUE).map_err(|why| wrong(&why))?;
        let id = InstrumentId::parse(text, file).map_err(|why| wrong(&why))?;
        if ids.contains(&id) {
            return Ok(id);
        }
        let same: Vec<&InstrumentId> = ids.iter().filter(|other| other.symbol == id.symbol).collect();
        match same.as_slice() {
            [only] if !text.contains(':') => Ok(**only),
            [] | [_] => {
                let known =
                    if ids.is_empty() { "; it is empty".into() } else { format!("; it holds {}", known()) };
                Err(Error::Unknown { what: "data".into(), id, known })
            }
            several => {
                let names: Vec<String> = several.iter().map(ToString::to_string).collect();
                Err(wrong(&format!("is held of several venues: {}", names.join(", "))))
            }
        }
    }

    /// What an instrument is.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is none of this id.
    pub fn listing(&self, id: InstrumentId) -> Result<Listing, Error> {
        Ok(self.known(id)?.listing)
    }

    /// An instrument with permissive rules, under the number `market` of the caller's shard.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is none of this id.
    pub fn instrument(&self, id: InstrumentId, market: MarketId) -> Result<Instrument, Error> {
        self.listing(id)?.instrument(id, market)
    }

    /// Closed bars of length `interval` that lie in `span`, in order. Where no such bars are stored they are folded from the
    /// longest shorter ones that fit, or from the trades; an interval whose end the data do not reach is not closed and left out.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is nothing to make them of; reading errors come as items, and end the iteration.
    pub fn bars(&self, id: InstrumentId, interval: Interval, span: Span) -> Result<Bars, Error> {
        let manifest = self.known(id)?;
        match self.parts(&manifest, interval) {
            Some(kind) => Ok(self.bars_of(&manifest, id, kind, interval, span)),
            None => Err(unknown(&manifest, id, Kind::Bars(interval))),
        }
    }

    /// What bars of length `interval` are made of: the same, the longest shorter ones that fit, or trades.
    pub(crate) fn parts(&self, manifest: &Manifest, interval: Interval) -> Option<Kind> {
        let parts = Interval::ALL.into_iter().rev().filter(|part| interval.is_made_of(*part)).map(Kind::Bars);
        parts.chain([Kind::Trades]).find(|kind| manifest.series(*kind).is_some())
    }

    /// Bars of length `interval` made of `kind`.
    pub(crate) fn bars_of(
        &self,
        manifest: &Manifest,
        id: InstrumentId,
        kind: Kind,
        interval: Interval,
        span: Span,
    ) -> Bars {
        let span = whole(interval, span);
        let files = manifest.series(kind).map(|s| s.files.as_slice()).unwrap_or_default();
        let last = files.last().map(|f| f.last());
        let Kind::Bars(part) = kind else {
            return Bars::of_trades(self.trades(manifest, id, span), interval, last);
        };
        let reached = last.is_some_and(|last| part.next(last) >= span.to);
        let cursor = Cursor::new::<Bar>(&folder(&self.root, id), kind, files, span, manifest.listing.scales);
        Bars::new(cursor, part, interval, reached)
    }

    /// [`Archive::bars`] as columns, for work on many bars at once.
    ///
    /// # Errors
    /// As [`Archive::bars`].
    pub fn bar_batches(&self, id: InstrumentId, interval: Interval, span: Span) -> Result<BarBatches, Error> {
        Ok(BarBatches::new(self.bars(id, interval, span)?))
    }

    /// Trades and book events in the order they came in, numbered from 1, under the number `market`. Without one of the two
    /// series the other comes alone.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is neither; reading errors come as items, and end the iteration.
    pub fn events(&self, id: InstrumentId, market: MarketId, span: Span) -> Result<Events, Error> {
        let manifest = self.known(id)?;
        if manifest.series(Kind::Trades).is_none() && manifest.series(Kind::Book).is_none() {
            return Err(unknown(&manifest, id, Kind::Book));
        }
        let books = manifest.series(Kind::Book).map(|s| s.files.as_slice()).unwrap_or_default();
        let folder = folder(&self.root, id);
        let books = Cursor::new::<BookRow>(&folder, Kind::Book, books, span, manifest.listing.scales);
        Ok(Events::new(market, self.trades(&manifest, id, span), books))
    }

    fn trades(&self, manifest: &Manifest, id: InstrumentId, span: Span) -> Cursor {
        let files = manifest.series(Kind::Trades).map(|s| s.files.as_slice()).unwrap_or_default();
        Cursor::new::<PrintRow>(&folder(&self.root, id), Kind::Trades, files, span, manifest.listing.scales)
    }

    pub(crate) fn manifest(&self, id: InstrumentId) -> Result<Option<Manifest>, Error> {
        Manifest::load(&folder(&self.root, id))
    }

    pub(crate) fn known(&self, id: InstrumentId) -> Result<Manifest, Error> {
        self.manifest(id)?.ok_or_else(|| Error::Unknown { what: "data".into(), id, known: String::new() })
    }
}

/// The part of `span` that whole bars cover, so that none is folded from only some of its parts.
fn whole(interval: Interval, span: Span) -> Span {
    let from = if span.from == Span::ALL.from { span.from } else { ceiling(interval, span.from) };
    let to = if span.to == Span::ALL.to { span.to } else { interval.start(span.to) };
    Span { from, to }
}

fn ceiling(interval: Interval, at: Time) -> Time {
    let start = interval.start(at);
    if start == at { at } else { interval.next(start) }
}

/// The error that names what there is.
pub(crate) fn unknown(manifest: &Manifest, id: InstrumentId, kind: Kind) -> Error {
    let kinds: Vec<String> = manifest.kinds().into_iter().map(Kind::words).collect();
    let known = if kinds.is_empty() { String::new() } else { format!(", only {}", kinds.join(", ")) };
    Error::Unknown { what: kind.words(), id, known }
}

/// Names in a folder; none if it is not there.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(Error::io(folder)(error)),
    };
    let names: Result<Vec<_>, _> = entries.map(|e| e.map(|e| e.file_name())).collect();
    let names = names.map_err(Error::io(folder))?;
    Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
}

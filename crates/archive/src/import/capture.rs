//! Importing a recorded stream: trades and book events, stamped with the time they were received.

use std::collections::BTreeMap;

use types::Time;

use super::listing::{Needs, Step, refine, resolve};
use super::{Extent, Imported, Meter, Progress, Report, Request};
use crate::Error;
use crate::archive::Archive;
use crate::change::{Change, SeriesWriter};
use crate::manifest::Layout;
use crate::number::POWERS;
use crate::series::Kind;
use crate::source::capture::{Capture, Message, News};
use crate::source::{Lines, Source};
use crate::table::book::{BookNews, BookRow};
use crate::table::prints::PrintRow;

const FORMAT: &str = "recorded Binance streams";

pub(super) fn import(
    archive: &Archive,
    request: &Request,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, Error> {
    // Binance writes eight decimals of everything, which is what no survey at all comes to.
    let mut change = Change::begin(archive.root(), request.id, |old| {
        resolve(request.id, old, &request.given, &Needs::default())
    })?;
    let listing = change.listing().clone();
    let fresh_lot = listing.lot == 1 && !listing.lot_given && archive.manifest(request.id)?.is_none();
    let largest_lot = POWERS[usize::from(listing.scales.base)];
    let mut sink = Sink {
        trades: change.writer(Kind::Trades, Layout::Full, request.replace)?,
        books: change.writer(Kind::Book, Layout::Full, request.replace)?,
        extents: [Extent::default(); 2],
        now: Time(i64::MIN),
        restamped: 0,
        tick: Step::new(listing.tick),
        lot: Step::new(if fresh_lot { largest_lot } else { listing.lot }),
    };
    let mut capture = Capture::new(listing.scales, Some(request.id.symbol.to_string()));
    let source = Source::open(&request.file)?;
    let (seen, name) = (std::rc::Rc::clone(&source.seen), source.name.clone());
    let mut meter = Meter::new(&source, "importing", progress);
    let (mut lines, mut skipped, mut foreign) = (Lines::new(source.text), BTreeMap::new(), BTreeMap::new());
    while let Some((line, text)) = lines.next()? {
        match capture.read(text).map_err(|what| Error::line(line, what))? {
            Message::News(at, news) => sink.push(line, at, news)?,
            Message::Foreign(symbol) => *foreign.entry(symbol).or_insert(0_u64) += 1,
            Message::Skipped(kind) => *skipped.entry(kind).or_insert(0_u64) += 1,
        }
        meter.row();
    }
    meter.tell();
    let Sink { trades, books, extents, restamped, tick, lot, .. } = sink;
    let crc32c = seen.crc32c();
    let (counts_of_trades, counts_of_books) = (trades.rows(), books.rows());
    let mut series = Vec::new();
    if let Some((first, last, origin)) = extents[0].origin(&name, FORMAT, crc32c, counts_of_trades) {
        let counts = change.accept(trades, origin)?;
        series.push(Imported { kind: Kind::Trades, counts, first, last });
    }
    if let Some((first, last, origin)) = extents[1].origin(&name, FORMAT, crc32c, counts_of_books) {
        let counts = change.accept(books, origin)?;
        series.push(Imported { kind: Kind::Book, counts, first, last });
    }
    if series.is_empty() {
        let others: Vec<String> = foreign.into_keys().collect();
        let there = if others.is_empty() { "nothing that is stored".into() } else { others.join(", ") };
        return Err(Error::Input(format!("the recording has no {}, only {there}", request.id.symbol)));
    }
    refine(change.listing(), tick, lot);
    let listing = change.listing().clone();
    change.commit()?;
    skipped.extend(foreign);
    Ok(Report {
        id: request.id,
        listing,
        format: FORMAT.to_owned(),
        series,
        repeated: 0,
        noisy: 0,
        restamped,
        skipped: skipped.into_iter().collect(),
    })
}

struct Sink {
    trades: SeriesWriter<PrintRow>,
    books: SeriesWriter<BookRow>,
    extents: [Extent; 2],
    now: Time,
    restamped: u64,
    tick: Step,
    lot: Step,
}

impl Sink {
    fn push(&mut self, line: u64, at: Time, news: News) -> Result<(), Error> {
        // The recorder's clock may have been set back; the order in which messages came is what counts.
        if at < self.now {
            self.restamped += 1;
        }
        let at = at.max(self.now);
        self.now = at;
        match news {
            News::Print(print) => {
                self.tick.see(print.price.0);
                self.lot.see(print.qty.0);
                self.extents[0].take(at);
                self.trades.push(PrintRow { at, seq: line, print })
            }
            News::Book(news) => {
                self.steps(&news);
                self.extents[1].take(at);
                self.books.push(BookRow { at, seq: line, news })
            }
        }
    }

    fn steps(&mut self, news: &BookNews) {
        // Levels say nothing about the lot: they may hold orders from before a lot became coarser.
        for (price, _) in news.bids().iter().chain(news.asks()) {
            self.tick.see(price.0);
        }
    }
}

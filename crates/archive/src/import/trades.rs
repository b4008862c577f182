//! Importing trades of a venue's archive: in order of time and id, the time they happened as the time they came in.

use types::{Print, TradeId};

use super::listing::{Needs, Step, refine, resolve};
use super::{Extent, Imported, Meter, Progress, Report, Request, each_in_order, nothing, order};
use crate::Error;
use crate::archive::Archive;
use crate::change::{Change, SeriesWriter};
use crate::manifest::Layout;
use crate::number::POWERS;
use crate::series::Kind;
use crate::source::Source;
use crate::source::columns::{Dialect, TradeColumns};
use crate::source::csv::{Rows, each_row};
use crate::table::prints::PrintRow;

pub(super) fn import(
    archive: &Archive,
    request: &Request,
    dialect: &Dialect,
    columns: &TradeColumns,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, Error> {
    let needs = look(archive, request, dialect, columns, progress)?;
    let mut change =
        Change::begin(archive.root(), request.id, |old| resolve(request.id, old, &request.given, &needs))?;
    let listing = change.listing().clone();
    let fresh_lot = listing.lot == 1 && !listing.lot_given && archive.manifest(request.id)?.is_none();
    let largest_lot = POWERS[usize::from(listing.scales.base)];
    let mut sink = Sink {
        writer: change.writer::<PrintRow>(Kind::Trades, Layout::Full, request.replace)?,
        extent: Extent::default(),
        last: None,
        repeated: 0,
        tick: Step::new(listing.tick),
        lot: Step::new(if fresh_lot { largest_lot } else { listing.lot }),
    };
    let source = Source::open(&request.file)?;
    let (seen, name) = (std::rc::Rc::clone(&source.seen), source.name.clone());
    let mut rows = Rows::new(listing.scales);
    let mut meter = Meter::new(&source, "importing", progress);
    each_in_order(
        source,
        (dialect, request.sort),
        &mut meter,
        |fields| rows.print(fields, columns),
        |print| (print.at, print.id),
        |line, print| sink.push(line, print),
    )?;
    let Sink { writer, extent, repeated, tick, lot, .. } = sink;
    let count = writer.rows();
    let (first, last, origin) =
        extent.origin(&name, dialect.name, seen.crc32c(), count).ok_or_else(|| nothing(&request.file))?;
    let counts = change.accept(writer, origin)?;
    refine(change.listing(), tick, lot);
    let listing = change.listing().clone();
    change.commit()?;
    Ok(Report {
        id: request.id,
        listing,
        format: dialect.name.to_owned(),
        series: vec![Imported { kind: Kind::Trades, counts, first, last }],
        repeated,
        noisy: rows.noisy,
        restamped: 0,
        skipped: Vec::new(),
    })
}

struct Sink {
    writer: SeriesWriter<PrintRow>,
    extent: Extent,
    last: Option<Print>,
    repeated: u64,
    tick: Step,
    lot: Step,
}

impl Sink {
    fn push(&mut self, line: u64, print: Print) -> Result<(), Error> {
        match &self.last {
            Some(last) if *last == print => {
                self.repeated += 1;
                return Ok(());
            }
            Some(last) if last.at > print.at => return Err(Error::line(line, order(last.at, print.at))),
            Some(last) if last.id >= print.id => {
                let (TradeId(last), TradeId(id)) = (last.id, print.id);
                return Err(Error::line(line, format!("trade {id} comes after trade {last}: ids must rise")));
            }
            _ => {}
        }
        self.tick.see(print.price.0);
        self.lot.see(print.qty.0);
        self.extent.take(print.at);
        self.last = Some(print);
        // Trades of one instant keep the order of their ids.
        self.writer.push(PrintRow { at: print.at, seq: print.id.0, print })
    }
}

/// Looks at all numbers, if the instrument is new and nobody gave its scales.
fn look(
    archive: &Archive,
    request: &Request,
    dialect: &Dialect,
    columns: &TradeColumns,
    progress: &mut dyn FnMut(Progress),
) -> Result<Needs, Error> {
    let mut needs = Needs::default();
    let given = request.given.price_scale.is_some() && request.given.base_scale.is_some();
    if given || archive.manifest(request.id)?.is_some() {
        return Ok(needs);
    }
    let source = Source::open(&request.file)?;
    let mut meter = Meter::new(&source, "looking at the numbers", progress);
    each_row(source.text, dialect, |_, fields| {
        needs.prices.see(fields.get(columns.price).copied().unwrap_or_default());
        needs.quantities.see(fields.get(columns.qty).copied().unwrap_or_default());
        meter.row();
        Ok(())
    })?;
    Ok(needs)
}

//! Importing bars: OHLCV files and klines.

use types::{Bar, Interval, Time};

use super::listing::{Needs, Step, resolve};
use super::{Extent, Imported, Meter, Progress, Report, Request, each_in_order, nothing, order};
use crate::Error;
use crate::archive::Archive;
use crate::change::{Change, SeriesWriter};
use crate::manifest::Layout;
use crate::series::Kind;
use crate::source::Source;
use crate::source::columns::{BarColumns, Dialect};
use crate::source::csv::{Rows, each_row, time};
use crate::stamp::iso;

pub(super) fn import(
    archive: &Archive,
    request: &Request,
    dialect: &Dialect,
    columns: &BarColumns,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, Error> {
    let looked = look(archive, request, dialect, columns, progress)?;
    let interval = looked.interval;
    let mut change = Change::begin(archive.root(), request.id, |old| {
        resolve(request.id, old, &request.given, &looked.needs)
    })?;
    let layout = if columns.quote.is_some() { Layout::Full } else { Layout::Short };
    let kind = Kind::Bars(interval);
    let listing = change.listing().clone();
    let mut sink = Sink {
        writer: change.writer::<Bar>(kind, layout, request.replace)?,
        extent: Extent::default(),
        last: None,
        repeated: 0,
        tick: Step::new(listing.tick),
    };
    let source = Source::open(&request.file)?;
    let (seen, name) = (std::rc::Rc::clone(&source.seen), source.name.clone());
    let mut rows = Rows::new(listing.scales);
    let mut meter = Meter::new(&source, "importing", progress);
    each_in_order(
        source,
        (dialect, request.sort),
        &mut meter,
        |fields| rows.bar(fields, columns, interval, request.stamp),
        |bar| bar.open_time,
        |line, bar| sink.push(line, bar),
    )?;
    let Sink { writer, extent, repeated, tick, .. } = sink;
    let rows_written = writer.rows();
    let (first, last, origin) = extent
        .origin(&name, dialect.name, seen.crc32c(), rows_written)
        .ok_or_else(|| nothing(&request.file))?;
    let counts = change.accept(writer, origin)?;
    if !listing.tick_given {
        change.listing().tick = tick.get();
    }
    let listing = change.listing().clone();
    change.commit()?;
    Ok(Report {
        id: request.id,
        listing,
        format: dialect.name.to_owned(),
        series: vec![Imported { kind, counts, first, last }],
        repeated,
        noisy: rows.noisy,
        restamped: 0,
        skipped: Vec::new(),
    })
}

/// Takes bars in order.
struct Sink {
    writer: SeriesWriter<Bar>,
    extent: Extent,
    last: Option<Bar>,
    repeated: u64,
    tick: Step,
}

impl Sink {
    fn push(&mut self, line: u64, bar: Bar) -> Result<(), Error> {
        match &self.last {
            Some(last) if *last == bar => {
                self.repeated += 1;
                return Ok(());
            }
            Some(last) if last.open_time == bar.open_time => {
                return Err(Error::line(line, format!("a second, other bar of {}", iso(bar.open_time))));
            }
            Some(last) if last.open_time > bar.open_time => {
                return Err(Error::line(line, order(last.open_time, bar.open_time)));
            }
            _ => {}
        }
        for price in [bar.open, bar.high, bar.low, bar.close] {
            self.tick.see(price.0);
        }
        self.extent.take(bar.open_time);
        self.last = Some(bar);
        self.writer.push(bar)
    }
}

/// What was found by looking at the file before it is imported.
struct Looked {
    interval: Interval,
    needs: Needs,
}

/// Rows that are looked at for the length of the bars.
const DISTANCES_MAX: u64 = 1_000;

/// Looks at all rows for the scales of a new instrument, or at the first ones for the length of the bars.
fn look(
    archive: &Archive,
    request: &Request,
    dialect: &Dialect,
    columns: &BarColumns,
    progress: &mut dyn FnMut(Progress),
) -> Result<Looked, Error> {
    let is_new = archive.manifest(request.id)?.is_none();
    let scales_open = request.given.price_scale.is_none() || request.given.base_scale.is_none();
    let all = is_new && scales_open;
    let source = Source::open(&request.file)?;
    let mut meter = Meter::new(&source, "looking at the numbers", progress);
    let (mut needs, mut length) = (Needs::default(), Length::default());
    let mut enough = false;
    let done = each_row(source.text, dialect, |line, fields| {
        if meter.rows < DISTANCES_MAX {
            length.see(fields, columns).map_err(|what| Error::line(line, what))?;
        }
        if all {
            for at in [columns.open, columns.high, columns.low, columns.close] {
                needs.prices.see(fields.get(at).copied().unwrap_or_default());
            }
            for at in [columns.volume, columns.taker_base].into_iter().flatten() {
                needs.quantities.see(fields.get(at).copied().unwrap_or_default());
            }
        }
        meter.row();
        enough = !all && meter.rows >= DISTANCES_MAX;
        // The only way out of the loop is an error; this one is taken back below.
        if enough { Err(Error::Busy) } else { Ok(()) }
    });
    match done {
        Err(Error::Busy) if enough => {}
        other => other?,
    }
    Ok(Looked { interval: length.interval(request.interval)?, needs })
}

/// Finds the length of the bars.
#[derive(Default)]
struct Length {
    last: Option<Time>,
    /// Smallest distance of two rows.
    distance: Option<i64>,
    /// From the start to the end of a bar, as a kline says it.
    told: Option<i64>,
}

impl Length {
    fn see(&mut self, fields: &[&str], columns: &BarColumns) -> Result<(), String> {
        let at = time(fields, columns.time)?;
        if let Some(last) = self.last.replace(at) {
            let distance = at.since(last).abs();
            if distance > 0 && self.distance.is_none_or(|least| distance < least) {
                self.distance = Some(distance);
            }
        }
        if let Some(close) = columns.close_time {
            let span = time(fields, close)?.since(at);
            // The end is the last unit of time that belongs to the bar: a millisecond or a microsecond short.
            let millis = span.saturating_add(1_000_000) / 1_000_000 * 1_000_000;
            self.told.get_or_insert(millis);
        }
        Ok(())
    }

    fn interval(&self, wish: Option<Interval>) -> Result<Interval, Error> {
        const SECOND_NS: i64 = 1_000_000_000;
        let by_length = |ns: i64| {
            Interval::ALL.into_iter().find(|i| i.seconds() != 0 && i.seconds() * SECOND_NS == ns).or_else(
                || {
                    let days = ns / (86_400 * SECOND_NS);
                    (28..=31).contains(&days).then_some(Interval::Month)
                },
            )
        };
        let told = self.told.and_then(by_length);
        match (wish, told) {
            (Some(wish), Some(told)) if wish != told => Err(Error::Request(format!(
                "the file's rows say they are {} bars, and {} was asked for",
                told.as_str(),
                wish.as_str()
            ))),
            (Some(wish), _) => Ok(wish),
            (None, Some(told)) => Ok(told),
            (None, None) => self.distance.and_then(by_length).ok_or_else(|| {
                Error::Request("the length of the bars cannot be told from the file; give --interval".into())
            }),
        }
    }
}

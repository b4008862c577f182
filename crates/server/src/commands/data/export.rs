//! `tradewind data export`: a series as CSV, in the form that `tradewind data import` reads.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use archive::{Archive, Error, Scales, iso};
use serde_json::json;
use types::decimal::{format, format_short};
use types::{Bar, InstrumentId, MarketEvent, MarketId, MarketNews, Stamped};

use super::{failure, interval, span};
use crate::cli::data::Export;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note};

pub(super) fn run(archive: &Archive, options: &Export) -> Result<(), Failure> {
    let id = archive.find(&options.symbol).map_err(failure("nothing was exported"))?;
    if options.output.json && options.out.is_none() {
        return Err(Failure::new(Exit::Usage, "standard output cannot hold CSV and JSON")
            .advise("give --out FILE for the CSV"));
    }
    let rows = match &options.out {
        None => write(archive, id, options, &mut BufWriter::new(io::stdout().lock())),
        Some(path) => {
            let file = File::create(path).map_err(|error| {
                Failure::new(Exit::Failed, format!("{} cannot be written", path.display())).because(error)
            })?;
            write(archive, id, options, &mut BufWriter::new(file))
        }
    }?;
    if options.output.json {
        answer(json!({ "v": 1, "instrument": id.to_string(), "rows": rows }));
    } else {
        note(match rows {
            Some(rows) => std::format!("{rows} rows"),
            None => "the reader has closed its end".to_owned(),
        });
    }
    Ok(())
}

/// Why an export ended early.
enum Broken {
    Archive(Error),
    Output(io::Error),
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Archive(error)
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// The number of rows; `None` if nobody reads any more.
fn write(
    archive: &Archive,
    id: InstrumentId,
    options: &Export,
    out: &mut dyn Write,
) -> Result<Option<u64>, Failure> {
    let span = span(&options.range)?;
    let interval = options.interval.as_deref().map(interval).transpose()?;
    let mut work = || -> Result<u64, Broken> {
        let scales = archive.listing(id)?.scales;
        let mut rows = 0;
        match interval {
            Some(interval) => {
                let bars = archive.bars(id, interval, span)?;
                writeln!(out, "open_time,open,high,low,close,volume,quote_volume,count")?;
                for bar in bars {
                    bar_row(out, &bar?, scales)?;
                    rows += 1;
                }
            }
            None => {
                let head = if options.trades {
                    "id,price,qty,quote_qty,time,is_buyer_maker,received"
                } else {
                    "received,event,first_update,last_update,side,price,qty"
                };
                writeln!(out, "{head}")?;
                for event in archive.events(id, MarketId(0), span)? {
                    rows += event_rows(out, &event?, scales, options.trades)?;
                }
            }
        }
        out.flush()?;
        Ok(rows)
    };
    match work() {
        Ok(rows) => Ok(Some(rows)),
        // Nobody reads any more (`| head`): that is the reader's decision.
        Err(Broken::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
        Err(Broken::Output(error)) => {
            Err(Failure::new(Exit::Failed, "the CSV cannot be written").because(error))
        }
        Err(Broken::Archive(error)) => Err(failure("the export ended early")(error)),
    }
}

fn bar_row(out: &mut dyn Write, bar: &Bar, scales: Scales) -> io::Result<()> {
    let price = |price: types::Price| format_short(i128::from(price.0), scales.price);
    writeln!(
        out,
        "{},{},{},{},{},{},{},{}",
        iso(bar.open_time),
        price(bar.open),
        price(bar.high),
        price(bar.low),
        price(bar.close),
        format_short(bar.volume.0, scales.base),
        format_short(bar.quote.0, scales.quote),
        bar.count
    )
}

/// Lines of one event; a trade has one, a book event one per level.
fn event_rows(
    out: &mut dyn Write,
    event: &Stamped<MarketEvent>,
    scales: Scales,
    trades: bool,
) -> io::Result<u64> {
    let (price, qty) = (
        |p: types::Price| format(i128::from(p.0), scales.price),
        |q: types::Qty| format(i128::from(q.0), scales.base),
    );
    let at = event.at.0;
    let (name, first, last, bids, asks) = match &event.input.data {
        MarketNews::Print(print) if trades => {
            let quote = format_short(print.quote.0, scales.quote);
            let (price, qty) = (price(print.price), qty(print.qty));
            let (id, time, maker) = (print.id, print.at.0, print.buyer_is_maker);
            writeln!(out, "{id},{price},{qty},{quote},{time},{maker},{at}")?;
            return Ok(1);
        }
        MarketNews::Snapshot(s) if !trades => {
            ("snapshot", s.last, s.last, s.bids.as_slice(), s.asks.as_slice())
        }
        MarketNews::Diff(d) if !trades => ("diff", d.first, d.last, d.bids.as_slice(), d.asks.as_slice()),
        MarketNews::Best { update, bid, ask } if !trades => {
            ("best", *update, *update, std::slice::from_ref(bid), std::slice::from_ref(ask))
        }
        _ => return Ok(0),
    };
    let mut rows = 0;
    for (side, levels) in [("bid", bids), ("ask", asks)] {
        for (p, q) in levels {
            writeln!(out, "{at},{name},{first},{last},{side},{},{}", price(*p), qty(*q))?;
            rows += 1;
        }
    }
    Ok(rows)
}

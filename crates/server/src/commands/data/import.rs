//! `tradewind data import`.

use archive::{Archive, Contract, Counts, Given, Imported, Kind, Report, Request, Stamp, iso};
use serde_json::{Value, json};
use types::decimal::format_short;
use types::{InstrumentId, VenueName};

use super::progress::Meter;
use super::{failure, interval};
use crate::cli::data::{BarStamp, ContractKind, Import};
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note};

pub(super) fn run(archive: &Archive, options: &Import) -> Result<(), Failure> {
    let request = request(options)?;
    let mut meter = Meter::new();
    let report = archive::import(archive, &request, &mut |progress| meter.show(progress))
        .map_err(failure(format!("{} was not imported", options.file.display())))?;
    drop(meter);
    if report.noisy > 0 {
        note(format!(
            "note: {} numbers were prints of binary floats, like 0.30000000000000004, and read as the decimals they stand for",
            report.noisy
        ));
    }
    if report.restamped > 0 {
        note(format!(
            "note: the recorder's clock went back; {} messages are stamped like the one before",
            report.restamped
        ));
    }
    if options.output.json {
        answer(to_json(&report));
    } else {
        answer(to_text(&report));
    }
    Ok(())
}

fn request(options: &Import) -> Result<Request, Failure> {
    let wrong = |what: &str, text: &str, why: types::TextError| {
        Failure::new(Exit::Usage, format!("the {what} \"{text}\" cannot be used"))
            .because(format!("it {why}"))
            .advise("symbols are upper-case letters, digits, - and _; venues lower-case letters and digits")
    };
    let venue = VenueName::new(&options.venue).map_err(|why| wrong("venue", &options.venue, why))?;
    let id =
        InstrumentId::parse(&options.symbol, venue).map_err(|why| wrong("symbol", &options.symbol, why))?;
    Ok(Request {
        file: options.file.clone(),
        id,
        interval: options.interval.as_deref().map(interval).transpose()?,
        stamp: match options.stamp {
            BarStamp::Open => Stamp::Open,
            BarStamp::Close => Stamp::Close,
        },
        replace: options.replace,
        sort: options.sort,
        given: Given {
            price_scale: options.price_scale,
            base_scale: options.qty_scale,
            tick: options.tick.clone(),
            lot: options.lot.clone(),
            contract: options.kind.map(|kind| match kind {
                ContractKind::Spot => Contract::Spot,
                ContractKind::Perp => Contract::perpetual(),
            }),
            base: options.base.clone(),
            quote: options.quote.clone(),
        },
    })
}

fn to_text(report: &Report) -> String {
    let mut lines: Vec<String> = report.series.iter().map(|series| line(report, series)).collect();
    if report.repeated > 0 {
        lines.push(format!("{} rows stood twice in the file, alike", report.repeated));
    }
    if !report.skipped.is_empty() {
        let kinds: Vec<String> = report.skipped.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        lines.push(format!("not stored: {}", kinds.join(", ")));
    }
    lines.join("\n")
}

fn line(report: &Report, series: &Imported) -> String {
    format!(
        "{}: {} {} from {}, {} to {}: {}",
        report.id,
        series.counts.rows,
        series.kind.words(),
        report.format,
        iso(series.first),
        iso(series.last),
        changes(series.counts)
    )
}

/// `178 added, 2 already there`.
pub(super) fn changes(counts: Counts) -> String {
    let mut parts = vec![format!("{} added", counts.added)];
    for (n, word) in
        [(counts.known, "already there"), (counts.replaced, "replaced"), (counts.removed, "removed")]
    {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    parts.join(", ")
}

fn to_json(report: &Report) -> Value {
    let series: Vec<Value> = report
        .series
        .iter()
        .map(|series| {
            let counts = series.counts;
            json!({
                "series": series.kind.name(),
                "rows": counts.rows,
                "added": counts.added,
                "known": counts.known,
                "replaced": counts.replaced,
                "removed": counts.removed,
                "first": iso(series.first),
                "last": iso(series.last),
            })
        })
        .collect();
    let skipped: serde_json::Map<String, Value> =
        report.skipped.iter().map(|(kind, n)| (kind.clone(), (*n).into())).collect();
    json!({
        "v": 1,
        "instrument": report.id.to_string(),
        "listing": listing(&report.listing),
        "format": report.format,
        "series": series,
        "repeated": report.repeated,
        "float_prints": report.noisy,
        "restamped": report.restamped,
        "skipped": skipped,
    })
}

/// An instrument's permanent scales and its rules.
pub(super) fn listing(listing: &archive::Listing) -> Value {
    let kind = match listing.contract {
        Contract::Spot => json!({ "kind": "spot" }),
        Contract::LinearPerp { initial_margin, maintenance_margin } => json!({
            "kind": "linear_perp",
            "initial_margin_bps": initial_margin,
            "maintenance_margin_bps": maintenance_margin,
        }),
    };
    json!({
        "contract": kind,
        "base": listing.base,
        "quote": listing.quote,
        "price_scale": listing.scales.price,
        "qty_scale": listing.scales.base,
        "quote_scale": listing.scales.quote,
        "tick": format_short(i128::from(listing.tick), listing.scales.price),
        "lot": format_short(i128::from(listing.lot), listing.scales.base),
    })
}

/// `1m`, `trades`, `book`.
pub(super) fn what(kind: Kind) -> String {
    match kind {
        Kind::Bars(interval) => interval.as_str().to_owned(),
        other => other.name(),
    }
}

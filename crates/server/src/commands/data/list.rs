//! `tradewind data list`.

use archive::{Archive, Summary, iso};
use serde_json::{Value, json};
use types::decimal::format_short;

use super::failure;
use super::import::{listing, what};
use crate::cli::Output;
use crate::failure::Failure;
use crate::terminal::{answer, note, table};

pub(super) fn run(archive: &Archive, output: Output) -> Result<(), Failure> {
    let list = archive.list().map_err(failure("the archive cannot be listed"))?;
    if output.json {
        let series: Vec<Value> = list.iter().map(to_json).collect();
        answer(json!({ "v": 1, "archive": archive.root().display().to_string(), "series": series }));
        return Ok(());
    }
    if list.is_empty() {
        note("the archive is empty; `tradewind data import FILE --symbol SYMBOL` brings something in");
        return Ok(());
    }
    let head = ["instrument", "series", "rows", "first", "last", "size", "tick", "source"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(list.iter().map(row));
    answer(table(&rows));
    Ok(())
}

fn row(summary: &Summary) -> Vec<String> {
    let scales = summary.listing.scales;
    let source = match summary.origins.as_slice() {
        [] => String::new(),
        [only] => only.source.clone(),
        [.., last] => format!("{} and {} more", last.source, summary.origins.len() - 1),
    };
    vec![
        summary.id.to_string(),
        what(summary.kind),
        summary.rows.to_string(),
        iso(summary.first),
        iso(summary.last),
        size(summary.bytes),
        format_short(i128::from(summary.listing.tick), scales.price),
        source,
    ]
}

/// Bytes in the largest unit that keeps a whole number.
fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut tenths = bytes.saturating_mul(10);
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1_024;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{}.{} {}", tenths / 10, tenths % 10, units[unit]) }
}

fn to_json(summary: &Summary) -> Value {
    let origins: Vec<Value> = summary
        .origins
        .iter()
        .map(|origin| {
            json!({
                "source": origin.source,
                "format": origin.format,
                "crc32c": format!("{:08x}", origin.crc32c),
                "rows": origin.rows,
                "first": iso(types::Time(origin.first)),
                "last": iso(types::Time(origin.last)),
            })
        })
        .collect();
    json!({
        "instrument": summary.id.to_string(),
        "series": summary.kind.name(),
        "rows": summary.rows,
        "first": iso(summary.first),
        "last": iso(summary.last),
        "bytes": summary.bytes,
        "files": summary.files,
        "listing": listing(&summary.listing),
        "origins": origins,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            [0, 1_023, 1_024, 1_536, 5 << 30].map(size),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "5.0 GiB"]
        );
    }
}

//! `tradewind data resample`.

use archive::Archive;
use serde_json::json;

use super::import::changes;
use super::{failure, interval};
use crate::cli::data::Resample;
use crate::failure::Failure;
use crate::terminal::answer;

pub(super) fn run(archive: &Archive, options: &Resample) -> Result<(), Failure> {
    let failed = || failure("nothing was resampled");
    let id = archive.find(&options.symbol).map_err(failed())?;
    let interval = interval(&options.interval)?;
    let done = archive.resample(id, interval, options.replace).map_err(failed())?;
    let counts = done.counts;
    if options.output.json {
        answer(json!({
            "v": 1,
            "instrument": id.to_string(),
            "series": archive::Kind::Bars(interval).name(),
            "from": done.from.name(),
            "rows": counts.rows,
            "added": counts.added,
            "known": counts.known,
            "replaced": counts.replaced,
            "removed": counts.removed,
        }));
    } else {
        let (length, from) = (interval.as_str(), done.from.words());
        answer(format!("{id}: {} {length} bars from {from}: {}", counts.rows, changes(counts)));
    }
    Ok(())
}

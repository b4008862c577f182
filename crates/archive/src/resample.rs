//! Stores bars that are made of shorter ones or of trades, so that they need not be folded at every reading.

use types::{Bar, InstrumentId, Interval};

use crate::Error;
use crate::archive::{Archive, unknown};
use crate::change::{Change, Counts};
use crate::manifest::{Layout, Origin};
use crate::series::{Kind, Span};

/// What a resampling has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampled {
    /// What the bars were made of.
    pub from: Kind,
    /// What became of them.
    pub counts: Counts,
}

impl Archive {
    /// Makes bars of length `interval` from the longest shorter ones that fit, or from trades, and stores them: the fold of
    /// their parts, closed bars only. Doing it again adds what has come since; bars that differ are a conflict, or replaced.
    ///
    /// # Errors
    /// When there is nothing to make them of, or stored bars differ; then nothing was changed.
    pub fn resample(&self, id: InstrumentId, interval: Interval, replace: bool) -> Result<Resampled, Error> {
        let manifest = self.known(id)?;
        let shorter = Interval::ALL.into_iter().rev().filter(|p| *p != interval && interval.is_made_of(*p));
        let mut sources = shorter.map(Kind::Bars).chain([Kind::Trades]);
        let Some(from) = sources.find(|kind| manifest.series(*kind).is_some()) else {
            return Err(unknown(&manifest, id, Kind::Bars(interval)));
        };
        let kind = Kind::Bars(interval);
        let mut change =
            Change::begin(self.root(), id, |old| old.cloned().ok_or_else(|| unknown(&manifest, id, kind)))?;
        let layout = if from == Kind::Trades { Layout::Full } else { Layout::Short };
        let (mut writer, mut extent) = (None, None);
        for bar in self.bars_of(&manifest, id, from, interval, Span::ALL) {
            let bar = bar?;
            if writer.is_none() {
                // The columns of the first bar are those of all: they come from one series.
                let layout =
                    if crate::table::Row::layout(&bar) == Layout::Full { Layout::Full } else { layout };
                writer = Some(change.writer::<Bar>(kind, layout, replace)?);
            }
            let (_, last) = extent.get_or_insert((bar.open_time, bar.open_time));
            *last = bar.open_time;
            if let Some(writer) = &mut writer {
                writer.push(bar)?;
            }
        }
        let (Some(writer), Some((first, last))) = (writer, extent) else {
            return Err(Error::Input(format!(
                "the {} of {id} do not fill one {} bar",
                from.words(),
                interval.as_str()
            )));
        };
        let origin = Origin {
            source: from.name(),
            format: "resampled".into(),
            crc32c: 0,
            rows: writer.rows(),
            first: first.0,
            last: last.0,
        };
        let counts = change.accept(writer, origin)?;
        change.commit()?;
        Ok(Resampled { from, counts })
    }
}

//! A change of the archive: all of it or nothing.
//!
//! New files get names that were never used (they hold the generation), are written and synced, and only then does the
//! manifest name them. Until that rename a crash, a kill or an error leaves the archive as it was; what lies about is swept
//! away by the next change. Files that a change replaced also stay until then, so a reader that began before goes on.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use types::{InstrumentId, Time};

use crate::Error;
use crate::file::{Cursor, Writer};
use crate::limits::IMPORTS_KEPT_MAX;
use crate::manifest::{Entry, Layout, Listing, Manifest, Origin, Scales, folder, sync_folder};
use crate::series::{Kind, Part, Span};
use crate::stamp::iso;
use crate::table::Row;

/// Holds the archive's lock while it lives.
pub(crate) struct Change {
    _lock: File,
    folder: PathBuf,
    manifest: Manifest,
    done: bool,
}

impl Change {
    /// Begins: takes the lock, sweeps, and asks `listing` what the instrument is, given what it was.
    pub(crate) fn begin(
        root: &Path,
        id: InstrumentId,
        listing: impl FnOnce(Option<&Listing>) -> Result<Listing, Error>,
    ) -> Result<Self, Error> {
        let folder = folder(root, id);
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let path = root.join("lock");
        let lock = File::options().create(true).append(true).open(&path).map_err(Error::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy),
            Err(TryLockError::Error(error)) => return Err(Error::io(&path)(error)),
        }
        let old = Manifest::load(&folder)?;
        let listing = listing(old.as_ref().map(|m| &m.listing))?;
        let mut manifest = old.unwrap_or_else(|| Manifest {
            instrument: id.to_string(),
            listing: listing.clone(),
            generation: 0,
            series: std::collections::BTreeMap::new(),
        });
        sweep(&folder, &manifest)?;
        manifest.listing = listing;
        manifest.generation += 1;
        Ok(Self { _lock: lock, folder, manifest, done: false })
    }

    /// What the instrument will be; the caller may make tick and lot finer.
    pub(crate) fn listing(&mut self) -> &mut Listing {
        &mut self.manifest.listing
    }

    /// A writer of rows of one series.
    pub(crate) fn writer<R: Row>(
        &self,
        kind: Kind,
        layout: Layout,
        replace: bool,
    ) -> Result<SeriesWriter<R>, Error> {
        let path = self.folder.join(kind.name());
        fs::create_dir_all(&path).map_err(Error::io(&path))?;
        Ok(SeriesWriter {
            folder: self.folder.clone(),
            kind,
            layout,
            replace,
            scales: self.manifest.listing.scales,
            generation: self.manifest.generation,
            old: self.manifest.series(kind).map(|s| s.files.clone()).unwrap_or_default(),
            new: Vec::new(),
            current: None,
            first: None,
            last: None,
            counts: Counts::default(),
        })
    }

    /// Takes in what a writer has written.
    pub(crate) fn accept<R: Row>(
        &mut self,
        writer: SeriesWriter<R>,
        origin: Origin,
    ) -> Result<Counts, Error> {
        let (kind, (files, counts)) = (writer.kind, writer.finish()?);
        let mut series = self.manifest.series(kind).cloned().unwrap_or_default();
        series.files = files;
        if counts.added + counts.replaced + counts.removed > 0 && !series.origins.contains(&origin) {
            series.origins.push(origin);
            let surplus = series.origins.len().saturating_sub(IMPORTS_KEPT_MAX);
            series.origins.drain(..surplus);
        }
        if series.files.is_empty() {
            self.manifest.series.remove(&kind.name());
        } else {
            self.manifest.series.insert(kind.name(), series);
        }
        Ok(counts)
    }

    /// Makes it real.
    pub(crate) fn commit(mut self) -> Result<(), Error> {
        for kind in self.manifest.kinds() {
            sync_folder(&self.folder.join(kind.name()))?;
        }
        sync_folder(&self.folder)?;
        self.manifest.store(&self.folder)?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // Nothing names the new files. What cannot be removed now is swept by the next change.
        let suffix = suffix(self.manifest.generation);
        for path in files(&self.folder).unwrap_or_default() {
            if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&suffix)) {
                let _ = fs::remove_file(&path);
            }
        }
        if matches!(Manifest::load(&self.folder), Ok(None)) {
            remove_empty(&self.folder);
        }
    }
}

fn suffix(generation: u64) -> String {
    format!(".{generation}.arrow")
}

/// Files in the folders of the series.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for series in fs::read_dir(folder)? {
        let series = series?.path();
        if series.is_dir() {
            for file in fs::read_dir(&series)? {
                found.push(file?.path());
            }
        }
    }
    Ok(found)
}

/// Removes what no manifest names: left by a crash, or replaced by the change before.
fn sweep(folder: &Path, manifest: &Manifest) -> Result<(), Error> {
    let mut named = std::collections::BTreeSet::new();
    for (series, content) in &manifest.series {
        named.extend(content.files.iter().map(|f| folder.join(series).join(&f.name)));
    }
    for path in files(folder).map_err(Error::io(folder))? {
        if path.extension().is_some_and(|e| e == "arrow") && !named.contains(&path) {
            fs::remove_file(&path).map_err(Error::io(&path))?;
        }
    }
    Ok(())
}

/// Removes the folders of an instrument that never came to be; what is not empty stays.
fn remove_empty(folder: &Path) {
    for series in fs::read_dir(folder).into_iter().flatten().flatten() {
        let _ = fs::remove_dir(series.path());
    }
    let _ = fs::remove_dir(folder);
    if let Some(venue) = folder.parent() {
        let _ = fs::remove_dir(venue);
    }
}

/// What became of a series' rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of the file.
    pub rows: u64,
    /// Rows that were not there.
    pub added: u64,
    /// Rows that were there already.
    pub known: u64,
    /// Rows that took the place of others.
    pub replaced: u64,
    /// Rows that are gone, because the file that replaced their span has none there.
    pub removed: u64,
}

/// Rows in order of time into the files of a series.
pub(crate) struct SeriesWriter<R: Row> {
    folder: PathBuf,
    kind: Kind,
    layout: Layout,
    replace: bool,
    scales: Scales,
    generation: u64,
    old: Vec<Entry>,
    new: Vec<Entry>,
    current: Option<Current<R>>,
    first: Option<Time>,
    last: Option<Time>,
    counts: Counts,
}

/// The file that rows go to.
struct Current<R: Row> {
    part: Part,
    /// Where nothing was before, rows go straight to the disk.
    fresh: Option<Writer<R>>,
    /// Where something was, they are put together with it.
    rows: Vec<R>,
}

impl<R: Row> SeriesWriter<R> {
    /// The next row; not earlier than the one before.
    pub(crate) fn push(&mut self, row: R) -> Result<(), Error> {
        let at = row.at();
        if self.current.as_ref().is_none_or(|c| at >= c.part.end || at < c.part.start) {
            self.finish_part(false)?;
            self.begin_part(at)?;
        }
        self.first.get_or_insert(at);
        self.last = Some(at);
        self.counts.rows += 1;
        match &mut self.current {
            Some(Current { fresh: Some(writer), .. }) => {
                self.counts.added += 1;
                writer.push(row)
            }
            Some(current) => {
                current.rows.push(row);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Rows so far.
    pub(crate) const fn rows(&self) -> u64 {
        self.counts.rows
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(self.kind.name()).join(name)
    }

    fn begin_part(&mut self, at: Time) -> Result<(), Error> {
        let part = self.kind.part(at);
        let known = self.old.iter().any(|f| f.part == part.name);
        let fresh = if known {
            None
        } else {
            Some(Writer::create(self.path(&self.name(&part)), self.layout, self.scales)?)
        };
        self.current = Some(Current { part, fresh, rows: Vec::new() });
        Ok(())
    }

    fn name(&self, part: &Part) -> String {
        format!("{}{}", part.name, suffix(self.generation))
    }

    fn finish_part(&mut self, is_last: bool) -> Result<(), Error> {
        let Some(Current { part, fresh, rows }) = self.current.take() else { return Ok(()) };
        let name = self.name(&part);
        if let Some(writer) = fresh {
            self.new.extend(writer.finish(part.name, name)?);
            return Ok(());
        }
        let Some(at) = self.old.iter().position(|f| f.part == part.name) else { return Ok(()) };
        let entry = self.old.remove(at);
        let mut before = Vec::new();
        for batch in
            Cursor::new::<R>(&self.folder, self.kind, std::slice::from_ref(&entry), Span::ALL, self.scales)
        {
            if R::decode(&batch?, self.kind, &mut before).is_none() {
                return Err(Error::damaged(&self.path(&entry.name), "has other columns than its series"));
            }
        }
        // The span that the file speaks for, inside this part.
        let from = self.first.map_or(part.start, |first| first.max(part.start));
        let to = match self.last.filter(|_| is_last) {
            Some(last) => last.plus_nanos(1),
            None => part.end,
        };
        let merged = if self.replace {
            replace(before, rows, Span { from, to }, &mut self.counts)
        } else if R::KEYED {
            merge_by_time(before, rows, &mut self.counts)?
        } else {
            merge_by_run(&before, &rows, &mut self.counts)?
        };
        let Some(merged) = merged else {
            self.new.push(entry);
            return Ok(());
        };
        let layout =
            merged.iter().map(R::layout).fold(self.layout, |a, b| if b == Layout::Full { b } else { a });
        let layout = if entry.layout == Layout::Full { Layout::Full } else { layout };
        let mut writer = Writer::create(self.path(&name), layout, self.scales)?;
        for row in merged {
            writer.push(row)?;
        }
        self.new.extend(writer.finish(part.name, name)?);
        Ok(())
    }

    /// All files of the series in order, and what became of the rows.
    fn finish(mut self) -> Result<(Vec<Entry>, Counts), Error> {
        self.finish_part(true)?;
        if let (true, Some(first), Some(last)) = (self.replace, self.first, self.last) {
            // Parts between the first and the last row in which the new file has nothing.
            let counts = &mut self.counts;
            self.old.retain(|f| {
                let gone = f.first() >= first && f.last() <= last;
                counts.removed += if gone { f.rows } else { 0 };
                !gone
            });
        }
        self.new.append(&mut self.old);
        self.new.sort_by_key(|f| f.first);
        Ok((self.new, self.counts))
    }
}

/// The new rows instead of whatever was in `span`. `None` if that changes nothing.
fn replace<R: Row>(old: Vec<R>, new: Vec<R>, span: Span, counts: &mut Counts) -> Option<Vec<R>> {
    let from = old.partition_point(|row| row.at() < span.from);
    let to = old.partition_point(|row| row.at() < span.to).max(from);
    let within = &old[from..to];
    if within.len() == new.len() && within.iter().zip(&new).all(|(a, b)| a.same(b)) {
        counts.known += new.len() as u64;
        return None;
    }
    // Counted by place; for bars by time would be finer, but the sum is the same.
    let (had, has) = (within.len() as u64, new.len() as u64);
    let equal = within.iter().zip(&new).filter(|(a, b)| a.same(b)).count() as u64;
    counts.known += equal;
    counts.replaced += had.min(has) - equal;
    counts.added += has.saturating_sub(had);
    counts.removed += had.saturating_sub(has);
    let mut merged = old;
    merged.splice(from..to, new);
    Some(merged)
}

/// Bars: both together; at one time only one, and the same.
fn merge_by_time<R: Row>(old: Vec<R>, new: Vec<R>, counts: &mut Counts) -> Result<Option<Vec<R>>, Error> {
    let (mut merged, mut added, mut differing) = (Vec::with_capacity(old.len() + new.len()), 0, Vec::new());
    let mut olds = old.into_iter().peekable();
    for row in new {
        while let Some(earlier) = olds.next_if(|o| o.at() < row.at()) {
            merged.push(earlier);
        }
        match olds.next_if(|o| o.at() == row.at()) {
            Some(known) if known.same(&row) => {
                counts.known += 1;
                merged.push(known);
            }
            Some(known) => {
                differing.push((known.clone(), row));
                merged.push(known);
            }
            None => {
                added += 1;
                merged.push(row);
            }
        }
    }
    merged.extend(olds);
    if let Some((known, row)) = differing.first() {
        return Err(Error::Conflict(format!(
            "{} rows differ from what the archive holds, first at {}: {} there, {} in the file",
            differing.len(),
            iso(row.at()),
            known.describe(),
            row.describe()
        )));
    }
    counts.added += added;
    Ok((added > 0).then_some(merged))
}

/// Trades and book events: where both speak of the same time, they must say the same, row by row.
fn merge_by_run<R: Row>(old: &[R], new: &[R], counts: &mut Counts) -> Result<Option<Vec<R>>, Error> {
    let bounds = |rows: &[R]| rows.first().map(Row::at).zip(rows.last().map(Row::at));
    let (Some((old_first, old_last)), Some((new_first, new_last))) = (bounds(old), bounds(new)) else {
        counts.added += new.len() as u64;
        return Ok((!new.is_empty()).then(|| new.to_vec()));
    };
    let (from, to) = (old_first.max(new_first), old_last.min(new_last));
    let within = |rows: &[R]| {
        let start = rows.partition_point(|r| r.at() < from);
        start..rows.partition_point(|r| r.at() <= to).max(start)
    };
    let (a, b) = (within(old), within(new));
    let same = a.len() == b.len() && old[a.clone()].iter().zip(&new[b.clone()]).all(|(x, y)| x.same(y));
    if !same {
        return Err(Error::Conflict(format!(
            "the archive holds other rows between {} and {}: {} there, {} in the file",
            iso(from),
            iso(to),
            a.len(),
            b.len()
        )));
    }
    counts.known += b.len() as u64;
    let (before, after) = (b.start, new.len() - b.end);
    if before + after == 0 {
        return Ok(None);
    }
    counts.added += (before + after) as u64;
    // Both agree where they meet; on either side of it only one of them has rows.
    let mut merged: Vec<R> = Vec::with_capacity(old.len() + before + after);
    merged.extend(old.iter().chain(new).filter(|r| r.at() < from).cloned());
    merged.extend(old[a].iter().cloned());
    merged.extend(old.iter().chain(new).filter(|r| r.at() > to && r.at() >= from).cloned());
    Ok(Some(merged))
}

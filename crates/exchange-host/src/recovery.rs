//! From the data directory to a running state: newest good snapshot, then every command after it, applied by the same core.
//!
//! History is fed the same events again; it skips what it has. Invariants D2 and D5: the state equals the replay of the durable
//! prefix, and the work is bounded by the distance to the last snapshot.

use std::path::Path;

use exchange::Exchange;
use journal::{From, Journal, Reader, Records, Tail, encoding};
use types::{Command, Event, Stamped};

use crate::config::Progress;
use crate::files::failed;
use crate::limits::{GROUP_MAX, INTERNAL_FROM, PROGRESS_EVERY};
use crate::{Applied, HostConfig, OpenError};

/// Name of the journal's directory.
pub(crate) const JOURNAL_NAME: &str = "journal";
/// Name of the history database.
pub(crate) const HISTORY_NAME: &str = "history.redb";

/// A recovered state, ready to go on.
pub(crate) struct Recovered {
    pub(crate) exchange: Exchange,
    pub(crate) journal: Journal,
    pub(crate) feed: history::Feed,
    pub(crate) history: history::Reader,
    pub(crate) snapshot_seq: u64,
    /// Size of the records after the snapshot.
    pub(crate) tail_bytes: usize,
}

/// Recovers what `config.dir` holds. The caller has its lock.
pub(crate) fn recover(
    config: &HostConfig,
    progress: &mut dyn FnMut(Progress),
) -> Result<Recovered, OpenError> {
    let journal_config = journal::Config { durability: config.durability, ..config.journal.clone() };
    let (journal, found) =
        Journal::open(&config.dir.join(JOURNAL_NAME), &journal_config).map_err(OpenError::Journal)?;
    for note in &found.notes {
        tracing::warn!(?note, "the journal was put right after an interruption");
    }
    let (exchange, snapshot_seq) = match found.snapshot {
        Some(snapshot) => (restore(snapshot.seq, &snapshot.bytes)?, snapshot.seq),
        None => (Exchange::new(), 0),
    };
    if snapshot_seq > 0 {
        progress(Progress::Snapshot { seq: snapshot_seq });
    }
    let (feed, history) = open_history(config, journal.last_seq(), snapshot_seq, progress)?;
    let mut recovered = Recovered { exchange, journal, feed, history, snapshot_seq, tail_bytes: 0 };
    let replayed = recovered.replay(found.records, progress)?;
    let seq = recovered.exchange.last_seq();
    if seq != recovered.journal.last_seq() {
        return Err(OpenError::Damaged(format!(
            "the journal ends at command {}, its records at {seq}",
            recovered.journal.last_seq()
        )));
    }
    progress(Progress::Ready { seq, replayed });
    Ok(recovered)
}

/// The core's state in a snapshot.
pub(crate) fn restore(seq: u64, bytes: &[u8]) -> Result<Exchange, OpenError> {
    let exchange = Exchange::restore(bytes)
        .map_err(|error| OpenError::Damaged(format!("the snapshot of command {seq}: {error}")))?;
    if exchange.last_seq() != seq {
        return Err(OpenError::Damaged(format!(
            "the snapshot of command {seq} holds the state after {}",
            exchange.last_seq()
        )));
    }
    Ok(exchange)
}

/// Applies one journaled record. It took effect once, so it must again.
pub(crate) fn reapply(
    exchange: &mut Exchange,
    record: &journal::Record<'_>,
    events: &mut Vec<Event>,
) -> Result<(), OpenError> {
    let (at, input): (_, Command) = encoding::decode(record.payload)
        .map_err(|error| OpenError::Damaged(format!("command {}: {error}", record.seq)))?;
    exchange.apply(&Stamped { at, seq: record.seq, input }, events).map_err(|refusal| {
        OpenError::Damaged(format!("command {} was accepted once and is refused now: {refusal}", record.seq))
    })
}

impl Recovered {
    fn replay(&mut self, mut records: Records, progress: &mut dyn FnMut(Progress)) -> Result<u64, OpenError> {
        let (mut events, mut group, mut replayed) = (Vec::new(), Vec::new(), 0_u64);
        while let Some(record) = records.next().map_err(OpenError::Journal)? {
            reapply(&mut self.exchange, &record, &mut events)?;
            let (seq, at) = (record.seq, self.exchange.last_time());
            // What history has already need not be kept for it.
            if seq > self.history.applied_seq() {
                group.push(Applied { at, seq, events: events.drain(..).collect() });
            }
            events.clear();
            replayed += 1;
            self.tail_bytes += record.payload.len();
            if group.len() >= GROUP_MAX {
                self.feed_history(&mut group)?;
            }
            if replayed.is_multiple_of(PROGRESS_EVERY) {
                progress(Progress::Replaying { commands: replayed, seq });
            }
        }
        self.feed_history(&mut group)?;
        Ok(replayed)
    }

    pub(crate) fn feed_history(&mut self, group: &mut Vec<Applied>) -> Result<(), OpenError> {
        self.feed.apply(group.iter().map(Applied::as_fed)).map_err(OpenError::History)?;
        group.clear();
        Ok(())
    }
}

/// Opens history and makes it fit the journal.
///
/// One that knows commands the journal does not have is put aside: with buffered durability a power cut may take the journal's last
/// moments but not history's, and those commands never happened. One that lacks commands before the newest snapshot (it was
/// deleted, or an old copy was put in its place) is fed from the oldest kept one. Limit: what closed before that is lost.
fn open_history(
    config: &HostConfig,
    last_seq: u64,
    snapshot_seq: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<(history::Feed, history::Reader), OpenError> {
    let path = config.dir.join(HISTORY_NAME);
    let mut opened = open_history_file(config, &path)?;
    let known = opened.1.applied_seq();
    if known > last_seq {
        opened = put_aside(config, opened, "ahead")?;
    }
    if opened.1.applied_seq() >= snapshot_seq {
        return Ok(opened);
    }
    let dir = config.dir.join(JOURNAL_NAME);
    let past =
        Reader::open_on(&config.journal.disk, &dir, From::Oldest, Tail::Final).map_err(OpenError::Journal)?;
    let from_seq = past.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
    if (1..from_seq).contains(&known) {
        opened = put_aside(config, opened, "behind")?;
    }
    tracing::warn!(
        known,
        from_seq,
        snapshot_seq,
        "history lacks commands; it is fed from the journal's oldest snapshot"
    );
    refeed(past, snapshot_seq, &mut opened.0, progress)?;
    Ok(opened)
}

/// Feeds history with what led to the newest snapshot.
fn refeed(
    past: Reader,
    until: u64,
    feed: &mut history::Feed,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), OpenError> {
    let mut exchange = match past.snapshot {
        Some(snapshot) => restore(snapshot.seq, &snapshot.bytes)?,
        None => Exchange::new(),
    };
    let (mut records, mut events, from_seq) = (past.records, Vec::new(), exchange.last_seq());
    while exchange.last_seq() < until {
        let Some(record) = records.next().map_err(OpenError::Journal)? else { break };
        events.clear();
        reapply(&mut exchange, &record, &mut events)?;
        let fed = history::Applied { seq: record.seq, at: exchange.last_time(), events: &events };
        feed.apply([fed]).map_err(OpenError::History)?;
        let commands = record.seq - from_seq;
        if commands.is_multiple_of(PROGRESS_EVERY) {
            progress(Progress::Replaying { commands, seq: record.seq });
        }
    }
    Ok(())
}

/// Moves a history that does not fit out of the way, and begins a new one.
fn put_aside(
    config: &HostConfig,
    opened: (history::Feed, history::Reader),
    why: &str,
) -> Result<(history::Feed, history::Reader), OpenError> {
    let (path, known) = (config.dir.join(HISTORY_NAME), opened.1.applied_seq());
    drop(opened);
    let aside = path.with_extension(format!("{why}-{known}"));
    tracing::warn!(known, why, aside = %aside.display(), "history does not fit the journal; it is put aside");
    std::fs::rename(&path, &aside).map_err(failed(&path))?;
    open_history_file(config, &path)
}

fn open_history_file(
    config: &HostConfig,
    path: &Path,
) -> Result<(history::Feed, history::Reader), OpenError> {
    let settings = history::Config { retention: config.retention, internal_from: INTERNAL_FROM };
    history::open(path, &settings).map_err(OpenError::History)
}

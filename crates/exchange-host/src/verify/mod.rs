//! Proof that a data directory is sound: replay of the durable journal, every invariant of the ledger checked on the way.
//!
//! The state is checked as a whole (L1, L3, L4, O1, O2, O4, O6 by [`exchange::Exchange::check`]); what happened is
//! checked from the events alone by the `audit`, which shares nothing with the core (L5, O2, O3, and that balances are
//! what deposits and fills make them). Changes nothing, and works beside a running server, whose durable prefix it reads.

mod audit;
#[cfg(test)]
mod tests;

use std::path::Path;

use exchange::Exchange;
use journal::{From, Note, Reader, Tail};
use ring::digest;
use types::{Event, Time};

use crate::lock::Lock;
use crate::recovery::{HISTORY_NAME, JOURNAL_NAME, reapply, restore};
use crate::{OpenError, Progress};
use audit::Audit;

/// Findings kept: the first ones tell what is wrong, thousands more tell nothing new.
pub const FINDINGS_MAX: usize = 100;
/// Commands between two checks of everything.
const FULL_CHECK_EVERY: u64 = 20_000;
/// Commands between two reports of progress.
const PROGRESS_EVERY: u64 = 50_000;
/// How often a walk is begun again because the server pruned what was being read.
const STARTS_MAX: u32 = 5;

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The command after which it was seen.
    pub seq: u64,
    /// The invariant's id.
    pub invariant: &'static str,
    /// What was found.
    pub found: String,
}

/// What a verification saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The command of the snapshot that the replay started from; 0 for the very beginning.
    pub from_seq: u64,
    /// The last command.
    pub seq: u64,
    /// When it was taken in.
    pub at: Time,
    /// Trades in between.
    pub trades: u64,
    /// SHA-256 of the state's canonical bytes: equal states have equal hashes.
    pub state_hash: [u8; 32],
    /// Broken invariants, the first [`FINDINGS_MAX`]; empty when all is well.
    pub findings: Vec<Finding>,
    /// True if a server was running meanwhile: it may be further by now.
    pub running: bool,
    /// Signs that the journal was longer once, in words. None of them is a broken invariant: a crash or a power cut leaves some.
    pub signs: Vec<String>,
}

/// Replays what `dir` durably holds, from its oldest snapshot on.
pub fn verify(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Verified, OpenError> {
    let journal = dir.join(JOURNAL_NAME);
    if !journal.is_dir() {
        let missing = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no exchange here");
        return Err(OpenError::Io { path: dir.to_owned(), source: missing });
    }
    // Without a server nobody may start one while we read; with one, its lock is respected.
    let lock = match Lock::take_to_read(dir) {
        Ok(lock) => Some(lock),
        Err(OpenError::Locked { .. }) => None,
        Err(error) => return Err(error),
    };
    let tail = if lock.is_some() { Tail::Final } else { Tail::Growing };
    let mut starts = 1;
    loop {
        match walk(&journal, tail, progress) {
            Err(OpenError::Journal(journal::Failure::Pruned { .. })) if starts < STARTS_MAX => starts += 1,
            other => {
                return other.map(|verified| {
                    let mut signs = verified.signs;
                    signs.extend(history_knows_more(dir, verified.seq));
                    Verified { running: lock.is_none(), signs, ..verified }
                });
            }
        }
    }
}

/// History is written after the journal, so it cannot know more unless the journal lost something.
fn history_knows_more(dir: &Path, seq: u64) -> Option<String> {
    let known = history::last_command(&dir.join(HISTORY_NAME)).filter(|known| *known > seq)?;
    Some(format!(
        "the history knows commands up to {known}, the journal ends at {seq}: a power cut with buffered durability leaves \
         this, or somebody shortened the journal"
    ))
}

/// What the end of the journal looks like, where it is not just an end.
fn sign(note: &Note) -> String {
    match note {
        Note::TornTail { path, offset, after } => format!(
            "{} ends in an interrupted write at byte {offset}: the next start cuts it off after command {after}",
            path.display()
        ),
        Note::Shortened { path, after } => format!(
            "{} is shorter than it was made: what it held after command {after}, if anything, is gone",
            path.display()
        ),
        Note::DamagedSnapshot { path } => format!("{} is damaged", path.display()),
    }
}

fn walk(journal: &Path, tail: Tail, progress: &mut dyn FnMut(Progress)) -> Result<Verified, OpenError> {
    let mut reader = Reader::open(journal, From::Oldest, tail).map_err(OpenError::Journal)?;
    let mut exchange = match reader.snapshot.take() {
        Some(snapshot) => restore(snapshot.seq, &snapshot.bytes)?,
        None => Exchange::new(),
    };
    let from_seq = exchange.last_seq();
    // The newest snapshot must be what the replay finds at its place (D2).
    let newest = Reader::open(journal, From::Newest, tail).map_err(OpenError::Journal)?;
    let mut signs: Vec<String> = newest.notes.iter().map(sign).collect();
    let newest = newest.snapshot;
    let mut walk = Walk { findings: Vec::new(), audit: Audit::new(&exchange) };
    walk.check(&exchange);
    let mut events: Vec<Event> = Vec::new();
    while let Some(record) = reader.records.next().map_err(OpenError::Journal)? {
        events.clear();
        reapply(&mut exchange, &record, &mut events)?;
        let found = walk.audit.command(&events);
        walk.note(record.seq, found);
        if let Some(snapshot) = newest.as_ref().filter(|snapshot| snapshot.seq == record.seq) {
            walk.compare(&exchange, &snapshot.bytes);
        }
        let done = record.seq - from_seq;
        if done.is_multiple_of(FULL_CHECK_EVERY) {
            walk.check(&exchange);
        }
        if done.is_multiple_of(PROGRESS_EVERY) {
            progress(Progress::Replaying { commands: done, seq: record.seq });
        }
    }
    walk.check(&exchange);
    signs.extend(reader.records.ending().iter().map(sign));
    Ok(Verified {
        from_seq,
        seq: exchange.last_seq(),
        at: exchange.last_time(),
        trades: walk.audit.trades(),
        state_hash: state_hash(&exchange),
        findings: walk.findings,
        running: false,
        signs,
    })
}

/// SHA-256 of an exchange's canonical bytes.
#[must_use]
pub fn state_hash(exchange: &Exchange) -> [u8; 32] {
    let mut bytes = Vec::new();
    exchange.snapshot(&mut bytes);
    let digest = digest::digest(&digest::SHA256, &bytes);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

struct Walk {
    findings: Vec<Finding>,
    audit: Audit,
}

impl Walk {
    fn note(&mut self, seq: u64, found: Vec<(&'static str, String)>) {
        let room = FINDINGS_MAX - self.findings.len();
        let findings = found.into_iter().take(room);
        self.findings.extend(findings.map(|(invariant, found)| Finding { seq, invariant, found }));
    }

    /// The stored state against the replayed one.
    fn compare(&mut self, exchange: &Exchange, stored: &[u8]) {
        let mut bytes = Vec::new();
        exchange.snapshot(&mut bytes);
        if bytes != stored {
            let found = "the snapshot is not the state that the commands before it make".to_owned();
            self.note(exchange.last_seq(), vec![("D2", found)]);
        }
    }

    /// The whole state, and the audit's balances against it.
    fn check(&mut self, exchange: &Exchange) {
        let of_state = exchange.check().into_iter().map(|violation| (violation.id, violation.found));
        let found = of_state.chain(self.audit.compare(exchange)).collect();
        self.note(exchange.last_seq(), found);
    }
}

//! Recorded sessions: which there are, and the proof that each was decided as it must be (invariants H6, D2).
//!
//! A session is one run of the process: the records from its beginning to the next one's. Replay starts at the newest snapshot
//! before it (or at the very first record), applies every record by the same code, and compares what follows with what was
//! recorded: each order and cancel, the hash of all decisions after each input, and the state hash at each checkpoint.
//! Reads beside a running driver; changes nothing.

use std::path::Path;

use journal::{From, Reader, Tail};
use strategy::Words;
use types::Time;

use crate::record::{self, Record, Step};
use crate::{OpenError, ReplayError, Shard};

/// A recorded session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// The version of the program that ran it.
    pub program: String,
    /// Its first record.
    pub first_seq: u64,
    /// Its last record so far.
    pub last_seq: u64,
    /// When it began.
    pub began: Time,
    /// The time of its last record.
    pub last: Time,
    /// Inputs.
    pub inputs: u64,
    /// Orders and cancels that left.
    pub intents: u64,
}

/// What a replay found: everything the same, or it would be an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The session.
    pub session: Entry,
    /// State hashes that were recorded and are the same again.
    pub checkpoints: u64,
    /// The hash of all decisions at the end.
    pub digest: u64,
    /// The hash of the whole state at the end.
    pub state_hash: u64,
}

/// All sessions whose records are still there, oldest first.
///
/// # Errors
/// When the journal cannot be read. None at all is an empty list.
pub fn list(dir: &Path) -> Result<Vec<Entry>, OpenError> {
    let mut sessions: Vec<Entry> = Vec::new();
    each(dir, From::Oldest, |seq, record| {
        match record {
            Record::Session(session) => sessions.push(Entry {
                number: session.number,
                program: session.program.clone(),
                first_seq: seq,
                last_seq: seq,
                began: session.at,
                last: session.at,
                inputs: 0,
                intents: 0,
            }),
            other => count(sessions.last_mut(), seq, other),
        }
        Ok(())
    })?;
    Ok(sessions)
}

fn count(session: Option<&mut Entry>, seq: u64, record: &Record) {
    let Some(session) = session else { return };
    session.last_seq = seq;
    if let Record::Input(step) = record {
        session.last = step.at;
        session.inputs += 1;
        session.intents += step.intents.len() as u64;
    }
}

/// Replays session `number`.
///
/// # Errors
/// [`ReplayError::Differs`] names the first record that was decided otherwise.
pub fn replay(dir: &Path, number: u64) -> Result<Replayed, OpenError> {
    walk(dir, number, &mut |_, _| {})
}

/// The same; `each` sees every input of the session with its number.
///
/// # Errors
/// As [`replay`].
pub fn walk(dir: &Path, number: u64, each: &mut dyn FnMut(u64, &Step)) -> Result<Replayed, OpenError> {
    let sessions = list(dir)?;
    let session = sessions.into_iter().find(|s| s.number == number);
    let session = session.ok_or(ReplayError::NoSession(number))?;
    let (mut shard, mut records) = before(dir, session.first_seq)?;
    let mut checkpoints = 0;
    while shard.seq() < session.last_seq {
        let Some(record) = records.next()? else { break };
        let seq = record.seq;
        let inside = seq >= session.first_seq;
        match shard.apply(seq, record.payload)? {
            Record::Input(step) if inside => each(seq, &step),
            Record::Checkpoint { .. } if inside => checkpoints += 1,
            _ => {}
        }
    }
    let (digest, state_hash) = (shard.engine().digest(), shard.state_hash());
    Ok(Replayed { session, checkpoints, digest, state_hash })
}

/// A session to be run again.
pub struct Recorded {
    /// The session.
    pub session: Entry,
    /// The state at its beginning.
    pub shard: Shard,
    /// Its inputs by number.
    pub steps: Vec<(u64, Step)>,
}

/// Reads a session with the state that it began from. Memory: the whole session.
///
/// # Errors
/// As [`replay`].
pub fn open(dir: &Path, number: u64) -> Result<Recorded, OpenError> {
    let session = list(dir)?.into_iter().find(|s| s.number == number);
    let session = session.ok_or(ReplayError::NoSession(number))?;
    let (mut shard, mut records) = before(dir, session.first_seq)?;
    while shard.seq() < session.first_seq {
        let Some(record) = records.next()? else { break };
        shard.apply(record.seq, record.payload)?;
    }
    let mut steps = Vec::new();
    while let Some(found) = records.next()? {
        let seq = found.seq;
        if seq > session.last_seq {
            break;
        }
        match record::read(found.payload) {
            Ok(Record::Input(step)) => steps.push((seq, *step)),
            Ok(Record::Session(_) | Record::Checkpoint { .. }) => {}
            Err(error) => return Err(ReplayError::Malformed { seq, why: error.to_string() }.into()),
        }
    }
    Ok(Recorded { session, shard, steps })
}

/// The newest state from before record `seq`, and the records after it.
fn before(dir: &Path, seq: u64) -> Result<(Shard, journal::Records), OpenError> {
    let reader = Reader::open(dir, From::Before(seq), Tail::Growing)?;
    let shard = match reader.snapshot {
        Some(snapshot) => Shard::load(snapshot.seq, &snapshot.bytes, &mut Words::default())?,
        None => Shard::default(),
    };
    Ok((shard, reader.records))
}

fn each(
    dir: &Path,
    start: From,
    mut see: impl FnMut(u64, &Record) -> Result<(), ReplayError>,
) -> Result<(), OpenError> {
    if !dir.is_dir() {
        return Ok(());
    }
    let mut reader = match Reader::open(dir, start, Tail::Growing) {
        Ok(reader) => reader,
        Err(journal::Failure::Missing { .. }) => return Ok(()),
        Err(failure) => return Err(failure.into()),
    };
    while let Some(found) = reader.records.next()? {
        let seq = found.seq;
        let record = record::read(found.payload)
            .map_err(|error| ReplayError::Malformed { seq, why: error.to_string() })?;
        see(seq, &record)?;
    }
    Ok(())
}

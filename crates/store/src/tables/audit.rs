//! Who did what: append-only, each entry bound to the one before it by a hash.
//!
//! `hash = SHA-256(previous ‖ seq ‖ timestamp ‖ fields)`, every field with its length in front, numbers big-endian. So an
//! entry cannot be changed, taken out or put in between without every later hash being wrong, and the newest is in
//! `audit_head`. Whoever can rewrite the whole chain is caught by checkpoints: signatures over (seq, hash) with a key
//! that is kept outside the database. Entries move to `audit_archive` and are never deleted.
//!
//! Cost: entries follow one another, so on PostgreSQL transactions that write one wait for each other's commit.

use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::bulk;
use crate::error::StoreError;
use crate::ids::{Owner, UserId};
use crate::limits::PAGE_MAX;
use crate::record::record;
use crate::statement::sql;
use crate::tables::FAR;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

mod checkpoint;

use checkpoint::checkpoints;
pub use checkpoint::{Checkpoint, Signer, Trust, checkpoint, hash_at};

record! {
    /// An entry.
    pub struct Entry in "audit_log" {
        /// Position in the chain, from 1 without gaps.
        seq: i64,
        /// When.
        timestamp: Ts,
        /// Who, if it was a user.
        user_id: Option<UserId>,
        /// Who, in words: a user name, `operator`, `system`.
        actor: String,
        /// What was done, like `user.role.set`.
        action: String,
        /// To what.
        object: String,
        /// Particulars: JSON without secrets.
        detail: String,
        /// From which address.
        ip: String,
        /// In which request.
        request_id: String,
        /// The hash of the entry before; zeros for the first.
        previous: Vec<u8>,
        /// This entry's hash.
        hash: Vec<u8>,
    }
}

/// What is to be noted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Note {
    /// Who, if it was a user.
    pub user_id: Option<UserId>,
    /// Who, in words.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// Particulars: JSON without secrets.
    pub detail: String,
    /// From which address.
    pub ip: String,
    /// In which request.
    pub request_id: String,
}

/// What a check of the chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Entries checked, the archive's included.
    pub entries: u64,
    /// Checkpoints checked.
    pub checkpoints: u64,
    /// The first fault; `None` for a sound chain.
    pub fault: Option<Fault>,
}

/// A fault of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// At which entry.
    pub seq: i64,
    /// What is wrong there.
    pub why: String,
}

impl Entry {
    fn computed_hash(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        let mut field = |field: &[u8]| {
            bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field);
        };
        field(&self.previous);
        field(&self.seq.to_be_bytes());
        field(&self.timestamp.0.to_be_bytes());
        field(self.user_id.as_ref().map_or(&[][..], |id| id.0.as_bytes()));
        for text in [&self.actor, &self.action, &self.object, &self.detail, &self.ip, &self.request_id] {
            field(text.as_bytes());
        }
        digest(&SHA256, &bytes).as_ref().to_vec()
    }
}

/// Appends an entry. In the same transaction as what it tells, so that neither is there without the other.
///
/// # Errors
/// Failures of the database.
pub async fn append(tx: &mut Tx, note: Note, now: Ts) -> Result<i64, StoreError> {
    append_all(tx, [(note, now)]).await
}

/// Appends entries in their order, each with its moment; gives the number of the last one. Cost: a statement per 128
/// entries, and two.
///
/// # Errors
/// Failures of the database.
pub async fn append_all(tx: &mut Tx, notes: impl IntoIterator<Item = (Note, Ts)>) -> Result<i64, StoreError> {
    // Changed to what it is: from here to the commit nobody else appends.
    let lock = "UPDATE audit_head SET seq = seq WHERE one = 1 RETURNING seq, hash";
    let head = tx.one("audit head", sql(lock)).await?;
    let (mut seq, mut hash): (i64, Vec<u8>) = (head.get("seq")?, head.get("hash")?);
    let mut rows = Vec::new();
    for (note, at) in notes {
        let mut entry = Entry {
            seq: seq + 1,
            timestamp: at,
            user_id: note.user_id,
            actor: note.actor,
            action: note.action,
            object: note.object,
            detail: note.detail,
            ip: note.ip,
            request_id: note.request_id,
            previous: hash,
            hash: Vec::new(),
        };
        entry.hash = entry.computed_hash();
        rows.push(entry.values());
        (seq, hash) = (entry.seq, entry.hash);
    }
    bulk::put(tx, Entry::TABLE, Entry::COLUMNS, rows, "").await?;
    tx.execute(sql("UPDATE audit_head SET seq = $1, hash = $2 WHERE one = 1").bind(seq).bind(hash)).await?;
    Ok(seq)
}

/// What a user did, newest first, before an entry.
///
/// # Errors
/// Failures of the database.
pub async fn page(
    reader: &mut Reader,
    owner: Owner,
    before: Option<Ts>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let rest = "WHERE user_id = $1 AND timestamp < $2 ORDER BY timestamp DESC LIMIT $3";
    let statement = Entry::select(rest).bind(owner).bind(before.unwrap_or(FAR)).bind(limit.min(PAGE_MAX));
    Entry::all_of(&reader.all(statement).await?)
}

/// Everything of one kind, newest first, before a moment. For administration.
///
/// # Errors
/// Failures of the database.
pub async fn page_of_action(
    reader: &mut Reader,
    action: &str,
    before: Option<Ts>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let rest = "WHERE action = $1 AND timestamp < $2 ORDER BY timestamp DESC LIMIT $3";
    let statement = Entry::select(rest).bind(action).bind(before.unwrap_or(FAR)).bind(limit.min(PAGE_MAX));
    Entry::all_of(&reader.all(statement).await?)
}

/// Everything, newest first, before a position. For administration.
///
/// # Errors
/// Failures of the database.
pub async fn page_of_all(
    reader: &mut Reader,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let statement = Entry::select("WHERE seq < $1 ORDER BY seq DESC LIMIT $2");
    let statement = statement.bind(before.unwrap_or(i64::MAX)).bind(limit.min(PAGE_MAX));
    Entry::all_of(&reader.all(statement).await?)
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// By this user.
    pub user: Option<UserId>,
    /// Of this kind.
    pub action: Option<String>,
    /// Those before this entry.
    pub before: Option<i64>,
}

/// Entries of the log (not of the archive), newest first. For administration; a user's own with `search.user`.
///
/// # Errors
/// `Absent` for an unknown `before`, and failures of the database.
pub async fn search(reader: &mut Reader, search: &Search, limit: u32) -> Result<Vec<Entry>, StoreError> {
    if search.user.is_none() && search.action.is_none() {
        return page_of_all(reader, search.before, limit).await;
    }
    let (at, seq) = match search.before {
        None => (FAR, i64::MAX),
        Some(seq) => {
            let statement = sql("SELECT timestamp FROM audit_log WHERE seq = $1").bind(seq);
            (reader.one("audit entry", statement).await?.get("timestamp")?, seq)
        }
    };
    let place = "timestamp <= $1 AND (timestamp < $1 OR seq < $2)";
    let order = "ORDER BY timestamp DESC, seq DESC LIMIT $3";
    let limit = limit.min(PAGE_MAX);
    let statement = match (search.user, search.action.as_deref()) {
        (Some(user), None) => {
            let rest = format!("WHERE {place} AND user_id = $4 {order}");
            Entry::select(&rest).bind(at).bind(seq).bind(limit).bind(user)
        }
        (None, action) => {
            let rest = format!("WHERE {place} AND action = $4 {order}");
            Entry::select(&rest).bind(at).bind(seq).bind(limit).bind(action.unwrap_or_default())
        }
        (Some(user), Some(action)) => {
            let rest = format!("WHERE {place} AND user_id = $4 AND action = $5 {order}");
            Entry::select(&rest).bind(at).bind(seq).bind(limit).bind(user).bind(action)
        }
    };
    Entry::all_of(&reader.all(statement).await?)
}

/// Moves entries older than `before` to the archive, at most `limit`, oldest first; how many.
///
/// # Errors
/// Failures of the database.
pub async fn archive(tx: &mut Tx, before: Ts, limit: u32) -> Result<u64, StoreError> {
    let columns = Entry::COLUMNS.join(", ");
    let oldest = "SELECT max(seq) AS last FROM (SELECT seq FROM audit_log WHERE timestamp < $1 \
                  ORDER BY timestamp, seq LIMIT $2) AS oldest";
    let row = tx.one("count", sql(oldest).bind(before).bind(limit)).await?;
    let Some(last) = row.maybe::<i64>("last")? else { return Ok(0) };
    let copy =
        format!("INSERT INTO audit_archive ({columns}) SELECT {columns} FROM audit_log WHERE seq <= $1");
    let copied = tx.execute(crate::statement::composed(copy).kept().bind(last)).await?;
    let removed = tx.execute(sql("DELETE FROM audit_log WHERE seq <= $1").bind(last)).await?;
    if copied == removed { Ok(removed) } else { Err(StoreError::Stale("the audit log changed meanwhile")) }
}

/// Walks the chain from its first entry, archive included, and checks every hash, the head and every checkpoint: those of
/// the table and those that were kept elsewhere.
///
/// # Errors
/// Failures of the database. A fault of the chain is not an error but the verdict.
pub async fn verify(reader: &mut Reader, trust: &Trust) -> Result<Verdict, StoreError> {
    let mut checkpoints = checkpoints(reader).await?;
    checkpoints.extend(trust.kept.iter().cloned());
    checkpoints.sort_by_key(|checkpoint| checkpoint.seq);
    let mut checkpoints = checkpoints.into_iter().peekable();
    let mut verdict = Verdict { entries: 0, checkpoints: 0, fault: None };
    let (mut seq, mut hash) = (0_i64, vec![0_u8; 32]);
    loop {
        let entries = after(reader, seq).await?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            if let Some(why) = fault_of(entry, seq, &hash) {
                verdict.fault = Some(Fault { seq: seq + 1, why });
                return Ok(verdict);
            }
            (seq, hash) = (entry.seq, entry.hash.clone());
            verdict.entries += 1;
            while let Some(checkpoint) = checkpoints.next_if(|checkpoint| checkpoint.seq <= seq) {
                verdict.checkpoints += 1;
                if let Some(why) = checkpoint.fault(seq, &hash, trust) {
                    verdict.fault = Some(Fault { seq, why });
                    return Ok(verdict);
                }
            }
        }
    }
    verdict.fault = end_fault(reader, seq, &hash, checkpoints.next()).await?;
    Ok(verdict)
}

/// The next entries after a position, wherever they are.
async fn after(reader: &mut Reader, seq: i64) -> Result<Vec<Entry>, StoreError> {
    let columns = Entry::COLUMNS.join(", ");
    let text = format!(
        "SELECT {columns} FROM audit_archive WHERE seq > $1 AND seq <= $2 UNION ALL \
         SELECT {columns} FROM audit_log WHERE seq > $1 AND seq <= $2 ORDER BY seq"
    );
    let until = seq.saturating_add(i64::from(PAGE_MAX));
    let statement = crate::statement::composed(text).kept().bind(seq).bind(until);
    Entry::all_of(&reader.all(statement).await?)
}

fn fault_of(entry: &Entry, before: i64, hash: &[u8]) -> Option<String> {
    if entry.seq != before + 1 {
        return Some(format!("entry {} follows entry {before}", entry.seq));
    }
    if entry.previous != hash {
        return Some("it is not bound to the entry before it".to_owned());
    }
    (entry.computed_hash() != entry.hash).then(|| "its content was changed".to_owned())
}

/// The chain must end where the head says, and no checkpoint may lie beyond.
async fn end_fault(
    reader: &mut Reader,
    seq: i64,
    hash: &[u8],
    beyond: Option<Checkpoint>,
) -> Result<Option<Fault>, StoreError> {
    let head = reader.one("audit head", sql("SELECT seq, hash FROM audit_head WHERE one = 1")).await?;
    let (head_seq, head_hash): (i64, Vec<u8>) = (head.get("seq")?, head.get("hash")?);
    // Entries that came while we walked are not a fault.
    let moved = head_seq > seq && !after(reader, seq).await?.is_empty();
    let why = if let Some(checkpoint) = beyond.filter(|_| !moved) {
        format!("a checkpoint proves entry {}, which is missing", checkpoint.seq)
    } else if !moved && (head_seq != seq || head_hash != hash) {
        format!("the head says entry {head_seq}, the last one found is {seq}")
    } else {
        return Ok(None);
    };
    Ok(Some(Fault { seq: seq + 1, why }))
}

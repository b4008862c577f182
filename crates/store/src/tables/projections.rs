//! How far each projection of a journal has come.
//!
//! A projection reads a shard's journal and writes tables. In the same transaction it moves its position, from where it
//! thinks it is: if it is not there any more (another instance was faster, or this one repeats after a lost answer)
//! nothing is written. So each event is applied exactly once, however often it is read. The epoch fences off an instance
//! that lost its lease: a lower one than stored cannot write.

use crate::error::StoreError;
use crate::statement::sql;
use crate::tx::{Reader, Tx};
use crate::value::Ts;

/// Where a projection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The epoch of whoever wrote last.
    pub epoch: i64,
    /// The last event that was applied; 0 for none.
    pub seq: i64,
}

/// Where the projection `name` of `shard` is.
///
/// # Errors
/// Failures of the database.
pub async fn position(reader: &mut Reader, name: &str, shard: &str) -> Result<Position, StoreError> {
    let text = "SELECT epoch, seq FROM projections WHERE name = $1 AND shard = $2";
    let row = reader.optional(sql(text).bind(name).bind(shard)).await?;
    row.map_or(Ok(Position::default()), |row| Ok(Position { epoch: row.get("epoch")?, seq: row.get("seq")? }))
}

/// Moves the projection from `from` (what was read with [`position`]) to `to`. Call it first in the transaction that
/// applies the events `from.seq + 1 ..= to.seq`: its `Stale` then ends the transaction before anything is written.
///
/// # Errors
/// `Stale` if the projection is not at `from`, or `to` has a lower epoch; failures of the database.
pub async fn advance(
    tx: &mut Tx,
    name: &str,
    shard: &str,
    from: Position,
    to: Position,
    now: Ts,
) -> Result<(), StoreError> {
    if to.seq <= from.seq || to.epoch < from.epoch {
        return Err(StoreError::Stale("a projection only goes forward"));
    }
    let text = if from == Position::default() {
        "INSERT INTO projections (name, shard, epoch, seq, updated_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (name, shard) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, \
         updated_at = excluded.updated_at WHERE projections.seq = $6 AND projections.epoch = $7"
    } else {
        "UPDATE projections SET epoch = $3, seq = $4, updated_at = $5 \
         WHERE name = $1 AND shard = $2 AND seq = $6 AND epoch = $7"
    };
    let statement = sql(text).bind(name).bind(shard).bind(to.epoch).bind(to.seq).bind(now);
    match tx.execute(statement.bind(from.seq).bind(from.epoch)).await? {
        0 => Err(StoreError::Stale("the projection has moved on")),
        _ => Ok(()),
    }
}

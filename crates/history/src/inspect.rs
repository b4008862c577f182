//! Looking into a store that nobody has open, without changing it: for `doctor` and `verify`.

use std::path::Path;

use redb::{DatabaseError, ReadTransaction, ReadableDatabase, ReadableTable, TableError};
use types::ListView;
use types::event::Trade;

use crate::disk::{FORMAT, damaged};
use crate::page::guarded;
use crate::row::{FillOfOrder, META, Row};
use crate::{AccountFill, AggTrade, Amendment, Bar, ClosedOrder, Failure, PreventedMatch};

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// There is no file.
    Missing,
    /// A process has it open.
    InUse,
    /// The process that had it open did not close it: the next opening repairs it.
    Unclosed,
    /// Every row can be read.
    Sound {
        /// The last command in it.
        applied: u64,
        /// Rows in all tables.
        rows: u64,
    },
}

/// Reads the whole store at `path`: about a microsecond a row. [`Failure::Damaged`] tells what cannot be read.
pub fn inspect(path: &Path) -> Result<Inspected, Failure> {
    look(path, |txn| {
        Ok(walk::<Trade>(txn)?
            + walk::<AggTrade>(txn)?
            + walk::<Bar>(txn)?
            + walk::<ClosedOrder>(txn)?
            + walk::<AccountFill>(txn)?
            + walk::<FillOfOrder>(txn)?
            + walk::<ListView>(txn)?
            + walk::<PreventedMatch>(txn)?
            + walk::<Amendment>(txn)?)
    })
}

/// The last command in the store at `path`, where that can be told without changing anything.
#[must_use]
pub fn last_command(path: &Path) -> Option<u64> {
    match look(path, |_| Ok(0)) {
        Ok(Inspected::Sound { applied, .. }) => Some(applied),
        _ => None,
    }
}

fn look(
    path: &Path,
    rows: impl FnOnce(&ReadTransaction) -> Result<u64, redb::Error>,
) -> Result<Inspected, Failure> {
    if !path.exists() {
        return Ok(Inspected::Missing);
    }
    // The database checks what it reads, but a file that was damaged on purpose can still trip an assertion of its.
    let opened = std::panic::catch_unwind(|| redb::ReadOnlyDatabase::open(path));
    let db = match opened {
        Ok(Ok(db)) => db,
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => return Ok(Inspected::InUse),
        Ok(Err(DatabaseError::RepairAborted)) => return Ok(Inspected::Unclosed),
        Ok(Err(DatabaseError::Storage(redb::StorageError::Io(error))))
            if error.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            return Err(Failure::Storage(error.to_string()));
        }
        Ok(Err(error)) => return Err(damaged(path, &error.to_string())),
        Err(_) => return Err(damaged(path, "its structure is inconsistent")),
    };
    let found = guarded(|| {
        let txn = db.begin_read()?;
        let meta = txn.open_table(META)?;
        let number = |key| Ok::<_, redb::Error>(meta.get(key)?.map_or(0, |value| value.value()));
        Ok((number("format")?, number("applied")?, rows(&txn)?))
    });
    let (format, applied, rows) = found.map_err(|error| damaged(path, &error.to_string()))?;
    if format != FORMAT {
        return Err(Failure::Format { found: format, known: FORMAT });
    }
    Ok(Inspected::Sound { applied, rows })
}

/// Decodes every row of a table and counts them.
fn walk<R: Row>(txn: &ReadTransaction) -> Result<u64, redb::Error> {
    let table = match txn.open_table(R::TABLE) {
        Ok(table) => table,
        // A file of an earlier version.
        Err(TableError::TableDoesNotExist(_)) => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let mut rows = 0;
    for entry in table.iter()? {
        let (key, value) = entry?;
        R::decode(key.value(), value.value())
            .map_err(|error| redb::Error::Corrupted(format!("a stored value: {error}")))?;
        rows += 1;
    }
    Ok(rows)
}

//! Many rows at once: COPY in PostgreSQL's binary format and statements of many rows on SQLite for what is new ([`insert`]),
//! statements of many rows on both for what may be there already ([`put`]).

use sqlx::postgres::PgArgumentBuffer;
use sqlx::{Encode, Postgres};

use crate::error::StoreError;
use crate::record::insert_text;
use crate::statement::composed;
use crate::tx::Tx;
use crate::value::Value;

/// Values of one statement on SQLite (its own bound is 32,766).
const VALUES_MAX: usize = 8_192;
/// Rows of one statement of [`put`]. With the powers of two below it a table has eight texts, so that all stay prepared; times the
/// columns of the widest table it is a tenth of the values that either engine takes.
const ROWS_MAX: usize = 128;
/// Bytes that are sent at once to PostgreSQL.
const CHUNK: usize = 256 * 1024;

/// Inserts `rows` of `columns`; how many. A row that violates a key fails all of them.
pub(crate) async fn insert(
    tx: &mut Tx,
    table: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<Value>> + Send,
) -> Result<u64, StoreError> {
    // An iterator is not held across an await: it need not be `Sync`.
    let rows: Vec<Vec<Value>> = rows.into_iter().collect();
    if rows.is_empty() {
        return Ok(0);
    }
    if tx.postgres().is_some() {
        copy(tx, table, columns, rows).await
    } else {
        many(tx, table, columns, rows).await
    }
}

async fn copy(tx: &mut Tx, table: &str, columns: &[&str], rows: Vec<Vec<Value>>) -> Result<u64, StoreError> {
    let started = std::time::Instant::now();
    let text = format!("COPY {table} ({}) FROM STDIN (FORMAT binary)", columns.join(", "));
    let connection = tx.postgres().ok_or(StoreError::NotAllowed { why: "COPY on SQLite".into() })?;
    let result = send(connection, &text, rows).await;
    tx.observe().statement(&text, started, result.is_err());
    result
}

async fn send(
    connection: &mut sqlx::postgres::PgConnection,
    text: &str,
    rows: Vec<Vec<Value>>,
) -> Result<u64, StoreError> {
    let mut copy = connection.copy_in_raw(text).await?;
    // Signature, flags, length of the header's extension.
    let mut bytes = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for row in rows {
        let fields = i16::try_from(row.len()).map_err(|e| StoreError::NotAllowed { why: e.to_string() })?;
        bytes.extend_from_slice(&fields.to_be_bytes());
        for value in row {
            if let Err(error) = field(&mut bytes, value) {
                copy.abort("a value cannot be encoded").await?;
                return Err(error);
            }
        }
        if bytes.len() >= CHUNK {
            copy.send(std::mem::take(&mut bytes)).await?;
        }
    }
    bytes.extend_from_slice(&(-1_i16).to_be_bytes());
    copy.send(bytes).await?;
    Ok(copy.finish().await?)
}

/// One field: its length (-1 for NULL) and its bytes.
fn field(bytes: &mut Vec<u8>, value: Value) -> Result<(), StoreError> {
    let mut buffer = PgArgumentBuffer::default();
    let encoded = match value {
        Value::Bool(v) => encode(&mut buffer, v),
        Value::Int(v) => encode(&mut buffer, v),
        Value::Real(v) => encode(&mut buffer, v),
        Value::Text(v) => encode(&mut buffer, v),
        Value::Bytes(v) => encode(&mut buffer, v),
        Value::Id(v) => encode(&mut buffer, v),
        Value::Amount(v) => encode(&mut buffer, v),
        Value::Ts(v) => encode(&mut buffer, v),
    };
    if encoded? {
        let length =
            i32::try_from(buffer.len()).map_err(|e| StoreError::NotAllowed { why: e.to_string() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&buffer);
    } else {
        bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    }
    Ok(())
}

/// False for NULL.
fn encode<'q, T: Encode<'q, Postgres>>(
    buffer: &mut PgArgumentBuffer,
    value: Option<T>,
) -> Result<bool, StoreError> {
    let Some(value) = value else { return Ok(false) };
    let encoded = value.encode_by_ref(buffer).map_err(|e| StoreError::NotAllowed { why: e.to_string() })?;
    Ok(!encoded.is_null())
}

async fn many(tx: &mut Tx, table: &str, columns: &[&str], rows: Vec<Vec<Value>>) -> Result<u64, StoreError> {
    let at_once = (VALUES_MAX / columns.len()).max(1);
    let mut inserted = 0;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let group: Vec<Vec<Value>> = rows.by_ref().take(at_once).collect();
        let full = group.len() == at_once;
        let mut statement = composed(text_of(table, columns, group.len()));
        statement.kept = full;
        inserted += tx.execute(statement.bind_all(group.into_iter().flatten())).await?;
    }
    Ok(inserted)
}

/// `INSERT` of so many rows, without its values.
fn text_of(table: &str, columns: &[&str], rows: usize) -> String {
    let mut text = insert_text(table, columns);
    for row in 1..rows {
        let places = (1..=columns.len()).map(|n| format!("${}", row * columns.len() + n));
        text.push_str(&format!(", ({})", places.collect::<Vec<_>>().join(", ")));
    }
    text
}

/// Inserts `rows` of `columns` with few statements; `tail` says what happens to those that are there already (`ON CONFLICT ...`),
/// and may change a row only once per call. How many rows were inserted or changed. Cost: a statement per 128 rows, and one for
/// each power of two in the rest.
pub(crate) async fn put(
    tx: &mut Tx,
    table: &str,
    columns: &[&str],
    rows: Vec<Vec<Value>>,
    tail: &str,
) -> Result<u64, StoreError> {
    let (mut changed, mut left) = (0, rows.len());
    let mut rows = rows.into_iter();
    while let Some(some) = at_once(left) {
        let text = format!("{} {tail}", text_of(table, columns, some));
        let statement = composed(text).kept().bind_all(rows.by_ref().take(some).flatten());
        changed += tx.execute(statement).await?;
        left -= some;
    }
    Ok(changed)
}

/// How many of so many rows go into the next statement: the largest power of two, at most [`ROWS_MAX`]; `None` of none.
fn at_once(left: usize) -> Option<usize> {
    left.checked_ilog2().map(|power| (1 << power).min(ROWS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_takes_few_texts() {
        for rows in 0..1_000 {
            let (mut left, mut statements) = (rows, 0);
            while let Some(some) = at_once(left) {
                assert!(some.is_power_of_two() && some <= ROWS_MAX);
                (left, statements) = (left - some, statements + 1);
            }
            assert!(
                left == 0 && statements <= rows / ROWS_MAX + 7,
                "{statements} statements for {rows} rows"
            );
        }
        assert_eq!(text_of("t", &["a", "b"], 2), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
    }
}

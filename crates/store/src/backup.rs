//! Backup and restore in one portable file: a backup of SQLite can be restored into PostgreSQL and the other way round.
//!
//! JSON lines: a head, per table a line with its name and columns followed by its rows, and an end with the number of
//! rows and the SHA-256 of every byte before it. All tables are read in one snapshot, beside running writers. A restore
//! goes into a database without rows, as one transaction. Sealed secrets stay sealed: their key is not in the file.
//!
//! Reads and writes the file on the calling thread: for the command line.

use std::io::{BufRead, Write};

use futures_util::TryStreamExt as _;
use ring::digest::{Context, SHA256};
use serde_json::{Value as Json, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::backend::{Backend, Engine};
use crate::bulk;
use crate::catalog::{Kind, Table, tables};
use crate::error::StoreError;
use crate::migrate::newest;
use crate::options::Class;
use crate::row::Row;
use crate::statement::composed;
use crate::store::Store;
use crate::tables::trades;
use crate::tx::Tx;
use crate::value::{Ts, Value};

/// The version of the file's form.
const FORM: i64 = 1;
/// Rows that are inserted at once.
const ROWS_AT_ONCE: usize = 2_000;
/// Longest line that is read: a row with a large report in it.
const LINE_MAX: usize = 64 * 1024 * 1024;

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Contents {
    /// The version of the schema it was made with.
    pub schema: i64,
    /// The engine it was made from.
    pub engine: String,
    /// When it was made.
    pub made_at: Ts,
    /// Rows of all tables.
    pub rows: u64,
    /// Rows per table.
    pub tables: Vec<(String, u64)>,
}

fn damaged(why: impl std::fmt::Display) -> StoreError {
    StoreError::Unfit(format!("the backup is damaged: {why}"))
}

fn unwritable(error: &std::io::Error) -> StoreError {
    StoreError::Unfit(format!("the backup cannot be written: {error}"))
}

/// Writes a backup.
///
/// # Errors
/// `Unfit` when the file cannot be written; failures of the database.
pub async fn write(store: &Store, out: &mut (dyn Write + Send), now: Ts) -> Result<Contents, StoreError> {
    write_some(store, &tables(), "", out, now).await
}

/// Writes some tables, of each the rows under a condition (` WHERE ...`), in one snapshot.
pub(crate) async fn write_some(
    store: &Store,
    tables: &[Table],
    condition: &str,
    out: &mut (dyn Write + Send),
    now: Ts,
) -> Result<Contents, StoreError> {
    let mut file = Hashed { out, hash: Context::new(&SHA256) };
    let engine = store.engine().name().to_owned();
    let head = json!({ "tradewind_backup": FORM, "schema": newest(), "engine": engine, "made_at": now.0 });
    file.line(&head)?;
    let mut contents = Contents { schema: newest(), engine, made_at: now, rows: 0, tables: Vec::new() };
    match store.backend() {
        Backend::Sqlite(sqlite) => {
            let mut connection = sqlite.maintenance().await?;
            connection.execute("BEGIN").await?;
            for table in tables {
                let mut rows = sqlx::query(AssertSqlSafe(select(table, condition))).fetch(&mut connection);
                let mut count = 0;
                file.table(table)?;
                while let Some(row) = rows.try_next().await? {
                    file.row(table, &Row::Sqlite(row))?;
                    count += 1;
                }
                contents.tables.push((table.name.clone(), count));
            }
            connection.close().await?;
        }
        Backend::Postgres(postgres) => {
            let mut connection = postgres.pool(Class::Maintenance).begin().await?;
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
            for table in tables {
                let mut rows = sqlx::query(AssertSqlSafe(select(table, condition))).fetch(&mut *connection);
                let mut count = 0;
                file.table(table)?;
                while let Some(row) = rows.try_next().await? {
                    file.row(table, &Row::Postgres(row))?;
                    count += 1;
                }
                contents.tables.push((table.name.clone(), count));
            }
            connection.rollback().await?;
        }
    }
    contents.rows = contents.tables.iter().map(|(_, rows)| rows).sum();
    file.end(contents.rows)?;
    Ok(contents)
}

fn select(table: &Table, condition: &str) -> String {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    format!("SELECT {} FROM {}{condition}", columns.join(", "), table.name)
}

/// A file and the hash of what went into it.
struct Hashed<'o> {
    out: &'o mut (dyn Write + Send),
    hash: Context,
}

impl Hashed<'_> {
    fn line(&mut self, value: &Json) -> Result<(), StoreError> {
        let text = format!("{value}\n");
        self.hash.update(text.as_bytes());
        self.out.write_all(text.as_bytes()).map_err(|error| unwritable(&error))
    }

    fn table(&mut self, table: &Table) -> Result<(), StoreError> {
        let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
        self.line(&json!({ "table": table.name, "columns": columns }))
    }

    fn row(&mut self, table: &Table, row: &Row) -> Result<(), StoreError> {
        let values: Result<Vec<Json>, StoreError> =
            table.columns.iter().map(|(name, kind)| Ok(to_json(kind.read(row, name)?))).collect();
        self.line(&Json::Array(values?))
    }

    fn end(self, rows: u64) -> Result<(), StoreError> {
        let hash = hex(self.hash.finish().as_ref());
        let text = format!("{}\n", json!({ "end": true, "rows": rows, "sha256": hash }));
        self.out.write_all(text.as_bytes()).map_err(|error| unwritable(&error))?;
        self.out.flush().map_err(|error| unwritable(&error))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

fn to_json(value: Value) -> Json {
    match value {
        Value::Bool(v) => v.into(),
        Value::Int(v) => v.into(),
        // As text: the shortest that gives the same number back.
        Value::Real(v) => v.map(|v| format!("{v:?}")).into(),
        Value::Text(v) => v.into(),
        Value::Bytes(v) => v.map(|v| hex(&v)).into(),
        Value::Id(v) => v.map(|v| v.to_string()).into(),
        Value::Amount(v) => v.map(|v| v.to_string()).into(),
        Value::Ts(v) => v.map(|v| v.0).into(),
    }
}

fn of_json(kind: Kind, json: &Json) -> Option<Value> {
    let text = json.as_str();
    Some(match kind {
        Kind::Bool if json.is_null() => Value::Bool(None),
        Kind::Bool => Value::Bool(Some(json.as_bool()?)),
        Kind::Int if json.is_null() => Value::Int(None),
        Kind::Int => Value::Int(Some(json.as_i64()?)),
        Kind::Ts if json.is_null() => Value::Ts(None),
        Kind::Ts => Value::Ts(Some(Ts(json.as_i64()?))),
        Kind::Real if json.is_null() => Value::Real(None),
        Kind::Real => Value::Real(Some(text?.parse().ok()?)),
        Kind::Text if json.is_null() => Value::Text(None),
        Kind::Text => Value::Text(Some(text?.to_owned())),
        Kind::Bytes if json.is_null() => Value::Bytes(None),
        Kind::Bytes => Value::Bytes(Some(unhex(text?)?)),
        Kind::Id if json.is_null() => Value::Id(None),
        Kind::Id => Value::Id(Some(text?.parse().ok()?)),
        Kind::Amount if json.is_null() => Value::Amount(None),
        Kind::Amount => Value::Amount(Some(text?.parse().ok()?)),
    })
}

/// One line of a backup.
enum Line {
    Table(Table),
    Row(Vec<Value>),
    End,
}

/// Reads a backup line by line and checks it on the way.
struct Lines<R> {
    input: R,
    hash: Option<Context>,
    head: Contents,
    table: Option<Table>,
    known: Vec<Table>,
}

impl<R: BufRead> Lines<R> {
    fn open(mut input: R) -> Result<Self, StoreError> {
        let mut hash = Context::new(&SHA256);
        let text = line_of(&mut input)?;
        let head: Json = serde_json::from_str(&text).map_err(damaged)?;
        if head["tradewind_backup"] != FORM {
            return Err(damaged("it does not begin like a backup of this program"));
        }
        hash.update(text.as_bytes());
        let number =
            |name: &str| head[name].as_i64().ok_or_else(|| damaged(format!("no {name} in its head")));
        let schema = number("schema")?;
        if schema > newest() {
            return Err(StoreError::Unfit(format!(
                "the backup has schema version {schema}, newer than this program's {}",
                newest()
            )));
        }
        let engine = head["engine"].as_str().unwrap_or_default().to_owned();
        let head = Contents { schema, engine, made_at: Ts(number("made_at")?), rows: 0, tables: Vec::new() };
        Ok(Self { input, hash: Some(hash), head, table: None, known: tables() })
    }

    fn next(&mut self) -> Result<Line, StoreError> {
        let text = line_of(&mut self.input)?;
        let json: Json = serde_json::from_str(&text).map_err(damaged)?;
        if json["end"] == true {
            let hash = self.hash.take().map(|hash| hex(hash.finish().as_ref())).unwrap_or_default();
            if json["sha256"] != hash {
                return Err(damaged("its checksum is wrong"));
            }
            return if json["rows"] == self.head.rows {
                Ok(Line::End)
            } else {
                Err(damaged("rows are missing"))
            };
        }
        if let Some(hash) = &mut self.hash {
            hash.update(text.as_bytes());
        }
        match &json {
            Json::Array(values) => self.row(values),
            other => self.next_table(other),
        }
    }

    fn row(&mut self, values: &[Json]) -> Result<Line, StoreError> {
        let table = self.table.as_ref().filter(|table| table.columns.len() == values.len());
        let table = table.ok_or_else(|| damaged("a row does not fit its table"))?;
        let read = |((name, kind), json): (&(String, Kind), &Json)| {
            of_json(*kind, json).ok_or_else(|| damaged(format!("{}.{name} cannot be read", table.name)))
        };
        let values = table.columns.iter().zip(values).map(read).collect::<Result<Vec<_>, _>>()?;
        self.head.rows += 1;
        if let Some((_, count)) = self.head.tables.last_mut() {
            *count += 1;
        }
        Ok(Line::Row(values))
    }

    fn next_table(&mut self, json: &Json) -> Result<Line, StoreError> {
        let name = json["table"].as_str().ok_or_else(|| damaged("a line is neither a table nor a row"))?;
        let known = self.known.iter().find(|table| table.name == name);
        let known = known.ok_or_else(|| damaged(format!("there is no table {name}")))?;
        let kind = |column: &Json| {
            let column = known.columns.iter().find(|(name, _)| column == name.as_str());
            column.cloned().ok_or_else(|| damaged(format!("{name} has no such column")))
        };
        let columns =
            json["columns"].as_array().into_iter().flatten().map(kind).collect::<Result<Vec<_>, _>>()?;
        let table = Table { name: name.to_owned(), columns };
        self.head.tables.push((name.to_owned(), 0));
        self.table = Some(table.clone());
        Ok(Line::Table(table))
    }
}

fn line_of(input: &mut impl BufRead) -> Result<String, StoreError> {
    let mut text = String::new();
    let read = std::io::Read::take(&mut *input, LINE_MAX as u64).read_line(&mut text).map_err(damaged)?;
    if read == 0 || !text.ends_with('\n') {
        return Err(damaged("it ends too early"));
    }
    Ok(text)
}

/// Checks a backup without touching a database.
///
/// # Errors
/// `Unfit` with what is wrong.
pub fn verify(input: impl BufRead) -> Result<Contents, StoreError> {
    let mut lines = Lines::open(input)?;
    while !matches!(lines.next()?, Line::End) {}
    Ok(lines.head)
}

/// Puts a backup into a database that has no rows yet, as a whole or not at all. Check it with [`verify`] first.
///
/// # Errors
/// `Unfit` for a damaged backup or a database that is not empty; failures of the database.
pub async fn restore(store: &Store, input: impl BufRead + Send + 'static) -> Result<Contents, StoreError> {
    let lines = Lines::open(input)?;
    let engine = store.engine();
    store.write_as(Class::Maintenance, move |tx| Box::pin(fill(tx, lines, engine))).await
}

async fn fill<R: BufRead + Send>(
    tx: &mut Tx,
    lines: Lines<R>,
    engine: Engine,
) -> Result<Contents, StoreError> {
    for table in tables() {
        let rows = if table.name == "audit_head" { "WHERE seq > 0" } else { "" };
        let text = format!("SELECT count(*) AS n FROM {} {rows}", table.name);
        if tx.one("count", composed(text)).await?.count("n")? > 0 {
            return Err(StoreError::Unfit(format!(
                "table {} has rows; restore into a new database",
                table.name
            )));
        }
    }
    tx.execute(composed("DELETE FROM audit_head".to_owned())).await?;
    pour(tx, lines, engine, None).await
}

/// Puts rows of one table into a database that has others already, as a whole or not at all.
pub(crate) async fn add(
    store: &Store,
    input: impl BufRead + Send + 'static,
    only: &'static str,
) -> Result<Contents, StoreError> {
    let lines = Lines::open(input)?;
    let engine = store.engine();
    store.write_as(Class::Maintenance, move |tx| Box::pin(pour(tx, lines, engine, Some(only)))).await
}

async fn pour<R: BufRead + Send>(
    tx: &mut Tx,
    mut lines: Lines<R>,
    engine: Engine,
    only: Option<&str>,
) -> Result<Contents, StoreError> {
    let (mut table, mut rows): (Option<Table>, Vec<Vec<Value>>) = (None, Vec::new());
    loop {
        let line = lines.next()?;
        if rows.len() >= ROWS_AT_ONCE || !matches!(line, Line::Row(_)) {
            put(tx, table.as_ref(), std::mem::take(&mut rows), engine).await?;
        }
        match line {
            Line::Row(values) => rows.push(values),
            Line::Table(next) if only.is_some_and(|only| only != next.name) => {
                return Err(StoreError::Unfit(format!("the file holds {}, too: it is a backup", next.name)));
            }
            Line::Table(next) => table = Some(next),
            Line::End => return Ok(lines.head),
        }
    }
}

async fn put(
    tx: &mut Tx,
    table: Option<&Table>,
    rows: Vec<Vec<Value>>,
    engine: Engine,
) -> Result<(), StoreError> {
    let Some(table) = table else { return Ok(()) };
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    if table.name == "trades" && engine == Engine::Postgres {
        let at = columns.iter().position(|name| *name == "created_at");
        let moments: Vec<Ts> = rows
            .iter()
            .filter_map(|row| match row.get(at?) {
                Some(Value::Ts(moment)) => *moment,
                _ => None,
            })
            .collect();
        trades::make_partitions(tx, moments.into_iter()).await?;
    }
    bulk::insert(tx, &table.name, &columns, rows).await?;
    Ok(())
}

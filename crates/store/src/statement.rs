//! A statement: one SQL text with `$n` for both engines, and its values.

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, SqlStr};

use crate::error::StoreError;
use crate::value::Value;

/// SQL and its values.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: SqlStr,
    pub(crate) values: Vec<Value>,
    /// False for texts that are made at run time and hardly come again: not worth a prepared statement.
    pub(crate) kept: bool,
}

/// A statement with a fixed text.
pub(crate) fn sql(text: &'static str) -> Statement {
    Statement { sql: SqlStr::from_static(text), values: Vec::new(), kept: true }
}

/// A statement with a text put together from constants and numbers of placeholders: never from input.
pub(crate) fn composed(text: String) -> Statement {
    let sql = sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(text));
    Statement { sql, values: Vec::new(), kept: false }
}

impl Statement {
    /// Adds the next value.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Adds several values.
    pub(crate) fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.values.extend(values);
        self
    }

    /// Keeps it prepared although its text is put together: it comes again and again.
    pub(crate) const fn kept(mut self) -> Self {
        self.kept = true;
        self
    }

    pub(crate) fn text(&self) -> &str {
        self.sql.as_str()
    }
}

/// The values for SQLite.
pub(crate) fn for_sqlite(values: Vec<Value>) -> Result<SqliteArguments, StoreError> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Bool(v) => Arguments::add(&mut arguments, v),
            Value::Int(v) => Arguments::add(&mut arguments, v),
            Value::Real(v) => Arguments::add(&mut arguments, v),
            Value::Text(v) => Arguments::add(&mut arguments, v),
            Value::Bytes(v) => Arguments::add(&mut arguments, v),
            Value::Id(v) => Arguments::add(&mut arguments, v),
            Value::Amount(v) => Arguments::add(&mut arguments, v),
            Value::Ts(v) => Arguments::add(&mut arguments, v),
        }
        .map_err(|error| StoreError::NotAllowed { why: error.to_string() })?;
    }
    Ok(arguments)
}

/// The values for PostgreSQL.
pub(crate) fn for_postgres(values: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Bool(v) => Arguments::add(&mut arguments, v),
            Value::Int(v) => Arguments::add(&mut arguments, v),
            Value::Real(v) => Arguments::add(&mut arguments, v),
            Value::Text(v) => Arguments::add(&mut arguments, v),
            Value::Bytes(v) => Arguments::add(&mut arguments, v),
            Value::Id(v) => Arguments::add(&mut arguments, v),
            Value::Amount(v) => Arguments::add(&mut arguments, v),
            Value::Ts(v) => Arguments::add(&mut arguments, v),
        }
        .map_err(|error| StoreError::NotAllowed { why: error.to_string() })?;
    }
    Ok(arguments)
}

/// What a statement does and to which table, for counters: labels with few values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape<'s> {
    pub(crate) kind: &'static str,
    pub(crate) table: &'s str,
}

/// Reads the shape off the text: its first word, and the first name after FROM, INTO, UPDATE, TABLE or ON.
pub(crate) fn shape(text: &str) -> Shape<'_> {
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';'));
    let mut words = words.by_ref().filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let is = |word: &str, expected: &str| word.eq_ignore_ascii_case(expected);
    let kinds = ["select", "insert", "update", "delete", "with", "copy", "explain"];
    let kind = kinds.into_iter().find(|kind| is(first, kind)).unwrap_or("other");
    let plain = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    let mut table = if matches!(kind, "update" | "copy") { words.next() } else { None };
    while table.is_none() {
        let Some(word) = words.next() else { break };
        if ["from", "into", "update", "table", "on"].iter().any(|before| is(word, before)) {
            table = words.next();
        }
    }
    Shape { kind, table: table.filter(|table| plain(table)).unwrap_or("none") }
}

/// The text as it may be logged: literals masked, white space folded, cut. Values never are in it.
pub(crate) fn masked(text: &str, length_max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(length_max));
    let (mut quoted, mut number, mut space) = (false, false, false);
    for c in text.chars() {
        if out.len() >= length_max {
            out.push('…');
            break;
        }
        let inside_name = out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$')) && !space;
        let digit = c.is_ascii_digit() || c == '.';
        if quoted {
            quoted = c != '\'';
            continue;
        }
        if number && digit {
            continue;
        }
        number = c.is_ascii_digit() && !inside_name;
        quoted = c == '\'';
        if c.is_whitespace() {
            space = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        out.push(if number || quoted { '?' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_read_off_the_text() {
        let of = |text| (shape(text).kind, shape(text).table);
        assert_eq!(of("SELECT a, b\n FROM users WHERE x = $1"), ("select", "users"));
        assert_eq!(of("INSERT INTO orders(a) VALUES ($1)"), ("insert", "orders"));
        assert_eq!(of("UPDATE bots SET a = 1"), ("update", "bots"));
        assert_eq!(of("DELETE FROM sessions"), ("delete", "sessions"));
        assert_eq!(of("CREATE INDEX i ON trades (a)"), ("other", "trades"));
        assert_eq!(of("SELECT 1"), ("select", "none"));
        assert_eq!(of("PRAGMA optimize"), ("other", "none"));
    }

    #[test]
    fn literals_do_not_reach_the_log() {
        assert_eq!(
            masked("SELECT  a\n FROM t WHERE b = 'secret' AND c = 42", 500),
            "SELECT a FROM t WHERE b = ? AND c = ?"
        );
        assert_eq!(masked("SELECT $1, trades_y2026m11", 500), "SELECT $1, trades_y2026m11");
        assert_eq!(masked("SELECT a FROM t", 6), "SELECT…");
    }
}

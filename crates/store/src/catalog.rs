//! The tables, their columns and what each holds, read from PostgreSQL's migrations: there every type has a name of its
//! own (SQLite has one for several). A test compares the result with both engines.

use crate::error::StoreError;
use crate::migrate::VERSIONS;
use crate::row::Row;
use crate::value::Value;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int,
    Real,
    Text,
    Bytes,
    Id,
    Amount,
    Ts,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, Kind)>,
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word.trim_end_matches([',', ';']) {
            "BOOLEAN" => Self::Bool,
            "BIGINT" => Self::Int,
            "DOUBLE" => Self::Real,
            "TEXT" => Self::Text,
            "BYTEA" => Self::Bytes,
            "UUID" => Self::Id,
            "NUMERIC" => Self::Amount,
            "TIMESTAMPTZ" => Self::Ts,
            _ => return None,
        })
    }

    /// Reads a column of this kind.
    pub(crate) fn read(self, row: &Row, column: &str) -> Result<Value, StoreError> {
        Ok(match self {
            Self::Bool => Value::Bool(row.maybe(column)?),
            Self::Int => Value::Int(row.maybe(column)?),
            Self::Real => Value::Real(row.maybe(column)?),
            Self::Text => Value::Text(row.maybe(column)?),
            Self::Bytes => Value::Bytes(row.maybe(column)?),
            Self::Id => Value::Id(row.maybe(column)?),
            Self::Amount => Value::Amount(row.maybe(column)?),
            Self::Ts => Value::Ts(row.maybe(column)?),
        })
    }
}

/// All tables, those that others refer to first.
pub(crate) fn tables() -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for line in VERSIONS.iter().flat_map(|version| version.postgres.lines()) {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            let name = rest.split([' ', '(']).next().unwrap_or_default().to_owned();
            tables.push(Table { name, columns: Vec::new() });
        } else if let Some(rest) = line.strip_prefix("ALTER TABLE ") {
            let words: Vec<&str> = rest.split_whitespace().collect();
            let [name, "ADD", "COLUMN", column, kind, ..] = words[..] else { continue };
            let table = tables.iter_mut().find(|table| table.name == name);
            if let (Some(table), Some(kind)) = (table, Kind::of(kind)) {
                table.columns.push((column.to_owned(), kind));
            }
        } else if let Some((column, kind)) = column_of(line)
            && let Some(table) = tables.last_mut()
        {
            table.columns.push((column, kind));
        }
    }
    tables
}

/// `    name TYPE ...` inside a table's definition. The body of a function is no such line: its types stand second, too,
/// but are followed by `:=`.
fn column_of(line: &str) -> Option<(String, Kind)> {
    let rest = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' '))?;
    let mut words = rest.split_whitespace();
    let (name, kind) = (words.next()?, Kind::of(words.next()?)?);
    let is_name = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (is_name && !rest.contains(":=")).then(|| (name.to_owned(), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_read_from_the_migrations() {
        let tables = tables();
        let column = |table: &str, column: &str| {
            let table = tables.iter().find(|t| t.name == table).unwrap();
            table.columns.iter().find(|(name, _)| name == column).unwrap().1
        };
        assert_eq!(column("users", "id"), Kind::Id);
        assert_eq!(column("users", "active"), Kind::Bool);
        assert_eq!(column("trades", "pnl"), Kind::Amount);
        assert_eq!(column("predictions", "value"), Kind::Real);
        assert_eq!(column("audit_log", "hash"), Kind::Bytes);
        assert_eq!(column("jobs", "run_after"), Kind::Ts);
        let place = |name: &str| tables.iter().position(|t| t.name == name).unwrap();
        assert!(place("users") < place("accounts") && place("accounts") < place("orders"));
    }
}

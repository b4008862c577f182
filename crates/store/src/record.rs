//! Rows as structures: the columns of a table are written down once, and reading, inserting and selecting follow.
//!
//! `record!` declares a structure whose fields are the table's columns; `words!` declares a closed set of words that a
//! column holds. Both only spare repetition: there is no mapping beyond name to name.

use uuid::Uuid;

use crate::error::StoreError;
use crate::row::Row;
use crate::statement::{Statement, composed};
use crate::value::{Amount, Ts, Value};

/// A field that a column holds.
pub(crate) trait Stored: Sized {
    /// Reads it.
    fn read(row: &Row, column: &str) -> Result<Self, StoreError>;
    /// The value to be bound.
    fn value(&self) -> Value;
}

macro_rules! stored {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(
            impl Stored for $type {
                fn read(row: &Row, column: &str) -> Result<Self, StoreError> {
                    row.get(column)
                }
                fn value(&self) -> Value {
                    Value::$variant(Some(self.clone()))
                }
            }
            impl Stored for Option<$type> {
                fn read(row: &Row, column: &str) -> Result<Self, StoreError> {
                    row.maybe(column)
                }
                fn value(&self) -> Value {
                    Value::$variant(self.clone())
                }
            }
        )*
    };
}
stored!(
    bool => Bool, i64 => Int, f64 => Real, String => Text, Vec<u8> => Bytes, Uuid => Id, Amount => Amount, Ts => Ts
);

/// `INSERT INTO table (columns) VALUES ($1, ...)` without its values.
pub(crate) fn insert_text(table: &str, columns: &[&str]) -> String {
    let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "))
}

/// The end of an insert that changes `updated` columns of the row that is there already.
pub(crate) fn changing(key: &str, updated: &[&str]) -> String {
    let sets: Vec<String> = updated.iter().map(|column| format!("{column} = excluded.{column}")).collect();
    format!("ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "))
}

/// An insert that changes `updated` columns of the row that is there already.
pub(crate) fn upsert(
    table: &str,
    columns: &[&str],
    key: &str,
    updated: &[&str],
    values: Vec<Value>,
) -> Statement {
    let text = format!("{} {}", insert_text(table, columns), changing(key, updated));
    let mut statement = composed(text).kept();
    statement.values = values;
    statement
}

/// Declares a structure and how it is stored.
macro_rules! record {
    (
        $(#[$doc:meta])*
        pub struct $name:ident in $table:literal {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        #[allow(dead_code, reason = "not every table needs each of them")]
        impl $name {
            pub(crate) const TABLE: &'static str = $table;
            pub(crate) const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

            pub(crate) fn of(row: &crate::row::Row) -> Result<Self, crate::error::StoreError> {
                Ok(Self { $($field: crate::record::Stored::read(row, stringify!($field))?,)* })
            }

            pub(crate) fn all_of(rows: &[crate::row::Row]) -> Result<Vec<Self>, crate::error::StoreError> {
                rows.iter().map(Self::of).collect()
            }

            pub(crate) fn values(&self) -> Vec<crate::value::Value> {
                vec![$(crate::record::Stored::value(&self.$field)),*]
            }

            /// `INSERT` of this row.
            pub(crate) fn insert(&self) -> crate::statement::Statement {
                let text = crate::record::insert_text(Self::TABLE, Self::COLUMNS);
                crate::statement::composed(text).kept().bind_all(self.values())
            }

            /// `SELECT` of all columns, and the rest of the statement.
            pub(crate) fn select(rest: &str) -> crate::statement::Statement {
                let text = format!("SELECT {} FROM {} {rest}", Self::COLUMNS.join(", "), Self::TABLE);
                crate::statement::composed(text).kept()
            }
        }
    };
}
pub(crate) use record;

/// Declares a closed set of words.
macro_rules! words {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($(#[$word_doc:meta])* $variant:ident = $word:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$word_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the database and in JSON.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().copied().find(|one| one.word() == word);
                found.ok_or_else(|| format!("is not one of {}", [$($word),*].join(", ")))
            }
        }

        impl crate::record::Stored for $name {
            fn read(row: &crate::row::Row, column: &str) -> Result<Self, crate::error::StoreError> {
                row.parsed(column)
            }
            fn value(&self) -> crate::value::Value {
                self.word().into()
            }
        }

        impl From<$name> for crate::value::Value {
            fn from(word: $name) -> Self {
                word.word().into()
            }
        }
    };
}
pub(crate) use words;

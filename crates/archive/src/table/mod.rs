//! Rows as columns: each kind of series has one table, its schema, and the way between rows and Arrow record batches.
//!
//! Column 0 is always the time that orders the rows. Prices and quantities are 64-bit integers whose decimals stand in the
//! field's metadata (`scale`), quote volumes are Arrow decimals; so pandas, Polars or DuckDB can read the files too.

pub(crate) mod bars;
pub(crate) mod book;
pub(crate) mod prints;

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampNanosecondType, UInt64Type};
use arrow_array::{Array as _, ArrayRef, Int64Array, RecordBatch, TimestampNanosecondArray, UInt64Array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};
use types::Time;

use crate::manifest::{Layout, Scales};
use crate::series::Kind;

/// What can be stored as a row.
pub(crate) trait Row: Clone + Sized {
    /// What orders the rows.
    fn at(&self) -> Time;

    /// The least layout that holds it.
    fn layout(&self) -> Layout;

    /// Price levels in it.
    fn levels(&self) -> usize {
        0
    }

    /// True if `other` says the same.
    fn same(&self, other: &Self) -> bool;

    /// True if at most one row may stand at a time, so that two series of rows can be put together row by row.
    const KEYED: bool;

    /// The columns.
    fn schema(layout: Layout, scales: Scales) -> SchemaRef;

    /// Rows to columns; what does not fit the columns is told.
    fn encode(rows: &[Self], layout: Layout, schema: &SchemaRef) -> Result<RecordBatch, String>;

    /// Columns to rows; `None` for a batch of another schema.
    fn decode(batch: &RecordBatch, kind: Kind, into: &mut Vec<Self>) -> Option<()>;

    /// For messages: what a row is called and what it says.
    fn describe(&self) -> String;
}

pub(crate) fn time_field(name: &str) -> Field {
    Field::new(name, DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), false)
}

pub(crate) fn scaled_field(name: &str, scale: u8) -> Field {
    let metadata = HashMap::from([("scale".to_owned(), scale.to_string())]);
    Field::new(name, DataType::Int64, false).with_metadata(metadata)
}

pub(crate) fn counter_field(name: &str) -> Field {
    Field::new(name, DataType::UInt64, false)
}

pub(crate) fn times(values: impl Iterator<Item = Time>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from_iter_values(values.map(|t| t.0)).with_timezone("UTC"))
}

pub(crate) fn integers(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

pub(crate) fn counters(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(UInt64Array::from_iter_values(values))
}

/// The times of a column.
pub(crate) fn time_column(batch: &RecordBatch, at: usize) -> Option<ScalarBuffer<i64>> {
    let column = batch.columns().get(at)?.as_primitive_opt::<TimestampNanosecondType>()?;
    (column.null_count() == 0).then(|| column.values().clone())
}

/// The integers of a column.
pub(crate) fn integer_column(batch: &RecordBatch, at: usize) -> Option<ScalarBuffer<i64>> {
    let column = batch.columns().get(at)?.as_primitive_opt::<Int64Type>()?;
    (column.null_count() == 0).then(|| column.values().clone())
}

/// The unsigned integers of a column.
pub(crate) fn counter_column(batch: &RecordBatch, at: usize) -> Option<ScalarBuffer<u64>> {
    let column = batch.columns().get(at)?.as_primitive_opt::<UInt64Type>()?;
    (column.null_count() == 0).then(|| column.values().clone())
}

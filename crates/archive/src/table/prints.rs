//! Public trades as columns: when they came in, when they happened, and what. price × quantity is not stored: it is exact.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use types::{Money, Price, Print, Qty, Time, TradeId};

use super::{
    Row, counter_column, counter_field, counters, integer_column, integers, scaled_field, time_column,
    time_field, times,
};
use crate::manifest::{Layout, Scales};
use crate::series::Kind;

/// A public trade with the time it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PrintRow {
    /// When it was received; of an archive without such a time, when it happened.
    pub(crate) at: Time,
    /// Its place among what came at the same time, over all series of a recording.
    pub(crate) seq: u64,
    pub(crate) print: Print,
}

impl Row for PrintRow {
    const KEYED: bool = false;

    fn at(&self) -> Time {
        self.at
    }

    fn layout(&self) -> Layout {
        Layout::Full
    }

    fn same(&self, other: &Self) -> bool {
        self.at == other.at && self.print == other.print
    }

    fn schema(_: Layout, scales: Scales) -> SchemaRef {
        Arc::new(Schema::new(vec![
            time_field("received"),
            counter_field("seq"),
            time_field("time"),
            counter_field("id"),
            scaled_field("price", scales.price),
            scaled_field("qty", scales.base),
            Field::new("buyer_is_maker", DataType::Boolean, false),
        ]))
    }

    fn encode(rows: &[Self], _: Layout, schema: &SchemaRef) -> Result<RecordBatch, String> {
        let makers: Vec<bool> = rows.iter().map(|r| r.print.buyer_is_maker).collect();
        let columns: Vec<ArrayRef> = vec![
            times(rows.iter().map(|r| r.at)),
            counters(rows.iter().map(|r| r.seq)),
            times(rows.iter().map(|r| r.print.at)),
            counters(rows.iter().map(|r| r.print.id.0)),
            integers(rows.iter().map(|r| r.print.price.0)),
            integers(rows.iter().map(|r| r.print.qty.0)),
            Arc::new(BooleanArray::from(makers)),
        ];
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| error.to_string())
    }

    fn decode(batch: &RecordBatch, _: Kind, into: &mut Vec<Self>) -> Option<()> {
        let (received, seq, time) =
            (time_column(batch, 0)?, counter_column(batch, 1)?, time_column(batch, 2)?);
        let (id, price, qty) =
            (counter_column(batch, 3)?, integer_column(batch, 4)?, integer_column(batch, 5)?);
        let makers = batch.columns().get(6)?.as_boolean_opt()?;
        if makers.null_count() != 0 {
            return None;
        }
        into.extend((0..batch.num_rows()).map(|n| Self {
            at: Time(received[n]),
            seq: seq[n],
            print: Print {
                id: TradeId(id[n]),
                price: Price(price[n]),
                qty: Qty(qty[n]),
                quote: quote(Price(price[n]), Qty(qty[n])),
                buyer_is_maker: makers.value(n),
                at: Time(time[n]),
            },
        }));
        Some(())
    }

    fn describe(&self) -> String {
        format!("trade {}", self.print.id)
    }
}

/// price × quantity: exact, because the quote scale is the sum of the other two.
pub(crate) fn quote(price: Price, qty: Qty) -> Money {
    Money(i128::from(price.0) * i128::from(qty.0))
}

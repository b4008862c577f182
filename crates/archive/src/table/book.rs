//! Book events as columns: one row per event, its levels in list columns.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, UInt8Type};
use arrow_array::{ArrayRef, Int64Array, ListArray, RecordBatch, UInt8Array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use types::depth::{DepthDiff, DepthSnapshot, Level};
use types::{MarketNews, Price, Qty, Time};

use super::{Row, counter_column, counter_field, counters, scaled_field, time_column, time_field, times};
use crate::manifest::{Layout, Scales};
use crate::series::Kind;

/// A change of a book with the time it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BookRow {
    pub(crate) at: Time,
    /// Its place among what came at the same time, over all series of a recording.
    pub(crate) seq: u64,
    pub(crate) news: BookNews,
}

/// What a book's feed says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BookNews {
    Snapshot(DepthSnapshot),
    Diff(DepthDiff),
    Best { update: u64, bid: Level, ask: Level },
}

const SNAPSHOT: u8 = 0;
const DIFF: u8 = 1;
const BEST: u8 = 2;

impl BookNews {
    pub(crate) fn into_market_news(self) -> MarketNews {
        match self {
            Self::Snapshot(snapshot) => MarketNews::Snapshot(snapshot),
            Self::Diff(diff) => MarketNews::Diff(diff),
            Self::Best { update, bid, ask } => MarketNews::Best { update, bid, ask },
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Snapshot(_) => SNAPSHOT,
            Self::Diff(_) => DIFF,
            Self::Best { .. } => BEST,
        }
    }

    fn updates(&self) -> (u64, u64) {
        match self {
            Self::Snapshot(snapshot) => (snapshot.last, snapshot.last),
            Self::Diff(diff) => (diff.first, diff.last),
            Self::Best { update, .. } => (*update, *update),
        }
    }

    pub(crate) fn bids(&self) -> &[Level] {
        match self {
            Self::Snapshot(snapshot) => &snapshot.bids,
            Self::Diff(diff) => &diff.bids,
            Self::Best { bid, .. } => std::slice::from_ref(bid),
        }
    }

    pub(crate) fn asks(&self) -> &[Level] {
        match self {
            Self::Snapshot(snapshot) => &snapshot.asks,
            Self::Diff(diff) => &diff.asks,
            Self::Best { ask, .. } => std::slice::from_ref(ask),
        }
    }
}

impl Row for BookRow {
    const KEYED: bool = false;

    fn at(&self) -> Time {
        self.at
    }

    fn layout(&self) -> Layout {
        Layout::Full
    }

    fn levels(&self) -> usize {
        self.news.bids().len() + self.news.asks().len()
    }

    fn same(&self, other: &Self) -> bool {
        self.at == other.at && self.news == other.news
    }

    fn schema(_: Layout, scales: Scales) -> SchemaRef {
        let list = |name: &str, scale| Field::new(name, DataType::List(item(scale)), false);
        Arc::new(Schema::new(vec![
            time_field("received"),
            counter_field("seq"),
            Field::new("kind", DataType::UInt8, false),
            counter_field("first_update"),
            counter_field("last_update"),
            list("bid_price", scales.price),
            list("bid_qty", scales.base),
            list("ask_price", scales.price),
            list("ask_qty", scales.base),
        ]))
    }

    fn encode(rows: &[Self], _: Layout, schema: &SchemaRef) -> Result<RecordBatch, String> {
        let list = |at: usize,
                    side: fn(&BookNews) -> &[Level],
                    pick: fn(&Level) -> i64|
         -> Result<ArrayRef, String> {
            let DataType::List(item) = schema.field(at).data_type() else {
                return Err("not the schema of a book".into());
            };
            let offsets = OffsetBuffer::from_lengths(rows.iter().map(|r| side(&r.news).len()));
            let values =
                Int64Array::from_iter_values(rows.iter().flat_map(|r| side(&r.news).iter().map(pick)));
            let list = ListArray::try_new(Arc::clone(item), offsets, Arc::new(values), None);
            Ok(Arc::new(list.map_err(|error| error.to_string())?))
        };
        let columns: Vec<ArrayRef> = vec![
            times(rows.iter().map(|r| r.at)),
            counters(rows.iter().map(|r| r.seq)),
            Arc::new(UInt8Array::from_iter_values(rows.iter().map(|r| r.news.code()))),
            counters(rows.iter().map(|r| r.news.updates().0)),
            counters(rows.iter().map(|r| r.news.updates().1)),
            list(5, BookNews::bids, |level| level.0.0)?,
            list(6, BookNews::bids, |level| level.1.0)?,
            list(7, BookNews::asks, |level| level.0.0)?,
            list(8, BookNews::asks, |level| level.1.0)?,
        ];
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| error.to_string())
    }

    fn decode(batch: &RecordBatch, _: Kind, into: &mut Vec<Self>) -> Option<()> {
        let (received, seq) = (time_column(batch, 0)?, counter_column(batch, 1)?);
        let codes = batch.columns().get(2)?.as_primitive_opt::<UInt8Type>()?;
        let (first, last) = (counter_column(batch, 3)?, counter_column(batch, 4)?);
        let bids = Levels::new(batch, 5)?;
        let asks = Levels::new(batch, 7)?;
        for n in 0..batch.num_rows() {
            let (bids, asks) = (bids.row(n)?, asks.row(n)?);
            let news = match codes.value(n) {
                SNAPSHOT => BookNews::Snapshot(DepthSnapshot { last: last[n], bids, asks }),
                DIFF => BookNews::Diff(DepthDiff { first: first[n], last: last[n], bids, asks }),
                BEST => BookNews::Best { update: last[n], bid: *bids.first()?, ask: *asks.first()? },
                _ => return None,
            };
            into.push(Self { at: Time(received[n]), seq: seq[n], news });
        }
        Some(())
    }

    fn describe(&self) -> String {
        format!("book update {}", self.news.updates().1)
    }
}

fn item(scale: u8) -> FieldRef {
    Arc::new(scaled_field("item", scale))
}

/// Prices and quantities of one side.
struct Levels<'a> {
    prices: &'a ListArray,
    price_values: &'a [i64],
    qtys: &'a ListArray,
    qty_values: &'a [i64],
}

impl<'a> Levels<'a> {
    fn new(batch: &'a RecordBatch, at: usize) -> Option<Self> {
        let list = |at: usize| batch.columns().get(at)?.as_list_opt::<i32>();
        let (prices, qtys) = (list(at)?, list(at + 1)?);
        let price_values = prices.values().as_primitive_opt::<Int64Type>()?.values();
        let qty_values = qtys.values().as_primitive_opt::<Int64Type>()?.values();
        Some(Self { prices, price_values, qtys, qty_values })
    }

    fn row(&self, n: usize) -> Option<Vec<Level>> {
        let slice = |list: &ListArray, values: &'a [i64]| -> Option<&'a [i64]> {
            let offsets = list.value_offsets();
            let (from, to) = (usize::try_from(offsets[n]).ok()?, usize::try_from(offsets[n + 1]).ok()?);
            values.get(from..to)
        };
        let (prices, qtys) = (slice(self.prices, self.price_values)?, slice(self.qtys, self.qty_values)?);
        if prices.len() != qtys.len() {
            return None;
        }
        Some(prices.iter().zip(qtys).map(|(p, q)| (Price(*p), Qty(*q))).collect())
    }
}

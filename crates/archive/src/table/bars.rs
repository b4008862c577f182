//! Bars as columns. The short layout has what every source gives, the full one also what only venues and trades give.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Decimal128Type;
use arrow_array::{Array as _, ArrayRef, Decimal128Array, RecordBatch};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use types::{Bar, Interval, Money, Price, Qty, Time, TradeId};

use super::{
    Row, counter_column, counter_field, counters, integer_column, integers, scaled_field, time_column,
    time_field, times,
};
use crate::manifest::{Layout, Scales};
use crate::series::Kind;

/// Precision of quote volumes: all of an `i128` that Arrow's decimals hold.
const QUOTE_DIGITS: u8 = 38;

impl Row for Bar {
    const KEYED: bool = true;

    fn at(&self) -> Time {
        self.open_time
    }

    fn layout(&self) -> Layout {
        let bare = self.quote.0 == 0 && self.taker_base.0 == 0 && self.taker_quote.0 == 0 && self.count == 0;
        if bare && self.last_qty.0 == 0 { Layout::Short } else { Layout::Full }
    }

    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn schema(layout: Layout, scales: Scales) -> SchemaRef {
        let mut fields = vec![time_field("open_time")];
        fields.extend(["open", "high", "low", "close"].map(|name| scaled_field(name, scales.price)));
        fields.push(scaled_field("volume", scales.base));
        if layout == Layout::Full {
            let quote = |name| {
                Field::new(name, DataType::Decimal128(QUOTE_DIGITS, scales.quote.cast_signed()), false)
            };
            fields.push(quote("quote_volume"));
            fields.push(scaled_field("taker_buy_volume", scales.base));
            fields.push(quote("taker_buy_quote_volume"));
            fields.extend(["trades", "first_trade", "last_trade"].map(counter_field));
            fields.push(scaled_field("last_qty", scales.base));
        }
        Arc::new(Schema::new(fields))
    }

    fn encode(rows: &[Self], layout: Layout, schema: &SchemaRef) -> Result<RecordBatch, String> {
        let base = |pick: fn(&Self) -> Money| -> Result<ArrayRef, String> {
            let values: Result<Vec<i64>, _> = rows.iter().map(|bar| i64::try_from(pick(bar).0)).collect();
            Ok(integers(values.map_err(|_| "a volume is too large for its scale")?.into_iter()))
        };
        let mut columns = vec![times(rows.iter().map(|b| b.open_time))];
        let prices: [fn(&Self) -> Price; 4] = [|b| b.open, |b| b.high, |b| b.low, |b| b.close];
        columns.extend(prices.map(|pick| integers(rows.iter().map(|b| pick(b).0))));
        columns.push(base(|b| b.volume)?);
        if layout == Layout::Full {
            let quote = |pick: fn(&Self) -> Money| -> Result<ArrayRef, String> {
                let values = Decimal128Array::from_iter_values(rows.iter().map(|b| pick(b).0));
                Ok(Arc::new(values.with_data_type(schema.field(6).data_type().clone())))
            };
            columns.push(quote(|b| b.quote)?);
            columns.push(base(|b| b.taker_base)?);
            columns.push(quote(|b| b.taker_quote)?);
            columns.push(counters(rows.iter().map(|b| b.count)));
            columns.push(counters(rows.iter().map(|b| b.first.0)));
            columns.push(counters(rows.iter().map(|b| b.last.0)));
            columns.push(integers(rows.iter().map(|b| b.last_qty.0)));
        }
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| error.to_string())
    }

    fn decode(batch: &RecordBatch, kind: Kind, into: &mut Vec<Self>) -> Option<()> {
        let Kind::Bars(interval) = kind else { return None };
        let batch = BarBatch::new(batch, interval)?;
        into.extend((0..batch.len()).map(|at| batch.bar(at)));
        Some(())
    }

    fn describe(&self) -> String {
        format!("bar {} open {} close {}", self.open_time.0, self.open.0, self.close.0)
    }
}

/// Consecutive bars as columns; slices are all of the same length. Integers at the instrument's scales.
#[derive(Clone, Debug)]
pub struct BarBatch {
    interval: Interval,
    open_time: ScalarBuffer<i64>,
    open: ScalarBuffer<i64>,
    high: ScalarBuffer<i64>,
    low: ScalarBuffer<i64>,
    close: ScalarBuffer<i64>,
    volume: ScalarBuffer<i64>,
    more: Option<More>,
}

/// Columns of the full layout.
#[derive(Clone, Debug)]
struct More {
    quote: ScalarBuffer<i128>,
    taker_base: ScalarBuffer<i64>,
    taker_quote: ScalarBuffer<i128>,
    count: ScalarBuffer<u64>,
    first: ScalarBuffer<u64>,
    last: ScalarBuffer<u64>,
    last_qty: ScalarBuffer<i64>,
}

impl BarBatch {
    pub(crate) fn new(batch: &RecordBatch, interval: Interval) -> Option<Self> {
        let decimals = |at: usize| -> Option<ScalarBuffer<i128>> {
            let column = batch.columns().get(at)?.as_primitive_opt::<Decimal128Type>()?;
            (column.null_count() == 0).then(|| column.values().clone())
        };
        let more = if batch.num_columns() > 6 {
            Some(More {
                quote: decimals(6)?,
                taker_base: integer_column(batch, 7)?,
                taker_quote: decimals(8)?,
                count: counter_column(batch, 9)?,
                first: counter_column(batch, 10)?,
                last: counter_column(batch, 11)?,
                last_qty: integer_column(batch, 12)?,
            })
        } else {
            None
        };
        Some(Self {
            interval,
            open_time: time_column(batch, 0)?,
            open: integer_column(batch, 1)?,
            high: integer_column(batch, 2)?,
            low: integer_column(batch, 3)?,
            close: integer_column(batch, 4)?,
            volume: integer_column(batch, 5)?,
            more,
        })
    }

    /// The same bars as columns of the short layout; volumes saturate at the range of an `i64`.
    pub(crate) fn of(bars: &[Bar], interval: Interval) -> Self {
        let column = |pick: fn(&Bar) -> i64| ScalarBuffer::from(bars.iter().map(pick).collect::<Vec<i64>>());
        Self {
            interval,
            open_time: column(|b| b.open_time.0),
            open: column(|b| b.open.0),
            high: column(|b| b.high.0),
            low: column(|b| b.low.0),
            close: column(|b| b.close.0),
            volume: column(|b| i64::try_from(b.volume.0).unwrap_or(i64::MAX)),
            more: None,
        }
    }

    /// How long the bars are.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.interval
    }

    /// Number of bars.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open_time.len()
    }

    /// True without a bar.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open_time.is_empty()
    }

    /// Starts of the bars, UTC nanoseconds, rising.
    #[must_use]
    pub fn open_times(&self) -> &[i64] {
        &self.open_time
    }

    /// First prices.
    #[must_use]
    pub fn opens(&self) -> &[i64] {
        &self.open
    }

    /// Highest prices.
    #[must_use]
    pub fn highs(&self) -> &[i64] {
        &self.high
    }

    /// Lowest prices.
    #[must_use]
    pub fn lows(&self) -> &[i64] {
        &self.low
    }

    /// Last prices.
    #[must_use]
    pub fn closes(&self) -> &[i64] {
        &self.close
    }

    /// Base volumes.
    #[must_use]
    pub fn volumes(&self) -> &[i64] {
        &self.volume
    }

    /// The bar at `at`, which must be below [`BarBatch::len`].
    #[must_use]
    #[inline]
    pub fn bar(&self, at: usize) -> Bar {
        let mut bar = Bar {
            interval: self.interval,
            open_time: Time(self.open_time[at]),
            open: Price(self.open[at]),
            high: Price(self.high[at]),
            low: Price(self.low[at]),
            close: Price(self.close[at]),
            volume: Money(i128::from(self.volume[at])),
            quote: Money::ZERO,
            taker_base: Money::ZERO,
            taker_quote: Money::ZERO,
            count: 0,
            first: TradeId(0),
            last: TradeId(0),
            last_qty: Qty::ZERO,
        };
        if let Some(more) = &self.more {
            bar.quote = Money(more.quote[at]);
            bar.taker_base = Money(i128::from(more.taker_base[at]));
            bar.taker_quote = Money(more.taker_quote[at]);
            bar.count = more.count[at];
            bar.first = TradeId(more.first[at]);
            bar.last = TradeId(more.last[at]);
            bar.last_qty = Qty(more.last_qty[at]);
        }
        bar
    }
}

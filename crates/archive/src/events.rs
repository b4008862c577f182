//! Reading trades and book events: both series merged into the order in which they came in.

use types::{MarketEvent, MarketId, MarketNews, Stamped};

use crate::Error;
use crate::file::Cursor;
use crate::series::Kind;
use crate::table::Row;
use crate::table::book::BookRow;
use crate::table::prints::PrintRow;

/// What a market showed, in order of receipt. After an error nothing comes any more.
pub struct Events {
    market: MarketId,
    trades: Rows<PrintRow>,
    books: Rows<BookRow>,
    seq: u64,
    done: bool,
}

/// Rows of one series, a block at a time.
struct Rows<R> {
    cursor: Cursor,
    kind: Kind,
    block: std::vec::IntoIter<R>,
    next: Option<R>,
}

impl<R: Row> Rows<R> {
    fn new(cursor: Cursor, kind: Kind) -> Self {
        Self { cursor, kind, block: Vec::new().into_iter(), next: None }
    }

    /// Makes sure that `next` holds the next row, if there is one.
    fn fill(&mut self) -> Result<(), Error> {
        while self.next.is_none() {
            self.next = self.block.next();
            if self.next.is_some() {
                break;
            }
            let Some(batch) = self.cursor.next() else { break };
            let mut rows = Vec::new();
            R::decode(&batch?, self.kind, &mut rows).ok_or_else(|| self.cursor.odd())?;
            self.block = rows.into_iter();
        }
        Ok(())
    }
}

impl Events {
    pub(crate) fn new(market: MarketId, trades: Cursor, books: Cursor) -> Self {
        Self {
            market,
            trades: Rows::new(trades, Kind::Trades),
            books: Rows::new(books, Kind::Book),
            seq: 0,
            done: false,
        }
    }

    fn pull(&mut self) -> Result<Option<Stamped<MarketEvent>>, Error> {
        self.trades.fill()?;
        self.books.fill()?;
        let trade_first = match (&self.trades.next, &self.books.next) {
            (Some(trade), Some(book)) => (trade.at, trade.seq) <= (book.at, book.seq),
            (trade, _) => trade.is_some(),
        };
        let (at, data) = if trade_first {
            let Some(row) = self.trades.next.take() else { return Ok(None) };
            (row.at, MarketNews::Print(row.print))
        } else {
            let Some(row) = self.books.next.take() else { return Ok(None) };
            (row.at, row.news.into_market_news())
        };
        self.seq += 1;
        Ok(Some(Stamped { at, seq: self.seq, input: MarketEvent { market: self.market, data } }))
    }
}

impl Iterator for Events {
    type Item = Result<Stamped<MarketEvent>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.pull().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

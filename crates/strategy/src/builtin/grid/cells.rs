//! The cells of a grid: what each holds and which order each wants.

use types::wire::{Reader, WireError, Writer};
use types::{Market, Price, Qty, Side};

use crate::Tag;
use crate::builtin::reading::units;

/// The edges of `count` cells between two prices, each on its tick.
pub(super) fn edges(market: &Market, range: (Price, Price), count: usize, geometric: bool) -> Vec<Price> {
    let (low, high) = (range.0.0, range.1.0);
    let edge = |at: usize| {
        if at == 0 || at == count {
            return if at == 0 { range.0 } else { range.1 };
        }
        let share = at as f64 / count as f64;
        let exact = if geometric {
            // A level, not money: it is put on the tick below.
            units(low as f64 * (high as f64 / low as f64).powf(share)).unwrap_or(low)
        } else {
            let part = i128::from(high - low) * at as i128 / count as i128;
            low + i64::try_from(part).unwrap_or(0)
        };
        let tick = market.rules.tick.at(Price(exact)).0.max(1);
        Price(exact - exact.rem_euclid(tick))
    };
    (0..=count).map(edge).collect()
}

/// An order that a cell wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) tag: Tag,
    pub(super) side: Side,
    pub(super) price: Price,
    pub(super) qty: Qty,
}

/// All cells, lowest first.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    edges: Vec<Price>,
    cells: Vec<Cell>,
    qty: i64,
    /// The smallest quantity that can be sold.
    least: i64,
}

/// One step of the ladder; neither number is ever negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    /// Can be sold.
    held: i64,
    /// Is still to be bought.
    missing: i64,
}

impl Cells {
    pub(super) fn new(edges: Vec<Price>, qty: i64, least: i64) -> Self {
        let cells = vec![Cell { held: 0, missing: qty }; edges.len().saturating_sub(1)];
        Self { edges, cells, qty, least }
    }

    pub(super) fn lower(&self) -> Price {
        self.edges.first().copied().unwrap_or_default()
    }

    pub(super) fn upper(&self) -> Price {
        self.edges.last().copied().unwrap_or_default()
    }

    /// Cells that hold something that can be sold.
    pub(super) fn held_count(&self) -> usize {
        self.cells.iter().filter(|c| c.held >= self.least).count()
    }

    /// The cell that `price` lies in: 0 below the range, one more for each edge that is not above it.
    pub(super) fn place(&self, price: Price) -> usize {
        self.edges.partition_point(|edge| *edge <= price)
    }

    /// What the cells whose lower edge is not below `price` have still to buy.
    pub(super) fn room_above(&self, price: Price) -> i64 {
        let above = self.cells.iter().zip(&self.edges).filter(|(_, edge)| **edge >= price);
        above.map(|(cell, _)| cell.missing).sum()
    }

    /// Counts those cells as full.
    pub(super) fn assume_full_above(&mut self, price: Price) {
        for (cell, edge) in self.cells.iter_mut().zip(&self.edges) {
            if *edge >= price {
                *cell = Cell { held: self.qty, missing: 0 };
            }
        }
    }

    /// `qty` was bought at market, of which `fee` is gone: it goes into the highest cells, which were above the price.
    pub(super) fn filled_above(&mut self, qty: i64, fee: i64) {
        let (mut left, mut fee) = (qty, fee);
        for cell in self.cells.iter_mut().rev() {
            let part = left.min(cell.missing);
            let paid = fee.min(part);
            cell.missing -= part;
            cell.held += part - paid;
            (left, fee) = (left - part, fee - paid);
        }
    }

    /// An order of a cell traded `qty`; `fee` of what was bought is gone. A cell that has sold what can be sold is empty again,
    /// whatever dust fees have left in it.
    pub(super) fn filled(&mut self, tag: Tag, qty: i64, fee: i64) {
        let at = usize::try_from(tag.0 / 2).unwrap_or(usize::MAX);
        let Some(cell) = self.cells.get_mut(at) else { return };
        if tag.0.is_multiple_of(2) {
            cell.missing = (cell.missing - qty).max(0);
            cell.held = (cell.held + qty - fee).max(0);
        } else {
            cell.held = (cell.held - qty).max(0);
            cell.missing = if cell.held < self.least { self.qty } else { cell.missing + qty }.min(self.qty);
        }
    }

    /// What every cell wants when the price is `last`: those nearest to it first. A buy stands only below the price (what the
    /// price has fallen through is not chased), a sale stands wherever its cell's upper edge is.
    pub(super) fn orders(&self, last: Price) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        let mut tag = 0;
        for (cell, edge) in self.cells.iter().zip(self.edges.windows(2)) {
            if edge[0] < last && cell.missing > 0 {
                let qty = Qty(cell.missing);
                wanted.push(Wanted { tag: Tag(tag), side: Side::Buy, price: edge[0], qty });
            }
            if cell.held >= self.least {
                let qty = Qty(cell.held);
                wanted.push(Wanted { tag: Tag(tag + 1), side: Side::Sell, price: edge[1], qty });
            }
            tag += 2;
        }
        wanted.sort_by_key(|w| (w.price.0.abs_diff(last.0), w.tag));
        wanted
    }

    pub(super) fn save(&self, w: &mut Writer<'_>) {
        w.varint(self.cells.len() as u64);
        for cell in &self.cells {
            w.i64(cell.held);
            w.i64(cell.missing);
        }
    }

    pub(super) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        if r.count(16)? != self.cells.len() {
            return Err(WireError::Invalid);
        }
        for cell in &mut self.cells {
            *cell = Cell { held: r.i64()?, missing: r.i64()? };
            if cell.held < 0 || !(0..=self.qty).contains(&cell.missing) {
                return Err(WireError::Invalid);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells() -> Cells {
        Cells::new([100, 110, 120, 130].map(Price).to_vec(), 10, 2)
    }

    fn orders(cells: &Cells, last: i64) -> Vec<(u32, i64, i64)> {
        cells.orders(Price(last)).iter().map(|w| (w.tag.0, w.price.0, w.qty.0)).collect()
    }

    #[test]
    fn buys_stand_below_the_price_and_sales_a_step_above_what_was_bought() {
        let mut cells = cells();
        assert_eq!(orders(&cells, 115), [(2, 110, 10), (0, 100, 10)]);
        cells.filled(Tag(2), 4, 0);
        assert_eq!(orders(&cells, 111), [(2, 110, 6), (3, 120, 4), (0, 100, 10)]);
        cells.filled(Tag(2), 6, 0);
        assert_eq!(orders(&cells, 109), [(0, 100, 10), (3, 120, 10)]);
        cells.filled(Tag(3), 10, 0);
        assert_eq!(orders(&cells, 121), [(4, 120, 10), (2, 110, 10), (0, 100, 10)]);
    }

    #[test]
    fn dust_that_a_fee_left_neither_blocks_a_cell_nor_is_sold() {
        let mut cells = cells();
        cells.filled(Tag(0), 10, 1);
        assert_eq!(orders(&cells, 105), [(1, 110, 9)]);
        cells.filled(Tag(1), 8, 0);
        assert_eq!((cells.held_count(), orders(&cells, 105)), (0, vec![(0, 100, 10)]));
    }

    #[test]
    fn a_start_fills_the_cells_above_the_price() {
        let mut cells = cells();
        assert_eq!(cells.room_above(Price(110)), 20);
        cells.filled_above(15, 1);
        assert_eq!(orders(&cells, 110), [(0, 100, 10), (3, 120, 5), (5, 130, 9)]);
    }
}

//! A market maker: layered quotes around its own centre, which follows the reference with a lag and leans away from inventory.
//!
//! Prices are cut into cells per ladder; a cell holds one order at a price of its own. So when the centre moves, only the
//! cells at the edges change and everything between stays where it is: a move costs a handful of commands, not a new book.

use types::order::Tags;
use types::{AccountId, ClientOrderId, Command, Market, OrderId, Price, Qty, Side, StpMode, Terms, command};

use super::draw::mixed;
use super::fixed::{ONE, exp2, ratio};
use super::plan::{Band, Maker, PPM, base_qty};

/// Farthest an inventory pushes the centre away: 8 basis points.
const SKEW_PPM_MAX: i64 = 800;
/// Inventory (in shares of the holding) at which that is reached.
const SKEW_FULL_PPM: i64 = 500_000;
/// A quote outside its ladder is kept until it is this many cells out, so that a price that goes to and fro costs little.
const SLACK_CELLS: i64 = 4;

/// One maker on one market, for one tick.
pub(crate) struct Desk<'a> {
    pub(crate) market: &'a Market,
    pub(crate) maker: &'a Maker,
    pub(crate) account: AccountId,
    /// Mixed into every quote's size and price.
    pub(crate) seed: u64,
    pub(crate) tick: u64,
    /// Typical size near the touch.
    pub(crate) maker_qty: &'static str,
    /// The market's first reference price, from which the cells are cut, so that they never change.
    pub(crate) anchor: i64,
    /// Base held minus the planned holding, as a share of the holding in millionths.
    pub(crate) inventory_ppm: i64,
}

/// Where a quote belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    side: u8,
    band: u8,
    at: i64,
}

/// A place without a quote, and how far from the centre it is.
pub(crate) type Wanted = (Cell, i64);

/// A maker's live quotes on a market, sorted by cell once all are collected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quotes(Vec<(Cell, OrderId, Price)>);

impl Quotes {
    pub(crate) fn add(&mut self, cell: Cell, order: OrderId, price: Price) {
        self.0.push((cell, order, price));
    }

    pub(crate) fn sort(&mut self) {
        // By order id too: a cell can have two quotes for a moment, and the outcome must not hang on the order they came in.
        self.0.sort_unstable();
    }

    /// The quotes of one ladder, by cell.
    fn ladder(&self, side: u8, band: u8) -> &[(Cell, OrderId, Price)] {
        let first = self.0.partition_point(|(cell, ..)| (cell.side, cell.band) < (side, band));
        let len = self.0[first..].partition_point(|(cell, ..)| (cell.side, cell.band) == (side, band));
        &self.0[first..first + len]
    }
}

impl Cell {
    /// `1a0.2425`: market, side, ladder, cell.
    fn client_id(self, market: &Market) -> Option<ClientOrderId> {
        let side = if self.side == 0 { 'b' } else { 'a' };
        ClientOrderId::new(&format!("{}{side}{}.{}", market.id, self.band, self.at)).ok()
    }

    /// Reads [`Self::client_id`] back.
    pub(crate) fn parse(id: &ClientOrderId) -> Option<Self> {
        let (place, at) = id.as_str().split_once('.')?;
        let (head, band) = place.split_at_checked(place.len().checked_sub(1)?)?;
        let side = match head.chars().next_back()? {
            'b' => 0,
            'a' => 1,
            _ => return None,
        };
        Some(Self { side, band: band.parse().ok()?, at: at.parse().ok()? })
    }
}

impl Desk<'_> {
    fn tick_size(&self, price: i64) -> i64 {
        self.market.rules.tick.at(Price(price)).0.max(1)
    }

    /// Distance between quotes of a ladder in price units, whole ticks.
    fn step(&self, band: Band) -> i64 {
        let tick = self.tick_size(self.anchor);
        (ratio(self.anchor, band.step_ppm, PPM) / tick).max(1) * tick
    }

    /// Follows the reference once it is far enough away.
    pub(crate) fn follow(&self, centre: &mut i64, reference: i64) {
        if (*centre - reference).abs() > ratio(reference, self.maker.lag_ppm, PPM) {
            *centre = reference;
        }
    }

    /// Where quotes are centred: away from the side of which there is too much.
    fn leaning(&self, centre: i64) -> i64 {
        let lean = ratio(self.inventory_ppm, SKEW_PPM_MAX, SKEW_FULL_PPM).clamp(-SKEW_PPM_MAX, SKEW_PPM_MAX);
        centre - ratio(centre, lean, PPM)
    }

    /// Cancels quotes that are out of place around `centre` and returns the places that lack one. The caller lets all makers
    /// cancel before any of them places, so that nobody runs into a quote that is about to go.
    pub(crate) fn cancel_stray(&self, centre: i64, quotes: &Quotes, out: &mut Vec<Command>) -> Vec<Wanted> {
        let centre = self.leaning(centre);
        let mut wanted = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            self.ladders(side, centre, quotes, &mut wanted, out);
        }
        wanted
    }

    /// Places what [`Self::cancel_stray`] found wanting.
    pub(crate) fn fill(&self, centre: i64, wanted: &[Wanted], out: &mut Vec<Command>) {
        let centre = self.leaning(centre);
        for (cell, distance) in wanted {
            self.place(*cell, *distance, centre, out);
        }
    }

    /// Cancels one side's quotes that are out of place, and lists the cells that lack one with their distance.
    fn ladders(
        &self,
        side: Side,
        centre: i64,
        quotes: &Quotes,
        wanted: &mut Vec<Wanted>,
        out: &mut Vec<Command>,
    ) {
        let side = u8::from(side == Side::Sell);
        // Distances grow outwards: `from` is where a ladder begins.
        let mut from = ratio(centre, self.maker.half_ppm, PPM);
        let too_close = ratio(centre, self.maker.cancel_ppm, PPM);
        for (number, band) in (0_u8..).zip(self.maker.bands) {
            let step = self.step(band);
            let to = from + step * band.levels;
            let slack = step * SLACK_CELLS;
            let near = if number == 0 { too_close } else { from - slack };
            let ladder = quotes.ladder(side, number);
            for (_, order, price) in ladder {
                let distance = if side == 0 { centre - price.0 } else { price.0 - centre };
                if distance < near || distance > to + slack {
                    out.push(self.cancel(*order));
                }
            }
            // Cells whose far edge is within the ladder; their quote lies anywhere inside.
            let (low, high) =
                if side == 0 { (centre - to, centre - from) } else { (centre + from, centre + to) };
            for at in low.div_euclid(step) + 1..high.div_euclid(step) {
                let cell = Cell { side, band: number, at };
                if ladder.binary_search_by_key(&cell, |quote| quote.0).is_err() {
                    let edge = at * step;
                    wanted.push((cell, (centre - edge).abs()));
                }
            }
            from = to;
        }
    }

    fn cancel(&self, order: OrderId) -> Command {
        Command::Cancel(command::Cancel {
            account: self.account,
            market: self.market.id,
            target: command::Target::Id(order),
            client_id: ClientOrderId::new("c").expect("one letter is a valid id"),
            only_if: None,
        })
    }

    /// A post-only order of the cell's own size at the cell's own price.
    fn place(&self, cell: Cell, distance: i64, centre: i64, out: &mut Vec<Command>) {
        let Some(band) = self.maker.bands.get(usize::from(cell.band)) else { return };
        let step = self.step(*band);
        let key = mixed(self.seed ^ mixed(self.tick) ^ cell.at.cast_unsigned());
        let chaos =
            mixed(key ^ u64::from(cell.side) ^ (u64::from(cell.band) << 8) ^ u64::from(self.account.0));
        let tick = self.tick_size(self.anchor);
        let inside = (step / tick).max(1).cast_unsigned();
        let price = cell.at * step + (chaos % inside).cast_signed() * tick;
        let Some(qty) = self.qty(distance, centre, chaos >> 16) else { return };
        let Some(client_id) = cell.client_id(self.market) else { return };
        let side = if cell.side == 0 { Side::Buy } else { Side::Sell };
        if self.market.notional.amount(Price(price), qty) < self.market.rules.notional_min {
            return;
        }
        out.push(Command::Place(command::NewOrder {
            account: self.account,
            market: self.market.id,
            client_id,
            side,
            terms: Terms::LimitMaker { price: Price(price), qty, display: None },
            stp: StpMode::None,
            tags: Tags::default(),
        }));
    }

    /// More the farther out, up to six times, with a spread of a factor four either way. In whole lots.
    fn qty(&self, distance: i64, centre: i64, chaos: u64) -> Option<Qty> {
        let typical = base_qty(self.market, self.maker_qty);
        let ppm = ratio(distance, PPM, centre.max(1));
        let grown = typical + ratio(typical, ppm.min(5 * 800), 800);
        // Two uniforms make a triangle: -2 to 2 powers of two.
        let spread =
            (chaos & 0xffff_ffff).cast_signed() + (chaos >> 32 & 0xffff).cast_signed() * (1 << 16) - ONE;
        let qty = super::fixed::mul(grown, exp2(spread));
        let step = self.market.rules.lot.step.0.max(1);
        let qty = (qty - qty % step).min(self.market.rules.lot.max.0);
        (qty >= self.market.rules.lot.min.0 && qty > 0).then_some(Qty(qty))
    }
}

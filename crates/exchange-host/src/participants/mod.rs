//! Simulated participants: market makers and takers around seeded reference prices, so that a new exchange is alive.
//!
//! Sans-I/O: [`Crowd::step`] takes the time and a look at the exchange and gives one batch of commands. Their accounts are accounts
//! like all others and their commands go the same way as everybody's; what they have to remember rides as a memo in the
//! same batch, so after a restart they go on exactly where they were. The random numbers of a tick follow from the seed and
//! the tick's number alone: the same seed in the same virtual time makes the same market, byte for byte.
//!
//! Limits: they see only their own orders, so they neither exploit nor protect anybody. Cost: see `bench/README.md`.

mod draw;
pub(crate) mod driver;
mod fixed;
mod floor;
mod funding;
mod maker;
mod memo;
mod past;
mod plan;
mod reference;
mod taker;
#[cfg(test)]
pub(crate) mod tests;

use types::{AccountId, Asset, Command, Market, Money};

pub use floor::Floor;
pub use past::PAST_MINUTES_MAX;

use crate::limits::INTERNAL_FROM;
use draw::Draw;
use maker::{Cell, Desk, Quotes};
use plan::{MAKERS, PPM, TAKER, VENUES, Venue, holding, venue};
use reference::Reference;
use taker::Flow;

/// The memo in which the crowd's state rides.
pub const MEMO_SLOT: u8 = 1;
/// Length of a tick at normal speed, in milliseconds of market time.
pub const TICK_MS: i64 = 250;
/// Ticks between two looks at the participants' money.
const REFUND_EVERY: u64 = 40;
/// Streams of random numbers: the references, then one per market.
const STREAM_REFERENCE: u64 = 0;
const STREAM_MARKET: u64 = 1;

/// All participants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crowd {
    seed: u64,
    state: State,
}

/// What they remember from tick to tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    /// Ticks so far.
    tick: u64,
    reference: Reference,
    /// Excess rate of takers per market, per second.
    excitement: [i64; VENUES.len()],
    /// Each maker's centre per market; 0 before the first tick.
    centres: [[i64; VENUES.len()]; MAKERS.len()],
}

/// The account of a maker.
fn maker_account(number: u32) -> AccountId {
    AccountId(INTERNAL_FROM.0 + 1 + number)
}

/// The account of all takers.
const TAKERS: AccountId = INTERNAL_FROM;

impl Crowd {
    /// Participants of an exchange that has not seen them.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, state: State::default() }
    }

    /// Goes on from the exchange's memo in [`MEMO_SLOT`], with the seed it was started with; from the start with `seed` when
    /// there is none or it is not readable.
    #[must_use]
    pub fn resume(seed: u64, memo: Option<&[u8]>) -> Self {
        let found = memo.and_then(|bytes| memo::read(bytes).ok());
        found.map_or_else(|| Self::new(seed), |(seed, state)| Self { seed, state })
    }

    /// Ticks so far.
    #[must_use]
    pub const fn ticks(&self) -> u64 {
        self.state.tick
    }

    /// One tick of `dt_ms` milliseconds of market time (normally [`TICK_MS`]): what everybody does in it, as one batch that ends with
    /// the memo. The first tick opens accounts and fills the books.
    pub fn step(&mut self, dt_ms: i64, floor: &dyn Floor) -> Command {
        let markets = floor.markets();
        let known: Vec<(usize, &Venue, &Market)> = markets
            .iter()
            .filter_map(|market| venue(&market.symbol).map(|(number, venue)| (number, venue, market)))
            .collect();
        let mut out = Vec::with_capacity(64);
        self.money(floor, &known, &mut out);
        let mut draw = Draw::new(self.seed, self.state.tick, STREAM_REFERENCE);
        let moved = self.state.reference.step(dt_ms, &mut draw);
        for (number, venue, market) in &known {
            let (plan::Follows::Walk(walk) | plan::Follows::Cross(walk, _) | plan::Follows::Rate(walk)) =
                venue.follows;
            let flow = Flow {
                market,
                venue,
                account: TAKERS,
                dt_ms,
                reference: self.reference(venue, market),
                busy: self.state.reference.mood(venue.follows),
                moved: moved.get(walk).copied().unwrap_or_default(),
            };
            let stream = STREAM_MARKET + *number as u64;
            let mut draw = Draw::new(self.seed, self.state.tick, stream);
            if let Some(excitement) = self.state.excitement.get_mut(*number) {
                flow.step(excitement, &mut draw, self.state.tick, &mut out);
            }
        }
        self.makers(floor, &known, &mut out);
        self.state.tick += 1;
        out.push(Command::Memo {
            slot: MEMO_SLOT,
            bytes: memo::write(self.seed, self.state).into_boxed_slice(),
        });
        Command::Batch(out)
    }

    /// The reference price at the market's own scale.
    fn reference(&self, venue: &Venue, market: &Market) -> i64 {
        at_scale(self.state.reference.price(venue.follows), market.price_scale)
    }

    fn money(&self, floor: &dyn Floor, known: &[(usize, &Venue, &Market)], out: &mut Vec<Command>) {
        let mut assets: Vec<Asset> =
            known.iter().flat_map(|(_, _, market)| [market.base, market.quote]).collect();
        assets.sort_by_key(|asset| asset.id);
        assets.dedup_by_key(|asset| asset.id);
        let makers = (0..).zip(MAKERS).map(|(number, maker)| (maker_account(number), maker.name));
        for (account, name) in std::iter::once((TAKERS, TAKER)).chain(makers) {
            if !floor.is_open(account) {
                funding::open(account, name, &assets, out);
            } else if self.state.tick.is_multiple_of(REFUND_EVERY) {
                funding::refund(floor, account, &assets, out);
            }
        }
    }

    fn makers(&mut self, floor: &dyn Floor, known: &[(usize, &Venue, &Market)], out: &mut Vec<Command>) {
        let mut rounds = Vec::with_capacity(MAKERS.len() * known.len());
        let mut centres = self.state.centres;
        for ((number, maker), centres) in (0..).zip(&MAKERS).zip(&mut centres) {
            let account = maker_account(number);
            let quotes = quotes_of(floor, account, known);
            for ((place, venue, market), quotes) in known.iter().filter_map(|k| Some((k, quotes.get(k.0)?))) {
                let Some(centre) = centres.get_mut(*place) else { continue };
                let desk = Desk {
                    market,
                    maker,
                    account,
                    seed: self.seed,
                    tick: self.state.tick,
                    maker_qty: venue.maker_qty,
                    anchor: at_scale(Reference::default().price(venue.follows), market.price_scale),
                    inventory_ppm: inventory_ppm(floor, account, market),
                };
                desk.follow(centre, self.reference(venue, market));
                let wanted = desk.cancel_stray(*centre, quotes, out);
                rounds.push((desk, *centre, wanted));
            }
        }
        for (desk, centre, wanted) in &rounds {
            desk.fill(*centre, wanted, out);
        }
        self.state.centres = centres;
    }
}

/// A maker's live quotes by market.
fn quotes_of(
    floor: &dyn Floor,
    account: AccountId,
    known: &[(usize, &Venue, &Market)],
) -> [Quotes; VENUES.len()] {
    let mut quotes: [Quotes; VENUES.len()] = Default::default();
    floor.orders(account, &mut |order| {
        let market = known.iter().find(|(_, _, market)| market.id == order.market);
        let price = order.terms.price().unwrap_or_default();
        if let (Some((place, ..)), Some(cell)) = (market, Cell::parse(&order.client_id))
            && let Some(quotes) = quotes.get_mut(*place)
        {
            quotes.add(cell, order.id, price);
        }
    });
    quotes.iter_mut().for_each(Quotes::sort);
    quotes
}

/// How much more of a market's base than planned an account holds, in millionths of the plan.
fn inventory_ppm(floor: &dyn Floor, account: AccountId, market: &Market) -> i64 {
    let Some(planned) = holding(&market.base.code, market.base.scale).filter(|planned| *planned > 0) else {
        return 0;
    };
    let (Money(available), Money(locked)) = floor.holding(account, market.base.id);
    if !floor.is_open(account) {
        return 0;
    }
    let excess = available + locked - planned;
    i64::try_from(excess.saturating_mul(i128::from(PPM)) / planned).unwrap_or(0)
}

/// A price in units of 10^-8 at another scale, rounded towards zero.
fn at_scale(price: i64, scale: u8) -> i64 {
    match scale.checked_sub(types::instrument::DEFAULT_SCALE) {
        Some(more) => price.saturating_mul(10_i64.saturating_pow(u32::from(more))),
        None => price / 10_i64.saturating_pow(u32::from(types::instrument::DEFAULT_SCALE - scale)),
    }
}

/// What takes participants out of an exchange that is opened without them: their orders go, their money stays.
#[must_use]
pub fn leave(floor: &dyn Floor) -> Vec<Command> {
    let markets = floor.markets();
    let mut out = Vec::new();
    let makers = (0..).zip(MAKERS).map(|(number, _)| maker_account(number));
    for account in std::iter::once(TAKERS).chain(makers) {
        let mut on: Vec<types::MarketId> = Vec::new();
        floor.orders(account, &mut |order| on.push(order.market));
        on.sort_unstable();
        on.dedup();
        let client_id = types::ClientOrderId::new("c").expect("one letter is a valid id");
        let listed = on.into_iter().filter(|id| markets.iter().any(|market| market.id == *id));
        out.extend(listed.map(|market| Command::CancelAll { account, market, client_id }));
    }
    out
}

//! The canonical bytes of the whole state: same state, same bytes, whatever the way there. Their hash is the state hash.
//!
//! Layout: format version (u16), then the body (see [`Exchange::snapshot`]), then a 64-bit checksum of all before it.
//! Little-endian, lengths as LEB128 (`types::wire`). What can be derived (look-up tables, counters of seats, buffers) is
//! left out. Reading checks lengths before it allocates, ranges while it reads, and every invariant at the end, so bytes
//! that pass are a state that the exchange can be in.

mod market;
mod order;

use crate::Exchange;
use crate::desk::Desk;
use crate::hash::checksum;
use crate::holds::own_hold;
use crate::limits::{ACCOUNTS_MAX, ASSETS_MAX, MARKETS_MAX};
use crate::lists::LiveList;
use crate::orders::Live;
use portfolio::{Holder, Ledger, MONEY_MAX};
use types::command::MEMO_LEN_MAX;
use types::event::AccountView;
use types::instrument::SCALE_MAX;
use types::wire::{Reader, WireError, Writer};
use types::{AccountId, AccountName, Asset, AssetCode, AssetId, FeeRate, MarketId, OrderId, Time};

/// The format that this version writes and reads.
const VERSION: u16 = 1;
/// Bytes of the checksum at the end.
const CHECKSUM_LEN: usize = 8;

/// Why snapshot bytes could not be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// Written by a version that this one does not know.
    Version,
    /// Damaged: the checksum, a length or a value is wrong.
    Damaged,
    /// Readable, but an invariant does not hold.
    Violated(&'static str),
}

impl std::fmt::Display for RestoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Version => f.write_str("the snapshot has a format that this version does not know"),
            Self::Damaged => f.write_str("the snapshot is damaged"),
            Self::Violated(id) => write!(f, "the snapshot breaks invariant {id}"),
        }
    }
}
impl std::error::Error for RestoreError {}

impl From<WireError> for RestoreError {
    fn from(_: WireError) -> Self {
        Self::Damaged
    }
}

impl Exchange {
    /// Appends the canonical bytes of the whole state: same state, same bytes.
    pub fn snapshot(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let mut w = Writer(out);
        w.u16(VERSION);
        w.i64(self.at.0);
        for number in [self.seq, self.last_order, self.last_list, self.trades] {
            w.u64(number);
        }
        w.varint(self.assets.len() as u64);
        for asset in &self.assets {
            w.text(asset.code.as_str());
            w.u8(asset.scale);
        }
        w.varint(self.accounts.len() as u64);
        for account in self.accounts.iter() {
            write_account(&mut w, account);
        }
        self.ledger.encode(&mut w);
        w.varint(self.memos.len() as u64);
        for (slot, bytes) in &self.memos {
            w.u8(*slot);
            w.bytes(bytes);
        }
        w.varint(self.desks.len() as u64);
        for desk in &self.desks {
            market::write(&mut w, &desk.market);
        }
        let lists = self.lists.by_id();
        w.varint(lists.len() as u64);
        for list in lists {
            order::write_list(&mut w, list);
        }
        let orders = self.orders.by_id();
        w.varint(orders.len() as u64);
        for live in orders {
            order::write(&mut w, live);
        }
        for desk in &self.desks {
            market::write_state(&mut w, desk);
        }
        let sum = checksum(&out[start..]);
        Writer(out).u64(sum);
    }

    /// Rebuilds the exchange from [`Exchange::snapshot`]'s bytes.
    ///
    /// # Errors
    /// See [`RestoreError`]; never panics, never allocates more than a small multiple of `bytes`.
    pub fn restore(bytes: &[u8]) -> Result<Self, RestoreError> {
        let split = bytes.len().checked_sub(CHECKSUM_LEN).ok_or(RestoreError::Damaged)?;
        let (body, sum) = bytes.split_at(split);
        let mut r = Reader::new(body);
        if r.u16()? != VERSION {
            return Err(RestoreError::Version);
        }
        if Reader::new(sum).u64()? != checksum(body) {
            return Err(RestoreError::Damaged);
        }
        let exchange = read_body(&mut r)?;
        r.end()?;
        if let Some(violation) = exchange.check().first() {
            return Err(RestoreError::Violated(violation.id));
        }
        // One state has one spelling: a length written in too many bytes, say, is not ours.
        let mut again = Vec::with_capacity(bytes.len());
        exchange.snapshot(&mut again);
        if again == bytes { Ok(exchange) } else { Err(RestoreError::Damaged) }
    }
}

fn read_body(r: &mut Reader<'_>) -> Result<Exchange, WireError> {
    let mut x = Exchange { at: Time(r.i64()?), ..Exchange::default() };
    (x.seq, x.last_order, x.last_list, x.trades) = (number(r)?, number(r)?, number(r)?, number(r)?);
    for id in 0..limited(r, 3, usize::from(ASSETS_MAX))? {
        let id = AssetId(u16::try_from(id).map_err(|_| WireError::Invalid)?);
        let code = AssetCode::new(r.text()?).map_err(|_| WireError::Invalid)?;
        let asset = Asset { id, code, scale: r.u8()? };
        sound(asset.scale <= SCALE_MAX && x.assets.iter().all(|a| a.code != code))?;
        x.assets.push(asset);
    }
    let accounts_max = usize::try_from(ACCOUNTS_MAX).unwrap_or(usize::MAX);
    for holder in 0..limited(r, 15, accounts_max)? {
        let view = read_account(r)?;
        sound(x.accounts.find(view.id).is_none() && !x.accounts.has_name(&view.name))?;
        x.accounts.open(Holder(u32::try_from(holder).map_err(|_| WireError::Invalid)?), view);
    }
    x.ledger = Ledger::decode(r)?;
    sound(usize::from(x.ledger.assets()) == x.assets.len())?;
    sound(x.ledger.holders() as usize == x.accounts.len())?;
    let mut slot_before = None;
    for _ in 0..limited(r, 2, 256)? {
        let slot = r.u8()?;
        let bytes = r.bytes()?;
        sound(slot_before.is_none_or(|before| before < slot) && bytes.len() <= MEMO_LEN_MAX)?;
        x.memos.insert(slot, bytes.to_vec());
        slot_before = Some(slot);
    }
    for id in 0..limited(r, 32, usize::from(MARKETS_MAX))? {
        let id = MarketId(u16::try_from(id).map_err(|_| WireError::Invalid)?);
        let market = market::read(r, id, &x.assets)?;
        sound(x.desks.iter().all(|d| d.market.symbol != market.symbol))?;
        x.desks.push(Desk::new(market));
    }
    read_orders(r, &mut x)?;
    for at in 0..x.desks.len() {
        market::read_state(r, &mut x, at)?;
    }
    Ok(x)
}

fn read_orders(r: &mut Reader<'_>, x: &mut Exchange) -> Result<(), WireError> {
    let mut before = 0;
    for _ in 0..r.count(order::LIST_LEN_MIN)? {
        let list: LiveList = order::read_list(r, x)?;
        sound(list.view.id.0 > before && list.view.id.0 <= x.last_list)?;
        before = list.view.id.0;
        x.orders.count_list(list.holder, list.view.market, true);
        x.lists.insert(list);
    }
    let mut before = OrderId(0);
    for _ in 0..r.count(order::LEN_MIN)? {
        let live: Live = order::read(r, x)?;
        sound(live.view.id > before && live.view.id.0 <= x.last_order)?;
        before = live.view.id;
        // Sums of reservations within the ledger's bounds cannot overflow while they are checked.
        let market = &x.desks[usize::from(live.view.market.0)].market;
        sound((0..=MONEY_MAX.0).contains(&own_hold(market, &live).0))?;
        x.orders.insert(live);
    }
    Ok(())
}

fn write_account(w: &mut Writer<'_>, account: &AccountView) {
    w.u32(account.id.0);
    w.text(account.name.as_str());
    w.u32(account.maker.0);
    w.u32(account.taker.0);
    w.bool(account.trading);
}

fn read_account(r: &mut Reader<'_>) -> Result<AccountView, WireError> {
    let view = AccountView {
        id: AccountId(r.u32()?),
        name: AccountName::new(r.text()?).map_err(|_| WireError::Invalid)?,
        maker: FeeRate(r.u32()?),
        taker: FeeRate(r.u32()?),
        trading: r.bool()?,
    };
    let rate = |rate: FeeRate| i128::from(rate.0) <= FeeRate::ONE;
    sound(rate(view.maker) && rate(view.taker))?;
    Ok(view)
}

/// A count of things of at least `unit` bytes, at most `max`.
fn limited(r: &mut Reader<'_>, unit: usize, max: usize) -> Result<usize, WireError> {
    let count = r.count(unit)?;
    if count > max { Err(WireError::Invalid) } else { Ok(count) }
}

/// A number that counts up by one: no exchange lives to see half of the range.
fn number(r: &mut Reader<'_>) -> Result<u64, WireError> {
    let number = r.u64()?;
    if i64::try_from(number).is_ok() { Ok(number) } else { Err(WireError::Invalid) }
}

/// Fails unless the read values fit together.
const fn sound(fits: bool) -> Result<(), WireError> {
    if fits { Ok(()) } else { Err(WireError::Invalid) }
}

/// An optional number, with a flag byte.
fn write_option(w: &mut Writer<'_>, value: Option<i64>) {
    w.bool(value.is_some());
    if let Some(value) = value {
        w.i64(value);
    }
}

fn read_option(r: &mut Reader<'_>) -> Result<Option<i64>, WireError> {
    if r.bool()? { r.i64().map(Some) } else { Ok(None) }
}

/// `body` with its checksum: for tests that forge snapshots.
#[doc(hidden)]
pub fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&body);
    Writer(&mut body).u64(sum);
    body
}

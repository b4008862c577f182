//! The tables: what a row's key is, and how keys of one page follow each other.
//!
//! Keys are tuples of integers: what a page has in common, then an id that rises with time. So a page is one range of a
//! table, and a time is found by bisecting the ids (see [`crate::page`]). Values are versioned, see [`crate::codec`].

use redb::TableDefinition;
use types::event::Trade;
use types::wire::WireError;
use types::{ListView, Time};

use crate::{AccountFill, AggTrade, Amendment, Bar, ClosedOrder, PreventedMatch, codec};

/// A stored key: what the keys of one page have in common, then an id.
pub(crate) trait Key:
    Ord + Copy + redb::Key + for<'a> redb::Value<SelfType<'a> = Self> + 'static
{
    /// What all keys of one page have in common.
    type Scope: Copy;
    /// The smallest key with this id.
    fn at(scope: Self::Scope, id: u64) -> Self;
    /// The id in it.
    fn id(&self) -> u64;
}

/// Market (trades, aggregated trades).
impl Key for (u16, u64) {
    type Scope = u16;
    fn at(market: u16, id: u64) -> Self {
        (market, id)
    }
    fn id(&self) -> u64 {
        self.1
    }
}

/// Market and interval (bars); the id is the second in which the bar opens.
impl Key for (u16, u8, u64) {
    type Scope = (u16, u8);
    fn at((market, interval): Self::Scope, second: u64) -> Self {
        (market, interval, second)
    }
    fn id(&self) -> u64 {
        self.2
    }
}

/// Account and market (orders, prevented matches).
impl Key for (u32, u16, u64) {
    type Scope = (u32, u16);
    fn at((account, market): Self::Scope, id: u64) -> Self {
        (account, market, id)
    }
    fn id(&self) -> u64 {
        self.2
    }
}

/// Account and market; the id is the trade's, the order's comes last (fills): an account that trades with itself has two
/// fills of one trade.
impl Key for (u32, u16, u64, u64) {
    type Scope = (u32, u16);
    fn at((account, market): Self::Scope, trade: u64) -> Self {
        (account, market, trade, 0)
    }
    fn id(&self) -> u64 {
        self.2
    }
}

/// Account (lists).
impl Key for (u32, u64) {
    type Scope = u32;
    fn at(account: u32, id: u64) -> Self {
        (account, id)
    }
    fn id(&self) -> u64 {
        self.1
    }
}

/// Order (its fills, its amendments).
impl Key for (u64, u64) {
    type Scope = u64;
    fn at(order: u64, id: u64) -> Self {
        (order, id)
    }
    fn id(&self) -> u64 {
        self.1
    }
}

/// The scope of a row's pages.
pub(crate) type Scope<R> = <<R as Row>::Key as Key>::Scope;

/// A kind of thing that is kept.
pub(crate) trait Row: Copy {
    /// Where it stands in its table.
    type Key: Key;
    /// Whether new rows of a scope always have larger keys than all before.
    const APPEND_ONLY: bool;
    /// Its table.
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]>;
    /// When it happened; rises with the id.
    fn time(&self) -> Time;
    /// Appends the versioned bytes.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads them back.
    fn decode(key: Self::Key, bytes: &[u8]) -> Result<Self, WireError>;
    /// The smallest key with this id.
    fn key_at(scope: Scope<Self>, id: u64) -> Self::Key {
        Self::Key::at(scope, id)
    }
}

impl Row for Trade {
    type Key = (u16, u64);
    const APPEND_ONLY: bool = true;
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]> = TableDefinition::new("trades");
    fn time(&self) -> Time {
        self.at
    }
    fn encode(&self, out: &mut Vec<u8>) {
        codec::put_trade(self, out);
    }
    fn decode(key: Self::Key, bytes: &[u8]) -> Result<Self, WireError> {
        codec::get_trade(key, bytes)
    }
}

impl Row for AggTrade {
    type Key = (u16, u64);
    const APPEND_ONLY: bool = true;
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]> = TableDefinition::new("agg_trades");
    fn time(&self) -> Time {
        self.at
    }
    fn encode(&self, out: &mut Vec<u8>) {
        codec::put_agg(self, out);
    }
    fn decode(key: Self::Key, bytes: &[u8]) -> Result<Self, WireError> {
        codec::get_agg(key, bytes)
    }
}

impl Row for Bar {
    type Key = (u16, u8, u64);
    const APPEND_ONLY: bool = true;
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]> = TableDefinition::new("bars");
    fn time(&self) -> Time {
        self.open_time
    }
    fn encode(&self, out: &mut Vec<u8>) {
        codec::put_bar(self, out);
    }
    fn decode(key: Self::Key, bytes: &[u8]) -> Result<Self, WireError> {
        codec::get_bar(key, bytes)
    }
}

impl Row for ClosedOrder {
    type Key = (u32, u16, u64);
    const APPEND_ONLY: bool = false;
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]> = TableDefinition::new("orders");
    fn time(&self) -> Time {
        self.order.created
    }
    fn encode(&self, out: &mut Vec<u8>) {
        codec::put_order(self, out);
    }
    fn decode(key: Self::Key, bytes: &[u8]) -> Result<Self, WireError> {
        codec::get_order(key, bytes)
    }
}

impl Row for AccountFill {
    type Key = (u32, u16, u64, u64);
    const APPEND_ONLY: bool = true;
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]> = TableDefinition::new("fills");
    fn time(&self) -> Time {
        self.at
    }
    fn encode(&self, out: &mut Vec<u8>) {
        codec::put_fill(self, out);
    }
    fn decode(key: Self::Key, bytes: &[u8]) -> Result<Self, WireError> {
        codec::get_fill(key, bytes)
    }
}

/// Lists are stored when they are done, in order of their ids, which is not the order of that time: see
/// [`crate::Reader::lists`].
impl Row for ListView {
    type Key = (u32, u64);
    const APPEND_ONLY: bool = false;
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]> = TableDefinition::new("lists");
    fn time(&self) -> Time {
        self.updated
    }
    fn encode(&self, out: &mut Vec<u8>) {
        codec::put_list(self, out);
    }
    fn decode(key: Self::Key, bytes: &[u8]) -> Result<Self, WireError> {
        codec::get_list(key, bytes)
    }
}

impl Row for PreventedMatch {
    type Key = (u32, u16, u64);
    const APPEND_ONLY: bool = true;
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]> = TableDefinition::new("prevented");
    fn time(&self) -> Time {
        self.at
    }
    fn encode(&self, out: &mut Vec<u8>) {
        codec::put_prevented(self, out);
    }
    fn decode(key: Self::Key, bytes: &[u8]) -> Result<Self, WireError> {
        codec::get_prevented(key, bytes)
    }
}

impl Row for Amendment {
    type Key = (u64, u64);
    const APPEND_ONLY: bool = true;
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]> = TableDefinition::new("amendments");
    fn time(&self) -> Time {
        self.at
    }
    fn encode(&self, out: &mut Vec<u8>) {
        codec::put_amendment(self, out);
    }
    fn decode(key: Self::Key, bytes: &[u8]) -> Result<Self, WireError> {
        codec::get_amendment(key, bytes)
    }
}

/// An order's fill: which trade it was. Its whole content is its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FillOfOrder {
    pub(crate) trade: u64,
}

impl Row for FillOfOrder {
    type Key = (u64, u64);
    const APPEND_ONLY: bool = true;
    const TABLE: TableDefinition<'static, Self::Key, &'static [u8]> = TableDefinition::new("fills_of_order");
    fn time(&self) -> Time {
        Time::default()
    }
    fn encode(&self, _out: &mut Vec<u8>) {}
    fn decode((_, trade): Self::Key, _bytes: &[u8]) -> Result<Self, WireError> {
        Ok(Self { trade })
    }
}

/// What retention takes away, oldest first: (time of the newest in it, last command, place in its write) → a few dozen ended
/// things, see [`crate::retiring`]. Packed, because an entry each would cost as much as the things themselves.
pub(crate) const RETIRING: TableDefinition<'static, (i64, u64, u32), &'static [u8]> =
    TableDefinition::new("retiring");
/// Client id of an account's order on a market → the newest such closed order; see [`order_client_key`].
pub(crate) const ORDER_CLIENTS: TableDefinition<'static, &[u8], u64> = TableDefinition::new("order_clients");
/// Client id of an account's list → the newest such list; see [`list_client_key`].
pub(crate) const LIST_CLIENTS: TableDefinition<'static, &[u8], u64> = TableDefinition::new("list_clients");
/// `format` and `applied`.
pub(crate) const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");

/// Account, market and text: looked up, never ranged over.
pub(crate) fn order_client_key(account: u32, market: u16, client: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(6 + client.len());
    key.extend_from_slice(&account.to_be_bytes());
    key.extend_from_slice(&market.to_be_bytes());
    key.extend_from_slice(client.as_bytes());
    key
}

/// Account and text.
pub(crate) fn list_client_key(account: u32, client: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(4 + client.len());
    key.extend_from_slice(&account.to_be_bytes());
    key.extend_from_slice(client.as_bytes());
    key
}

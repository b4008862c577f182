//! The canonical bytes of a shard's orders. Part of an engine's snapshot, which carries the version.

use types::codec::{get_option, get_side, get_terms, get_text, put_option, put_side, put_terms};
use types::wire::{Reader, WireError, Writer};
use types::{MarketId, Money, Qty, Time, TradeId};

use crate::limits::{ENDED_MAX, OPEN_MAX};
use crate::{Anomalies, Bracket, Identity, Order, OrderBook, State};

/// How orders are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Without brackets and pairs: as everything was written before there were any, and is while there are none.
    Plain,
    /// With them.
    Bracketed,
}

/// Fewest bytes that an order takes.
const ORDER_LEN_MIN: usize = 70;
/// The states by their permanent numbers.
const STATES: [State; 10] = [
    State::Recorded,
    State::Sent,
    State::Unknown,
    State::Live,
    State::PartlyFilled,
    State::Filled,
    State::Canceled,
    State::Expired,
    State::Rejected,
    State::NeverArrived,
];

impl OrderBook {
    /// The form that holds all there is.
    #[must_use]
    pub fn form(&self) -> Form {
        let plain = |order: &Order| order.bracket.is_none() && order.other.is_none();
        let all = self.open.values().chain(self.ended.values()).all(plain);
        if all { Form::Plain } else { Form::Bracketed }
    }

    /// Appends all orders: open ones by id, ended ones in the order of their end.
    pub fn save(&self, w: &mut Writer<'_>, form: Form) {
        w.varint(self.open.len() as u64);
        self.open.values().for_each(|order| order.save(w, form));
        w.varint(self.order_of_end.len() as u64);
        self.order_of_end.iter().filter_map(|id| self.ended.get(id)).for_each(|order| order.save(w, form));
        let Anomalies { repeated, illegal, overfills, not_ours, late_fills } = self.anomalies;
        [repeated, illegal, overfills, not_ours, late_fills].into_iter().for_each(|n| w.u64(n));
    }

    /// Reads what [`OrderBook::save`] wrote.
    ///
    /// # Errors
    /// When the bytes are not that.
    pub fn load(r: &mut Reader<'_>, form: Form) -> Result<Self, WireError> {
        let mut book = Self::default();
        for _ in 0..bounded(r, OPEN_MAX)? {
            let order = Order::load(r, form)?;
            if order.state.is_terminal() || book.open.insert(order.client_id, order).is_some() {
                return Err(WireError::Invalid);
            }
        }
        for _ in 0..bounded(r, ENDED_MAX)? {
            let order = Order::load(r, form)?;
            let id = order.client_id;
            if !order.state.is_terminal() || book.ended.insert(id, order).is_some() {
                return Err(WireError::Invalid);
            }
            book.order_of_end.push_back(id);
        }
        book.anomalies = Anomalies {
            repeated: r.u64()?,
            illegal: r.u64()?,
            overfills: r.u64()?,
            not_ours: r.u64()?,
            late_fills: r.u64()?,
        };
        Ok(book)
    }
}

impl Order {
    fn save(&self, w: &mut Writer<'_>, form: Form) {
        let Identity { installation, account, bot, decision, attempt } = self.identity;
        w.u32(installation);
        w.u32(account.0);
        w.u32(bot.0);
        w.u64(decision);
        w.u8(attempt);
        w.u32(self.tag);
        w.u16(self.market.0);
        put_side(w, self.side);
        put_terms(w, &self.terms);
        w.i64(self.recorded.0);
        // Every state stands in the list; the fallback is never written.
        let state = STATES.iter().position(|s| *s == self.state).and_then(|at| u8::try_from(at).ok());
        w.u8(state.unwrap_or(u8::MAX));
        put_option(w, self.venue_id, |w, v| w.u64(v));
        w.i64(self.filled.0);
        w.i128(self.filled_quote.0);
        w.bool(self.cancel_asked);
        w.varint(self.trades.len() as u64);
        self.trades.iter().for_each(|trade| w.u64(trade.0));
        if form == Form::Plain {
            return;
        }
        put_option(w, self.bracket, |w, bracket| bracket.save(w));
        put_option(w, self.other, |w, id| w.text(id.as_str()));
    }

    fn load(r: &mut Reader<'_>, form: Form) -> Result<Self, WireError> {
        let identity = Identity {
            installation: r.u32()?,
            account: types::AccountId(r.u32()?),
            bot: crate::BotId(r.u32()?),
            decision: r.u64()?,
            attempt: r.u8()?,
        };
        let (tag, market) = (r.u32()?, MarketId(r.u16()?));
        let (side, terms, recorded) = (get_side(r)?, get_terms(r)?, Time(r.i64()?));
        let mut order = Self::new(identity, tag, market, side, terms, recorded);
        order.state = STATES.get(usize::from(r.u8()?)).copied().ok_or(WireError::Invalid)?;
        order.venue_id = get_option(r, |r| r.u64())?;
        order.filled = Qty(r.i64()?);
        order.filled_quote = Money(r.i128()?);
        order.cancel_asked = r.bool()?;
        let trades = r.count(8)?;
        order.trades = (0..trades).map(|_| r.u64().map(TradeId)).collect::<Result<_, _>>()?;
        if !order.trades.is_sorted_by(|a, b| a < b) {
            return Err(WireError::Invalid);
        }
        if form == Form::Bracketed {
            order.bracket = get_option(r, Bracket::load)?;
            order.other = get_option(r, get_text)?;
        }
        Ok(order)
    }
}

fn bounded(r: &mut Reader<'_>, max: usize) -> Result<usize, WireError> {
    let count = r.count(ORDER_LEN_MIN)?;
    if count > max { Err(WireError::Invalid) } else { Ok(count) }
}

//! The accounts at the venue: what an order must have behind it, what a fill costs, and when a position can no longer be carried.

use std::collections::BTreeMap;

use orders::VenueOrder;
use portfolio::position::BotAccount;
use types::order::Amount;
use types::{
    AccountId, AssetId, FeeRate, Instrument, InstrumentKind, MarketId, Money, Overflow, Price, Qty, Side,
    Terms, VenueFill,
};

use crate::Fees;
use crate::order::SimMarket;

/// Whole of a share in hundredths of a percent.
const BIPS: i128 = 10_000;

/// All accounts, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    by_id: BTreeMap<AccountId, BotAccount>,
    /// Rises with every change of any of them.
    changes: u64,
}

impl Accounts {
    pub(crate) fn fund(&mut self, account: AccountId, asset: AssetId, amount: Money) -> Result<(), Overflow> {
        self.get_mut(account).transfer(asset, amount)
    }

    pub(crate) fn restore(&mut self, account: AccountId, ledger: BotAccount) {
        self.changes += 1;
        self.by_id.insert(account, ledger);
    }

    pub(crate) fn get(&self, account: AccountId) -> Option<&BotAccount> {
        self.by_id.get(&account)
    }

    pub(crate) fn get_mut(&mut self, account: AccountId) -> &mut BotAccount {
        self.changes += 1;
        self.by_id.entry(account).or_default()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut BotAccount> {
        self.changes += 1;
        self.by_id.values_mut()
    }

    /// How often any of them changed.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Accounts with a position in `market`.
    pub(crate) fn holders(&self, market: MarketId) -> impl Iterator<Item = (AccountId, &BotAccount)> {
        self.by_id.iter().filter(move |(_, a)| a.position(market).qty().0 != 0).map(|(id, a)| (*id, a))
    }
}

/// The fee of a fill and the asset it is charged in.
pub(crate) fn fee(
    fees: &Fees,
    instrument: &Instrument,
    side: Side,
    is_maker: bool,
    qty: Qty,
    quote: Money,
) -> Result<(Money, AssetId), Overflow> {
    let in_base = fees.in_received && instrument.kind == InstrumentKind::Spot && side == Side::Buy;
    let (amount, asset) = if in_base {
        (Money::from(qty), instrument.market.base.id)
    } else {
        (quote, instrument.market.quote.id)
    };
    let fee = match (is_maker, fees.maker) {
        (true, FeeRate(0)) => {
            let rebate = amount.0.checked_mul(i128::from(fees.rebate.0)).ok_or(Overflow)?;
            Money(-(rebate / FeeRate::ONE))
        }
        (true, maker) => amount.fee(maker)?,
        (false, _) => amount.fee(fees.taker)?,
    };
    Ok((fee, asset))
}

/// What an order must have behind it at `price` (its own limit, else the market's), and in which asset.
pub(crate) fn needed(
    order: &VenueOrder,
    instrument: &Instrument,
    account: &BotAccount,
    price: Price,
    fees: &Fees,
) -> Result<(AssetId, Money), Overflow> {
    let market = &instrument.market;
    let at = order.terms.price().or_else(|| order.terms.trigger().and_then(|t| t.stop)).unwrap_or(price);
    let notional = match order.terms {
        Terms::Market { amount: Amount::Quote(budget) } => budget,
        terms => market.notional.amount(at, terms.qty().unwrap_or_default()),
    };
    let qty =
        order.terms.qty().unwrap_or_else(|| market.notional.affordable(notional, at, market.rules.lot.step));
    match (instrument.kind, order.side) {
        (InstrumentKind::Spot, Side::Sell) => Ok((market.base.id, Money::from(qty))),
        // A budget includes its fee: the fill stays within it.
        (InstrumentKind::Spot, Side::Buy) if order.terms.qty().is_none() => Ok((market.quote.id, notional)),
        (InstrumentKind::Spot, Side::Buy) => {
            let fee =
                if fees.in_received { Money::ZERO } else { notional.fee(fees.taker.max(fees.maker))? };
            Ok((market.quote.id, notional.plus(fee)?))
        }
        (InstrumentKind::LinearPerp { initial_margin, .. }, side) => {
            let held = account.position(market.id).qty();
            let closes = if (side == Side::Sell) == (held.0 > 0) { held.size().0 } else { 0 };
            let opens = Qty((qty.0 - closes).max(0));
            let value = market.notional.amount(at, opens);
            Ok((market.quote.id, share_up(value, initial_margin)?))
        }
    }
}

/// What of an asset nothing has reserved: for a perpetual's collateral, equity less the margins of open positions.
pub(crate) fn free(account: AccountId, ledger: &BotAccount, asset: AssetId, markets: &[SimMarket]) -> Money {
    let mut free = ledger.asset(asset).0;
    for market in markets {
        let instrument = &market.instrument;
        let ours = market.orders.iter().filter(|o| o.order.account == account && o.hold.0 == asset);
        free -= ours.map(|o| o.hold.1.0).sum::<i128>();
        let (Some(mark), InstrumentKind::LinearPerp { initial_margin, .. }) = (market.last, instrument.kind)
        else {
            continue;
        };
        let size = ledger.position(instrument.market.id).qty().size();
        if instrument.market.quote.id == asset && size.0 != 0 {
            let value = instrument.market.notional.amount(mark, size);
            let margin = share_up(value, initial_margin).unwrap_or(Money(i128::MAX));
            // A profit that is not realised does not carry new positions, a loss counts at once.
            let carried = ledger.carried(instrument, mark).0.min(0);
            free = free.saturating_add(carried).saturating_sub(margin.0);
        }
    }
    Money(free)
}

/// The price of `market` at which the account's collateral is down to the maintenance margins, all else unchanged; `None` if no
/// price leads there.
///
/// Long: collateral + value - cost = margins elsewhere + m × value; short with the signs turned. Rounded down to a price whose
/// money is exact.
pub(crate) fn liquidation_price(
    ledger: &BotAccount,
    market: MarketId,
    markets: &[SimMarket],
) -> Option<Price> {
    let own = &markets.get(usize::from(market.0))?.instrument;
    let InstrumentKind::LinearPerp { maintenance_margin, .. } = own.kind else { return None };
    let quote = own.market.quote.id;
    let mut rest = ledger.asset(quote).0;
    for other in markets.iter().map(|m| (m, &m.instrument)).filter(|(_, i)| i.market.id != market) {
        let (view, instrument) = other;
        let InstrumentKind::LinearPerp { maintenance_margin, .. } = instrument.kind else { continue };
        let size = ledger.position(instrument.market.id).qty().size();
        if size.0 == 0 || instrument.market.quote.id != quote {
            continue;
        }
        let mark = view.last?;
        let margin = share_up(instrument.market.notional.amount(mark, size), maintenance_margin).ok()?;
        rest = rest.checked_add(ledger.carried(instrument, mark).0)?.checked_sub(margin.0)?;
    }
    let position = ledger.position(market);
    let (qty, cost, m) = (position.qty(), position.cost().0, i128::from(maintenance_margin));
    let notional = own.market.notional;
    if qty.0 > 0 {
        // value × (1 - m) = cost - rest
        let value = (cost - rest).checked_mul(BIPS)? / (BIPS - m).max(1);
        (value > 0).then(|| notional.price_at(Money(value), qty.size()))
    } else {
        // value × (1 + m) = cost + rest
        let value = (cost + rest).checked_mul(BIPS)? / (BIPS + m);
        Some(Price(notional.price_at(Money(value), qty.size()).0.max(0)))
    }
}

/// `value × bips / 10,000`, rounded up.
fn share_up(value: Money, bips: u32) -> Result<Money, Overflow> {
    let exact = value.0.checked_mul(i128::from(bips)).ok_or(Overflow)?;
    Ok(Money(exact.div_euclid(BIPS) + i128::from(exact.rem_euclid(BIPS) != 0)))
}

/// Books a fill; one beyond what numbers can hold changes the account no further (the engine's own ledger stops its bot then).
pub(crate) fn book(ledger: &mut BotAccount, instrument: &Instrument, side: Side, fill: &VenueFill) {
    let _ = ledger.fill(instrument, side, fill);
}

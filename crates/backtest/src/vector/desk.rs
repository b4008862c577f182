//! Orders and money of the vectorised path: the rare part, done with the same ledger as everywhere, one fill at a time.
//!
//! A decision becomes a market order under the same checks, in the same order, as risk and the simulated venue make them; so it
//! is refused, rejected or filled exactly when they would. What the venue can do and this cannot (liquidation, a fill in
//! parts, delays) is not imitated: the run ends with [`NeedsEvents`] and belongs to the event path.

use portfolio::position::BotAccount;
use types::{FeeRate, Instrument, InstrumentKind, Money, Price, Qty, Side, TradeId, VenueFill};
use venue_sim::{Config, Latency, PricePath, Slippage};

use super::Columns;

/// Whole of a share in 10^-8.
const SHARE_ONE: i128 = 100_000_000;
/// Whole of a share in hundredths of a percent.
const BIPS: i128 = 10_000;
/// Prices are exact in a signal's float below this.
const PRICE_MAX: i64 = 1 << 53;

/// Why a run needs the event path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedsEvents {
    /// A setting of the venue: delays, bounded volume, slippage by volume, fees in base, funding.
    Venue(&'static str),
    /// An order that the venue would fill in parts, or more than one order for one decision.
    Parts,
    /// A position's collateral ends at this bar.
    Liquidation {
        /// Which bar.
        bar: usize,
    },
    /// Prices or amounts beyond what this path counts with.
    Range,
}

impl std::fmt::Display for NeedsEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Venue(what) => write!(f, "{what} need the event path"),
            Self::Parts => f.write_str("an order would be filled in parts, which needs the event path"),
            Self::Liquidation { bar } => {
                write!(f, "bar {bar} takes a position's collateral, which needs the event path")
            }
            Self::Range => f.write_str("amounts are too large for the vectorised path"),
        }
    }
}
impl std::error::Error for NeedsEvents {}

/// A fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// In which bar.
    pub bar: usize,
    /// Direction.
    pub side: Side,
    /// Price, slippage included.
    pub price: Price,
    /// Base quantity.
    pub qty: Qty,
    /// Price × quantity.
    pub quote: Money,
    /// Fee in quote.
    pub fee: Money,
    /// What slippage took.
    pub slipped: Money,
    /// Profit of what it closed, by average cost, before fees.
    pub realised: Money,
    /// The position after it.
    pub after: i64,
}

/// What became of decisions that were not filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfilled {
    /// Not let out by risk.
    pub denied: u64,
    /// Rejected by the venue.
    pub rejected: u64,
}

/// What is traded, where, with what.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// The instrument.
    pub instrument: &'a Instrument,
    /// The simulated venue's behaviour.
    pub venue: &'a Config,
    /// Start money.
    pub cash: Money,
}

/// Size and kinds of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Base units of a position, above zero.
    pub qty: i64,
    /// Short instead of flat.
    pub short: bool,
}

/// An order on its way: signed quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    side: Side,
    qty: Qty,
}

/// Money and position, and what the hot loop needs of them.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) account: BotAccount,
    pub(super) unfilled: Unfilled,
    pub(super) held: i64,
    /// Equity at close c is `fixed + c / price unit × units`.
    pub(super) fixed: i128,
    pub(super) units: i64,
    /// A bar that reaches down to this, or up to that, takes the collateral.
    pub(super) ends_below: i64,
    pub(super) ends_above: i64,
}

impl Desk<'_> {
    /// Whether this path can do it at all.
    ///
    /// # Errors
    /// What needs events.
    pub fn check(&self, bars: &Columns, size: Size) -> Result<(), NeedsEvents> {
        let venue = self.venue;
        if venue.latency != Latency::None {
            return Err(NeedsEvents::Venue("delays"));
        }
        if venue.participation_bips.is_some() {
            return Err(NeedsEvents::Venue("fills bounded by volume"));
        }
        if matches!(venue.slippage, Slippage::Volume(_)) {
            return Err(NeedsEvents::Venue("slippage by volume"));
        }
        if matches!(venue.slippage, Slippage::Range(_)) && bars.is_folded() {
            return Err(NeedsEvents::Venue("slippage by the range of shorter bars"));
        }
        if venue.fees.in_received && self.instrument.kind == InstrumentKind::Spot {
            return Err(NeedsEvents::Venue("fees in the base asset"));
        }
        let rules = &self.instrument.market.rules;
        let turn = size.qty.checked_mul(if size.short { 2 } else { 1 }).ok_or(NeedsEvents::Range)?;
        let most = if rules.market_lot.max.0 > 0 { rules.market_lot.max.0 } else { i64::MAX };
        if turn > most || size.qty < rules.market_lot.min.0 || size.qty % rules.market_lot.step.0.max(1) != 0
        {
            return Err(NeedsEvents::Parts);
        }
        if bars.most().0 >= PRICE_MAX { Err(NeedsEvents::Range) } else { Ok(()) }
    }

    pub(super) fn open(&self) -> Result<State, NeedsEvents> {
        let mut account = BotAccount::default();
        account.transfer(self.instrument.market.quote.id, self.cash).map_err(|_| NeedsEvents::Range)?;
        Ok(State {
            account,
            unfilled: Unfilled::default(),
            held: 0,
            fixed: self.cash.0,
            units: 0,
            ends_below: i64::MIN,
            ends_above: i64::MAX,
        })
    }

    /// A goal, decided at `close` of a bar that opened at `open`: the order that the venue takes, if any.
    pub(super) fn decide(&self, state: &mut State, goal: i64, open: Price, close: Price) -> Option<Pending> {
        let missing = goal - state.held;
        let (side, qty) = if missing > 0 { (Side::Buy, Qty(missing)) } else { (Side::Sell, Qty(-missing)) };
        let market = &self.instrument.market;
        let worth = market.notional.amount(close, qty);
        if worth < market.rules.notional_min {
            return None;
        }
        let cash = state.account.asset(market.quote.id);
        let pending = Pending { side, qty };
        match self.instrument.kind {
            // The base of what was bought is there: fees are in quote.
            InstrumentKind::Spot if side == Side::Sell => Some(pending),
            InstrumentKind::Spot => {
                if worth > cash {
                    state.unfilled.denied += 1;
                    return None;
                }
                let fees = &self.venue.fees;
                let needed = worth.fee(fees.taker.max(fees.maker)).map(|fee| worth.0 + fee.0);
                self.accepted(state, pending, needed.is_ok_and(|needed| needed <= cash.0))
            }
            InstrumentKind::LinearPerp { initial_margin, .. } => {
                let closes = if (side == Side::Sell) == (state.held > 0) { state.held.abs() } else { 0 };
                let reducing = qty.0 <= closes;
                if !reducing && share_up(worth, initial_margin) > cash {
                    state.unfilled.denied += 1;
                    return None;
                }
                let opens = market.notional.amount(close, Qty((qty.0 - closes).max(0)));
                let mut free = cash.0;
                if state.held != 0 {
                    // The venue's last price is the bar's open until the next bar begins.
                    let carried = state.account.carried(self.instrument, open).0.min(0);
                    let margin =
                        share_up(market.notional.amount(open, Qty(state.held.abs())), initial_margin);
                    free += carried - margin.0;
                }
                self.accepted(state, pending, share_up(opens, initial_margin).0 <= free)
            }
        }
    }

    fn accepted(&self, state: &mut State, pending: Pending, enough: bool) -> Option<Pending> {
        let _ = self;
        state.unfilled.rejected += u64::from(!enough);
        enough.then_some(pending)
    }

    /// An accepted order meets `price` in a bar from `low` to `high`.
    pub(super) fn fill(
        &self,
        state: &mut State,
        pending: Pending,
        bars: &Columns,
        bar: usize,
        price: Price,
    ) -> Result<Fill, NeedsEvents> {
        let Pending { side, qty } = pending;
        let market = &self.instrument.market;
        let paid = self.slipped(side, price, bars.high()[bar] - bars.low()[bar]);
        let quote = market.notional.amount(paid, qty);
        let spot_buy = self.instrument.kind == InstrumentKind::Spot && side == Side::Buy;
        if spot_buy && quote > self.without_fee(state.account.asset(market.quote.id)) {
            return Err(NeedsEvents::Parts);
        }
        let fee = quote.fee(self.venue.fees.taker).map_err(|_| NeedsEvents::Range)?;
        let fill = VenueFill {
            trade: TradeId(0),
            price: paid,
            qty,
            quote,
            fee,
            fee_asset: market.quote.id,
            is_maker: false,
        };
        let effect = state.account.fill(self.instrument, side, &fill).map_err(|_| NeedsEvents::Range)?;
        state.held = effect.qty.0;
        self.settle(state);
        Ok(Fill {
            bar,
            side,
            price: paid,
            qty,
            quote,
            fee,
            slipped: Money((quote.0 - market.notional.amount(price, qty).0).abs()),
            realised: effect.realised.average,
            after: state.held,
        })
    }

    /// Brings the hot loop's numbers up to date after a fill.
    fn settle(&self, state: &mut State) {
        let market = &self.instrument.market;
        let cash = state.account.asset(market.quote.id).0;
        let position = state.account.position(market.id);
        state.units = state.held / market.notional.units().1;
        state.fixed = match (self.instrument.kind, state.held.signum()) {
            (InstrumentKind::Spot, _) | (_, 0) => cash,
            (_, 1) => cash - position.cost().0,
            _ => cash + position.cost().0,
        };
        (state.ends_below, state.ends_above) = (i64::MIN, i64::MAX);
        let InstrumentKind::LinearPerp { maintenance_margin, .. } = self.instrument.kind else {
            return;
        };
        let (cost, m, size) = (position.cost().0, i128::from(maintenance_margin), Qty(state.held.abs()));
        if state.held > 0 {
            // value × (1 − m) = cost − cash
            let value = (cost - cash) * BIPS / (BIPS - m).max(1);
            if value > 0 {
                state.ends_below = market.notional.price_at(Money(value), size).0;
            }
        } else if state.held < 0 {
            // value × (1 + m) = cost + cash
            let value = (cost + cash) * BIPS / (BIPS + m);
            state.ends_above = market.notional.price_at(Money(value), size).0.max(0);
        }
    }

    /// The price a taker pays, on the tick.
    fn slipped(&self, side: Side, price: Price, range: i64) -> Price {
        let share = |of: i64, rate: u32| (i128::from(of) * i128::from(rate) + SHARE_ONE - 1) / SHARE_ONE;
        let extra = match self.venue.slippage {
            Slippage::None | Slippage::Volume(_) => 0,
            Slippage::Rate(rate) => share(price.0, rate),
            Slippage::Range(rate) => share(range, rate),
        };
        let extra = i64::try_from(extra).unwrap_or(i64::MAX);
        let buys = side == Side::Buy;
        let raw = if buys { price.0.saturating_add(extra) } else { (price.0 - extra).max(1) };
        let tick = self.instrument.market.rules.tick.at(Price(raw)).0.max(1);
        let down = raw - raw.rem_euclid(tick);
        Price(if buys && down != raw { down.saturating_add(tick) } else { down.max(tick) })
    }

    /// The largest notional whose taker fee still fits into `budget`.
    fn without_fee(&self, budget: Money) -> Money {
        let one = FeeRate::ONE;
        Money(budget.0.checked_mul(one).map_or(budget.0, |b| b / (one + i128::from(self.venue.fees.taker.0))))
    }

    /// Whether an order fills at the close it was decided on.
    pub(super) fn fills_at_close(&self) -> bool {
        self.venue.path == PricePath::Close
    }
}

/// `value × bips / 10,000`, rounded up.
fn share_up(value: Money, bips: u32) -> Money {
    let exact = value.0.saturating_mul(i128::from(bips));
    Money(exact.div_euclid(BIPS) + i128::from(exact.rem_euclid(BIPS) != 0))
}

//! The ledger: balances per holder and asset, the fee pot, the house pot.
//!
//! Invariants: L1 (per asset all pots add up to zero and the house is minus deposits plus withdrawals), L2 (only balanced
//! transactions), L3 (no pot but the house below zero). Limits: [`MONEY_MAX`] per asset.
//! Cost: a transaction of eight postings is eight short scans of a holder's assets (sorted, usually under ten).

use crate::{MONEY_MAX, Posting, PostingError, Pot, TRANSACTION_ASSETS_MAX};
use types::{AssetId, Money};

/// A customer of the ledger: dense index in order of opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder(pub u32);

/// What a holder has of one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Can be spent.
    pub available: Money,
    /// Reserved by live orders.
    pub locked: Money,
}

/// A balance that changed since the list was last drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Whose.
    pub holder: Holder,
    /// Of what.
    pub asset: AssetId,
}

/// One entry of a holder's row.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) asset: AssetId,
    touched: bool,
    pub(crate) balance: Balance,
}

/// Totals of one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) fees: Money,
    pub(crate) house: Money,
    /// Deposits minus withdrawals, counted apart from the postings so that L1 compares two accounts of the same fact.
    pub(crate) supply: Money,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub(crate) rows: Vec<Vec<Entry>>,
    pub(crate) totals: Vec<Totals>,
    touched: Vec<Touched>,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: Vec::new(), totals: Vec::new(), touched: Vec::new() }
    }

    /// Opens the next holder; `None` when 2^32 exist.
    pub fn open(&mut self) -> Option<Holder> {
        let holder = Holder(u32::try_from(self.rows.len()).ok()?);
        self.rows.push(Vec::new());
        Some(holder)
    }

    /// Adds the next asset; `None` when 2^16 exist.
    pub fn add_asset(&mut self) -> Option<AssetId> {
        let asset = AssetId(u16::try_from(self.totals.len()).ok()?);
        self.totals.push(Totals::default());
        Some(asset)
    }

    /// A holder's balance; zero for what was never touched.
    #[must_use]
    pub fn balance(&self, holder: Holder, asset: AssetId) -> Balance {
        let row = self.rows.get(holder.0 as usize);
        row.and_then(|row| row.iter().find(|e| e.asset == asset)).map_or_else(Balance::default, |e| e.balance)
    }

    /// A holder's balances that are or ever were above zero, by asset.
    pub fn balances(&self, holder: Holder) -> impl Iterator<Item = (AssetId, Balance)> + '_ {
        self.rows.get(holder.0 as usize).into_iter().flatten().map(|e| (e.asset, e.balance))
    }

    /// Number of holders.
    #[must_use]
    pub fn holders(&self) -> u32 {
        // `open` refuses to make more than fit.
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// Number of assets.
    #[must_use]
    pub fn assets(&self) -> u16 {
        // `add_asset` refuses to make more than fit.
        u16::try_from(self.totals.len()).unwrap_or(u16::MAX)
    }

    /// Fees collected in an asset.
    #[must_use]
    pub fn fees(&self, asset: AssetId) -> Money {
        self.totals.get(usize::from(asset.0)).map_or(Money::ZERO, |t| t.fees)
    }

    /// Deposits minus withdrawals of an asset.
    #[must_use]
    pub fn supply(&self, asset: AssetId) -> Money {
        self.totals.get(usize::from(asset.0)).map_or(Money::ZERO, |t| t.supply)
    }

    /// Whether `amount` (> 0) may come in: [`PostingError::TooMuch`] above [`MONEY_MAX`].
    pub fn may_deposit(&self, asset: AssetId, amount: Money) -> Result<(), PostingError> {
        let totals = self.totals.get(usize::from(asset.0)).ok_or(PostingError::Unknown)?;
        let after = totals.supply.plus(amount).map_err(|_| PostingError::TooMuch)?;
        if after > MONEY_MAX { Err(PostingError::TooMuch) } else { Ok(()) }
    }

    /// Brings money in from outside.
    pub fn deposit(&mut self, holder: Holder, asset: AssetId, amount: Money) -> Result<(), PostingError> {
        self.may_deposit(asset, amount)?;
        self.transfer(Pot::House, Pot::Available(holder), asset, amount)?;
        self.totals[usize::from(asset.0)].supply.0 += amount.0;
        Ok(())
    }

    /// Takes available money out.
    pub fn withdraw(&mut self, holder: Holder, asset: AssetId, amount: Money) -> Result<(), PostingError> {
        self.transfer(Pot::Available(holder), Pot::House, asset, amount)?;
        self.totals[usize::from(asset.0)].supply.0 -= amount.0;
        Ok(())
    }

    /// Reserves available money.
    pub fn hold(&mut self, holder: Holder, asset: AssetId, amount: Money) -> Result<(), PostingError> {
        self.transfer(Pot::Available(holder), Pot::Locked(holder), asset, amount)
    }

    /// Frees reserved money.
    pub fn release(&mut self, holder: Holder, asset: AssetId, amount: Money) -> Result<(), PostingError> {
        self.transfer(Pot::Locked(holder), Pot::Available(holder), asset, amount)
    }

    fn transfer(&mut self, from: Pot, to: Pot, asset: AssetId, amount: Money) -> Result<(), PostingError> {
        let minus = Money(amount.0.checked_neg().ok_or(PostingError::TooMuch)?);
        self.post(&[Posting { pot: from, asset, delta: minus }, Posting { pot: to, asset, delta: amount }])
    }

    /// Books a transaction: all lines or none. Lines are booked in order and no pot but the house may be below zero
    /// after any of them.
    pub fn post(&mut self, lines: &[Posting]) -> Result<(), PostingError> {
        balanced(lines)?;
        let touched = self.touched.len();
        for (done, line) in lines.iter().enumerate() {
            if let Err(error) = self.book(line.pot, line.asset, line.delta.0) {
                for line in lines[..done].iter().rev() {
                    self.book(line.pot, line.asset, -line.delta.0).expect("it was booked a moment ago");
                }
                self.forget_touched_from(touched);
                return Err(error);
            }
        }
        Ok(())
    }

    /// A failed transaction leaves no trace, also not in the list of changed balances.
    fn forget_touched_from(&mut self, first: usize) {
        for touched in self.touched.drain(first..) {
            let row = &mut self.rows[touched.holder.0 as usize];
            if let Some(entry) = row.iter_mut().find(|e| e.asset == touched.asset) {
                entry.touched = false;
            }
        }
    }

    fn book(&mut self, pot: Pot, asset: AssetId, delta: i128) -> Result<(), PostingError> {
        let totals = self.totals.get_mut(usize::from(asset.0)).ok_or(PostingError::Unknown)?;
        if delta == 0 {
            return Ok(());
        }
        let (value, floor) = match pot {
            Pot::Fees => (&mut totals.fees.0, 0),
            Pot::House => (&mut totals.house.0, -MONEY_MAX.0),
            Pot::Available(holder) => (&mut self.entry(holder, asset)?.available.0, 0),
            Pot::Locked(holder) => (&mut self.entry(holder, asset)?.locked.0, 0),
        };
        let after = value.checked_add(delta).ok_or(PostingError::TooMuch)?;
        if after < floor {
            return Err(PostingError::Negative { asset, has: Money(*value), takes: Money(-delta) });
        }
        *value = after;
        Ok(())
    }

    fn entry(&mut self, holder: Holder, asset: AssetId) -> Result<&mut Balance, PostingError> {
        let row = self.rows.get_mut(holder.0 as usize).ok_or(PostingError::Unknown)?;
        let at = match row.iter().position(|e| e.asset >= asset) {
            Some(at) if row[at].asset == asset => at,
            at => {
                let at = at.unwrap_or(row.len());
                row.insert(at, Entry { asset, touched: false, balance: Balance::default() });
                at
            }
        };
        let entry = &mut row[at];
        if !entry.touched {
            entry.touched = true;
            self.touched.push(Touched { holder, asset });
        }
        Ok(&mut entry.balance)
    }

    /// Hands over the balances changed since the last call, each once, in order of first change.
    pub fn drain_touched(&mut self, mut each: impl FnMut(Touched, Balance)) {
        for touched in self.touched.drain(..) {
            let row = &mut self.rows[touched.holder.0 as usize];
            if let Some(entry) = row.iter_mut().find(|e| e.asset == touched.asset) {
                entry.touched = false;
                each(touched, entry.balance);
            }
        }
    }

    /// Invariant L1: per asset the pots add up to zero, and the house is minus the supply. Gives the assets that break it.
    /// Cost: one pass over all balances.
    #[must_use]
    pub fn unbalanced_assets(&self) -> Vec<AssetId> {
        let mut sums: Vec<i128> = self.totals.iter().map(|t| t.fees.0 + t.supply.0.wrapping_neg()).collect();
        for entry in self.rows.iter().flatten() {
            sums[usize::from(entry.asset.0)] += entry.balance.available.0 + entry.balance.locked.0;
        }
        let broken = sums.iter().zip(&self.totals).zip(0_u16..);
        broken
            .filter(|((sum, t), _)| **sum != 0 || t.house.0 != -t.supply.0)
            .map(|(_, id)| AssetId(id))
            .collect()
    }

    /// Invariant L3: holders with a balance below zero.
    #[must_use]
    pub fn overdrawn(&self) -> Vec<Touched> {
        let mut found = Vec::new();
        for (holder, row) in (0_u32..).zip(&self.rows) {
            let below = |e: &&Entry| e.balance.available < Money::ZERO || e.balance.locked < Money::ZERO;
            found
                .extend(row.iter().filter(below).map(|e| Touched { holder: Holder(holder), asset: e.asset }));
        }
        found
    }

    pub(crate) fn restore_entry(&mut self, holder: Holder, asset: AssetId, balance: Balance) {
        self.rows[holder.0 as usize].push(Entry { asset, touched: false, balance });
    }
}

/// Invariant L2 for at most [`TRANSACTION_ASSETS_MAX`] assets.
fn balanced(lines: &[Posting]) -> Result<(), PostingError> {
    let mut sums: [(Option<AssetId>, i128); TRANSACTION_ASSETS_MAX] = [(None, 0); TRANSACTION_ASSETS_MAX];
    for line in lines {
        let slot = sums.iter_mut().find(|(asset, _)| asset.is_none_or(|a| a == line.asset));
        let (asset, sum) = slot.ok_or(PostingError::TooManyAssets)?;
        *asset = Some(line.asset);
        *sum = sum.checked_add(line.delta.0).ok_or(PostingError::TooMuch)?;
    }
    if sums.iter().all(|(_, sum)| *sum == 0) { Ok(()) } else { Err(PostingError::Unbalanced) }
}

//! Accounts and the money that comes in and goes out.

use crate::limits::ACCOUNTS_MAX;
use crate::step::Step;
use portfolio::{Holder, PostingError};
use types::event::AccountView;
use types::{AccountId, AccountName, AssetId, Event, FeeRate, Money, Refusal};

impl Step<'_> {
    /// The ledger's place of an account.
    pub(crate) fn holder(&self, account: AccountId) -> Result<Holder, Refusal> {
        self.core.accounts.find(account).ok_or(Refusal::UnknownAccount)
    }

    /// Checks, in order: id and name free, room for an account, rates.
    pub(crate) fn open_account(
        &mut self,
        id: AccountId,
        name: AccountName,
        maker: FeeRate,
        taker: FeeRate,
    ) -> Result<(), Refusal> {
        if self.core.accounts.find(id).is_some() || self.core.accounts.has_name(&name) {
            return Err(Refusal::AccountExists);
        }
        if self.core.ledger.holders() >= ACCOUNTS_MAX {
            return Err(Refusal::TooLarge);
        }
        check_rates(maker, taker)?;
        let holder = self.core.ledger.open().ok_or(Refusal::TooLarge)?;
        let view = AccountView { id, name, maker, taker, trading: true };
        self.core.accounts.open(holder, view);
        self.out.push(Event::Account(view));
        Ok(())
    }

    /// Checks, in order: account, rates.
    pub(crate) fn set_fees(&mut self, id: AccountId, maker: FeeRate, taker: FeeRate) -> Result<(), Refusal> {
        let holder = self.holder(id)?;
        check_rates(maker, taker)?;
        let view = self.core.accounts.view_mut(holder);
        (view.maker, view.taker) = (maker, taker);
        self.out.push(Event::Account(*view));
        Ok(())
    }

    /// Blocks or allows new orders of an account. What was accepted before goes on: conditional orders fire, pending
    /// orders of lists are placed.
    pub(crate) fn set_trading(&mut self, id: AccountId, allowed: bool) -> Result<(), Refusal> {
        let holder = self.holder(id)?;
        let view = self.core.accounts.view_mut(holder);
        view.trading = allowed;
        self.out.push(Event::Account(*view));
        Ok(())
    }

    /// Checks, in order: account, asset, amount above zero, room in the ledger.
    pub(crate) fn deposit(&mut self, id: AccountId, asset: AssetId, amount: Money) -> Result<(), Refusal> {
        let holder = self.holder(id)?;
        self.check_transfer(asset, amount)?;
        self.core.ledger.deposit(holder, asset, amount).map_err(|_| Refusal::Overflow)?;
        self.out.push(Event::Transfer { account: id, asset, delta: amount });
        Ok(())
    }

    /// Checks, in order: account, asset, amount above zero, available money.
    pub(crate) fn withdraw(&mut self, id: AccountId, asset: AssetId, amount: Money) -> Result<(), Refusal> {
        let holder = self.holder(id)?;
        self.check_transfer(asset, amount)?;
        self.core.ledger.withdraw(holder, asset, amount).map_err(|error| match error {
            PostingError::Negative { has, .. } => {
                Refusal::InsufficientBalance { asset, needed: amount, available: has }
            }
            _ => Refusal::Overflow,
        })?;
        self.out.push(Event::Transfer { account: id, asset, delta: Money(-amount.0) });
        Ok(())
    }

    fn check_transfer(&self, asset: AssetId, amount: Money) -> Result<(), Refusal> {
        if usize::from(asset.0) >= self.core.assets.len() {
            return Err(Refusal::UnknownAsset);
        }
        if amount <= Money::ZERO { Err(Refusal::BadAmount) } else { Ok(()) }
    }
}

fn check_rates(maker: FeeRate, taker: FeeRate) -> Result<(), Refusal> {
    let sound = |rate: FeeRate| i128::from(rate.0) <= FeeRate::ONE;
    if sound(maker) && sound(taker) { Ok(()) } else { Err(Refusal::BadAmount) }
}

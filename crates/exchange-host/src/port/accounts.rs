//! Accounts of bots: opened and funded with test money by one journal record.

use types::event::AccountView;
use types::{
    AccountId, AccountName, AssetId, Command, Instrument, InstrumentId, InstrumentKind, Money, VenueName,
};
use venue::{AccountError, Accounts};

use super::ExchangePort;
use crate::SubmitError;
use crate::admin::{Admin, FEE};

/// The built-in exchange's name as a venue.
const VENUE: &str = "local";

impl Accounts for ExchangePort {
    fn instruments(&self) -> Vec<Instrument> {
        let Ok(venue) = VenueName::new(VENUE) else { return Vec::new() };
        let catalog = self.handle.view().catalog();
        let instrument = |market: &types::Market| Instrument {
            id: InstrumentId { venue, symbol: market.symbol },
            kind: InstrumentKind::Spot,
            market: market.clone(),
        };
        catalog.markets.iter().map(instrument).collect()
    }

    fn open(&mut self, name: &str, funds: &[(AssetId, Money)]) -> Result<AccountId, AccountError> {
        let account_name = AccountName::new(name)
            .map_err(|why| AccountError::Refused(format!("the account name {name:?} {why}")))?;
        let admin = Admin::new(self.handle.clone());
        let _one_at_a_time = admin.lock();
        if let Some(known) = self.handle.view().account_by_name(&account_name) {
            return self.left_behind(&known, funds);
        }
        let account = admin.next_id();
        let open = Command::OpenAccount { account, name: account_name, maker: FEE, taker: FEE };
        let deposits = funds
            .iter()
            .filter(|(_, amount)| amount.0 > 0)
            .map(|(asset, amount)| Command::Deposit { account, asset: *asset, amount: *amount });
        let commands = std::iter::once(open).chain(deposits).collect();
        match admin.submit_batch(commands) {
            Ok(()) => Ok(account),
            Err(error @ (SubmitError::Refused(_) | SubmitError::Busy | SubmitError::NoRoom)) => {
                Err(AccountError::Refused(error.to_string()))
            }
            Err(error @ (SubmitError::Late | SubmitError::Stopped)) => {
                Err(AccountError::Failed(error.to_string()))
            }
        }
    }

    fn holdings(&self, account: AccountId) -> Vec<(AssetId, Money)> {
        let held = self.handle.view().balances(account).balances;
        held.iter().map(|b| (b.asset, Money(b.available.0 + b.locked.0))).filter(|(_, m)| m.0 != 0).collect()
    }
}

impl ExchangePort {
    /// An account that was opened for a bot just before a crash is as it was opened: nobody has a key to it, nothing of it moved.
    fn left_behind(
        &self,
        known: &AccountView,
        funds: &[(AssetId, Money)],
    ) -> Result<AccountId, AccountError> {
        let mut wanted: Vec<_> = funds.iter().filter(|(_, m)| m.0 > 0).copied().collect();
        wanted.sort_unstable();
        let untouched = self.handle.keys().of_account(known.id).is_empty()
            && self.handle.view().open_orders(known.id, None).is_empty()
            && self.holdings(known.id) == wanted;
        if untouched {
            return Ok(known.id);
        }
        Err(AccountError::Refused(format!(
            "the exchange has an account {} already, and it is in use",
            known.name
        )))
    }
}

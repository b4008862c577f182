//! The ledger's canonical bytes: same balances, same bytes, whatever the way there. Part of the exchange's snapshot,
//! which carries the version.

use crate::{Balance, Holder, Ledger, MONEY_MAX};
use types::wire::{Reader, WireError, Writer};
use types::{AssetId, Money};

/// Fewest bytes that a holder takes.
const HOLDER_LEN_MIN: usize = 1;
/// Fewest bytes that an asset's totals take.
const TOTALS_LEN_MIN: usize = 48;

impl Ledger {
    /// Appends the ledger. Entries that are zero are left out.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.varint(self.totals.len() as u64);
        for totals in &self.totals {
            w.i128(totals.fees.0);
            w.i128(totals.house.0);
            w.i128(totals.supply.0);
        }
        w.varint(self.rows.len() as u64);
        for row in &self.rows {
            let kept = || row.iter().filter(|e| e.balance != Balance::default());
            w.varint(kept().count() as u64);
            for entry in kept() {
                w.u16(entry.asset.0);
                w.i128(entry.balance.available.0);
                w.i128(entry.balance.locked.0);
            }
        }
    }

    /// Reads what [`Ledger::encode`] wrote. Amounts outside 0..=[`MONEY_MAX`] and entries out of order are refused;
    /// the sums are for [`Ledger::unbalanced_assets`] to judge.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut ledger = Self::new();
        for _ in 0..r.count(TOTALS_LEN_MIN)? {
            let asset = ledger.add_asset().ok_or(WireError::Invalid)?;
            let totals = &mut ledger.totals[usize::from(asset.0)];
            totals.fees = amount(r)?;
            totals.house = Money(-amount_of(r.i128()?.checked_neg().ok_or(WireError::Invalid)?)?.0);
            totals.supply = amount(r)?;
        }
        for _ in 0..r.count(HOLDER_LEN_MIN)? {
            let holder = ledger.open().ok_or(WireError::Invalid)?;
            ledger.decode_row(holder, r)?;
        }
        Ok(ledger)
    }

    fn decode_row(&mut self, holder: Holder, r: &mut Reader<'_>) -> Result<(), WireError> {
        let mut before: Option<AssetId> = None;
        for _ in 0..r.count(34)? {
            let asset = AssetId(r.u16()?);
            let balance = Balance { available: amount(r)?, locked: amount(r)? };
            let sound = asset.0 < self.assets() && before.is_none_or(|b| b < asset);
            if !sound || balance == Balance::default() {
                return Err(WireError::Invalid);
            }
            self.restore_entry(holder, asset, balance);
            before = Some(asset);
        }
        Ok(())
    }
}

fn amount(r: &mut Reader<'_>) -> Result<Money, WireError> {
    amount_of(r.i128()?)
}

fn amount_of(value: i128) -> Result<Money, WireError> {
    if (0..=MONEY_MAX.0).contains(&value) { Ok(Money(value)) } else { Err(WireError::Invalid) }
}

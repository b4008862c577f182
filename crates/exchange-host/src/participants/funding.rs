//! Participants' money: deposits at the start, topped up when low and skimmed when much, all of it journaled like anybody's.

use types::{AccountId, Asset, Command, FeeRate, Money};

use super::floor::Floor;
use super::plan::holding;

/// Brings an account's holdings of `assets` back to plan when they are below half of it or above twice.
pub(crate) fn refund(floor: &dyn Floor, account: AccountId, assets: &[Asset], out: &mut Vec<Command>) {
    for asset in assets {
        let Some(planned) = holding(&asset.code, asset.scale) else { continue };
        let (available, locked) = floor.holding(account, asset.id);
        let held = available.0 + locked.0;
        if held < planned / 2 || available.0 < planned / 8 {
            out.push(Command::Deposit {
                account,
                asset: asset.id,
                amount: Money((planned - held).max(planned / 2)),
            });
        } else if held > 2 * planned && available.0 > held - planned {
            out.push(Command::Withdraw { account, asset: asset.id, amount: Money(held - planned) });
        }
    }
}

/// Opens an account without fees and gives it its holdings.
pub(crate) fn open(account: AccountId, name: &str, assets: &[Asset], out: &mut Vec<Command>) {
    let Ok(name) = name.parse() else { return };
    out.push(Command::OpenAccount { account, name, maker: FeeRate(0), taker: FeeRate(0) });
    for asset in assets {
        if let Some(planned) = holding(&asset.code, asset.scale) {
            out.push(Command::Deposit { account, asset: asset.id, amount: Money(planned) });
        }
    }
}

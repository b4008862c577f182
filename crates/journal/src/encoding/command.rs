//! Commands: a tag byte, then the fields in the order of their declaration.

use types::codec::{get_asset, get_market, get_option, get_text, put_asset, put_market, put_option};
use types::command::{BATCH_LEN_MAX, Cancel, CancelCondition, ListTarget, MEMO_LEN_MAX, ReplaceMode, Target};
use types::wire::{Reader, WireError, Writer};
use types::{AccountId, AssetId, Command, FeeRate, ListId, MarketId, Money, OrderId, Qty};

use super::{EncodeError, order};

/// The permanent number of each kind.
mod tag {
    pub(super) const LIST_ASSET: u8 = 1;
    pub(super) const LIST_MARKET: u8 = 2;
    pub(super) const OPEN_ACCOUNT: u8 = 3;
    pub(super) const SET_FEES: u8 = 4;
    pub(super) const SET_TRADING: u8 = 5;
    pub(super) const DEPOSIT: u8 = 6;
    pub(super) const WITHDRAW: u8 = 7;
    pub(super) const PLACE: u8 = 8;
    pub(super) const PLACE_LIST: u8 = 9;
    pub(super) const CANCEL: u8 = 10;
    pub(super) const CANCEL_ALL: u8 = 11;
    pub(super) const CANCEL_LIST: u8 = 12;
    pub(super) const REPLACE: u8 = 13;
    pub(super) const AMEND: u8 = 14;
    pub(super) const MEMO: u8 = 15;
    pub(super) const BATCH: u8 = 16;
}

/// The shortest command is a tag and at least this much: bounds what a batch's count can make us allocate.
const COMMAND_LEN_MIN: usize = 3;

pub(super) fn put(w: &mut Writer<'_>, command: &Command) -> Result<(), EncodeError> {
    let Command::Batch(commands) = command else { return put_single(w, command) };
    if commands.len() > BATCH_LEN_MAX {
        return Err(EncodeError::TooLong);
    }
    w.u8(tag::BATCH);
    w.varint(commands.len() as u64);
    commands.iter().try_for_each(|one| put_single(w, one))
}

pub(super) fn get(r: &mut Reader<'_>) -> Result<Command, WireError> {
    let tag = r.u8()?;
    if tag != tag::BATCH {
        return get_single(r, tag);
    }
    let count = r.count(COMMAND_LEN_MIN)?;
    if count > BATCH_LEN_MAX {
        return Err(WireError::Invalid);
    }
    let mut commands = Vec::with_capacity(count);
    for _ in 0..count {
        let tag = r.u8()?;
        commands.push(get_single(r, tag)?);
    }
    Ok(Command::Batch(commands))
}

fn put_single(w: &mut Writer<'_>, command: &Command) -> Result<(), EncodeError> {
    match command {
        Command::ListAsset(asset) => {
            w.u8(tag::LIST_ASSET);
            put_asset(w, asset);
        }
        Command::ListMarket(market) => {
            w.u8(tag::LIST_MARKET);
            put_market(w, market).map_err(|_| EncodeError::Market)?;
        }
        Command::Place(new) => {
            w.u8(tag::PLACE);
            order::put_new(w, new);
        }
        Command::PlaceList(list) => {
            w.u8(tag::PLACE_LIST);
            order::put_list(w, list);
        }
        Command::Memo { slot, bytes } => {
            if bytes.len() > MEMO_LEN_MAX {
                return Err(EncodeError::TooLong);
            }
            w.u8(tag::MEMO);
            w.u8(*slot);
            w.bytes(bytes);
        }
        Command::Batch(_) => return Err(EncodeError::Nested),
        Command::OpenAccount { .. }
        | Command::SetFees { .. }
        | Command::SetTrading { .. }
        | Command::Deposit { .. }
        | Command::Withdraw { .. } => put_account(w, command),
        Command::Cancel(_)
        | Command::CancelAll { .. }
        | Command::CancelList { .. }
        | Command::Replace { .. }
        | Command::Amend { .. } => put_change(w, command),
    }
    Ok(())
}

fn get_single(r: &mut Reader<'_>, tag: u8) -> Result<Command, WireError> {
    Ok(match tag {
        tag::LIST_ASSET => Command::ListAsset(get_asset(r)?),
        tag::LIST_MARKET => Command::ListMarket(Box::new(get_market(r)?)),
        tag::PLACE => Command::Place(order::get_new(r)?),
        tag::PLACE_LIST => Command::PlaceList(Box::new(order::get_list(r)?)),
        tag::MEMO => {
            let slot = r.u8()?;
            let bytes = r.bytes()?;
            if bytes.len() > MEMO_LEN_MAX {
                return Err(WireError::Invalid);
            }
            Command::Memo { slot, bytes: bytes.into() }
        }
        tag::OPEN_ACCOUNT..=tag::WITHDRAW => get_account(r, tag)?,
        tag::CANCEL..=tag::AMEND => get_change(r, tag)?,
        _ => return Err(WireError::Invalid),
    })
}

/// Accounts and their money.
fn put_account(w: &mut Writer<'_>, command: &Command) {
    match command {
        Command::OpenAccount { account, name, maker, taker } => {
            w.u8(tag::OPEN_ACCOUNT);
            w.u32(account.0);
            w.text(name.as_str());
            w.u32(maker.0);
            w.u32(taker.0);
        }
        Command::SetFees { account, maker, taker } => {
            w.u8(tag::SET_FEES);
            w.u32(account.0);
            w.u32(maker.0);
            w.u32(taker.0);
        }
        Command::SetTrading { account, allowed } => {
            w.u8(tag::SET_TRADING);
            w.u32(account.0);
            w.bool(*allowed);
        }
        Command::Deposit { account, asset, amount } => {
            w.u8(tag::DEPOSIT);
            w.u32(account.0);
            w.u16(asset.0);
            w.i128(amount.0);
        }
        Command::Withdraw { account, asset, amount } => {
            w.u8(tag::WITHDRAW);
            w.u32(account.0);
            w.u16(asset.0);
            w.i128(amount.0);
        }
        _ => unreachable!("put_single sends no other kind here"),
    }
}

fn get_account(r: &mut Reader<'_>, tag: u8) -> Result<Command, WireError> {
    let account = AccountId(r.u32()?);
    Ok(match tag {
        tag::OPEN_ACCOUNT => Command::OpenAccount {
            account,
            name: get_text(r)?,
            maker: FeeRate(r.u32()?),
            taker: FeeRate(r.u32()?),
        },
        tag::SET_FEES => Command::SetFees { account, maker: FeeRate(r.u32()?), taker: FeeRate(r.u32()?) },
        tag::SET_TRADING => Command::SetTrading { account, allowed: r.bool()? },
        tag::DEPOSIT => Command::Deposit { account, asset: AssetId(r.u16()?), amount: Money(r.i128()?) },
        tag::WITHDRAW => Command::Withdraw { account, asset: AssetId(r.u16()?), amount: Money(r.i128()?) },
        _ => return Err(WireError::Invalid),
    })
}

/// Changes of what is live.
fn put_change(w: &mut Writer<'_>, command: &Command) {
    match command {
        Command::Cancel(cancel) => {
            w.u8(tag::CANCEL);
            put_cancel(w, cancel);
        }
        Command::CancelAll { account, market, client_id } => {
            w.u8(tag::CANCEL_ALL);
            w.u32(account.0);
            w.u16(market.0);
            w.text(client_id.as_str());
        }
        Command::CancelList { account, market, target, client_id } => {
            w.u8(tag::CANCEL_LIST);
            w.u32(account.0);
            w.u16(market.0);
            match target {
                ListTarget::Id(id) => {
                    w.u8(0);
                    w.u64(id.0);
                }
                ListTarget::Client(id) => {
                    w.u8(1);
                    w.text(id.as_str());
                }
            }
            w.text(client_id.as_str());
        }
        Command::Replace { cancel, new, mode } => {
            w.u8(tag::REPLACE);
            put_cancel(w, cancel);
            order::put_new(w, new);
            w.u8(match mode {
                ReplaceMode::StopOnFailure => 0,
                ReplaceMode::AllowFailure => 1,
            });
        }
        Command::Amend { account, market, target, qty, client_id } => {
            w.u8(tag::AMEND);
            w.u32(account.0);
            w.u16(market.0);
            put_target(w, target);
            w.i64(qty.0);
            w.text(client_id.as_str());
        }
        _ => unreachable!("put_single sends no other kind here"),
    }
}

fn get_change(r: &mut Reader<'_>, tag: u8) -> Result<Command, WireError> {
    Ok(match tag {
        tag::CANCEL => Command::Cancel(get_cancel(r)?),
        tag::CANCEL_ALL => Command::CancelAll {
            account: AccountId(r.u32()?),
            market: MarketId(r.u16()?),
            client_id: get_text(r)?,
        },
        tag::CANCEL_LIST => Command::CancelList {
            account: AccountId(r.u32()?),
            market: MarketId(r.u16()?),
            target: match r.u8()? {
                0 => ListTarget::Id(ListId(r.u64()?)),
                1 => ListTarget::Client(get_text(r)?),
                _ => return Err(WireError::Invalid),
            },
            client_id: get_text(r)?,
        },
        tag::REPLACE => Command::Replace {
            cancel: get_cancel(r)?,
            new: order::get_new(r)?,
            mode: match r.u8()? {
                0 => ReplaceMode::StopOnFailure,
                1 => ReplaceMode::AllowFailure,
                _ => return Err(WireError::Invalid),
            },
        },
        tag::AMEND => Command::Amend {
            account: AccountId(r.u32()?),
            market: MarketId(r.u16()?),
            target: get_target(r)?,
            qty: Qty(r.i64()?),
            client_id: get_text(r)?,
        },
        _ => return Err(WireError::Invalid),
    })
}

fn put_cancel(w: &mut Writer<'_>, cancel: &Cancel) {
    w.u32(cancel.account.0);
    w.u16(cancel.market.0);
    put_target(w, &cancel.target);
    w.text(cancel.client_id.as_str());
    put_option(w, cancel.only_if, |w, condition| {
        w.u8(match condition {
            CancelCondition::New => 0,
            CancelCondition::PartiallyFilled => 1,
        });
    });
}

fn get_cancel(r: &mut Reader<'_>) -> Result<Cancel, WireError> {
    Ok(Cancel {
        account: AccountId(r.u32()?),
        market: MarketId(r.u16()?),
        target: get_target(r)?,
        client_id: get_text(r)?,
        only_if: get_option(r, |r| match r.u8()? {
            0 => Ok(CancelCondition::New),
            1 => Ok(CancelCondition::PartiallyFilled),
            _ => Err(WireError::Invalid),
        })?,
    })
}

fn put_target(w: &mut Writer<'_>, target: &Target) {
    match target {
        Target::Id(id) => {
            w.u8(0);
            w.u64(id.0);
        }
        Target::Client(client) => {
            w.u8(1);
            w.text(client.as_str());
        }
        Target::Both(id, client) => {
            w.u8(2);
            w.u64(id.0);
            w.text(client.as_str());
        }
    }
}

fn get_target(r: &mut Reader<'_>) -> Result<Target, WireError> {
    Ok(match r.u8()? {
        0 => Target::Id(OrderId(r.u64()?)),
        1 => Target::Client(get_text(r)?),
        2 => Target::Both(OrderId(r.u64()?), get_text(r)?),
        _ => return Err(WireError::Invalid),
    })
}

//! The queue of what has ended: which orders, lists and prevented matches there are, oldest first, for retention.

use types::wire::{Reader, WireError};

use crate::codec;
use crate::pending::Pending;

/// What has ended. Its numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Order = 0,
    List = 1,
    Prevented = 2,
}

/// One thing that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ended {
    /// When.
    pub(crate) at: i64,
    pub(crate) kind: Kind,
    pub(crate) account: u32,
    pub(crate) market: u16,
    pub(crate) id: u64,
}

/// Everything that ended in `rows`, oldest first.
pub(crate) fn of(rows: &Pending) -> Vec<Ended> {
    let mut all = Vec::with_capacity(rows.orders.len() + rows.lists.len() + rows.prevented.len());
    all.extend(rows.orders.iter().map(|((account, market, id), closed)| Ended {
        at: closed.order.updated.0,
        kind: Kind::Order,
        account: *account,
        market: *market,
        id: *id,
    }));
    all.extend(rows.lists.iter().map(|((account, id), list)| Ended {
        at: list.updated.0,
        kind: Kind::List,
        account: *account,
        market: list.market.0,
        id: *id,
    }));
    all.extend(rows.prevented.iter().map(|((account, market, id), item)| Ended {
        at: item.at.0,
        kind: Kind::Prevented,
        account: *account,
        market: *market,
        id: *id,
    }));
    all.sort_unstable();
    all
}

/// The bytes of a pack. Times are not kept: the key has the newest.
pub(crate) fn put(pack: &[Ended], out: &mut Vec<u8>) {
    let mut w = codec::start(out);
    w.varint(pack.len() as u64);
    for ended in pack {
        w.u8(ended.kind as u8);
        w.varint(u64::from(ended.account));
        w.u16(ended.market);
        w.varint(ended.id);
    }
}

/// Reads a pack back; `at` is its key's time.
pub(crate) fn get(at: i64, bytes: &[u8]) -> Result<Vec<Ended>, WireError> {
    let mut r = codec::open(bytes)?;
    let count = r.count(5)?;
    let mut pack = Vec::with_capacity(count);
    for _ in 0..count {
        pack.push(one(at, &mut r)?);
    }
    r.end().map(|()| pack)
}

fn one(at: i64, r: &mut Reader<'_>) -> Result<Ended, WireError> {
    let kind = match r.u8()? {
        0 => Kind::Order,
        1 => Kind::List,
        2 => Kind::Prevented,
        _ => return Err(WireError::Invalid),
    };
    let account = u32::try_from(r.varint()?).map_err(|_| WireError::Invalid)?;
    Ok(Ended { at, kind, account, market: r.u16()?, id: r.varint()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_read_back_and_other_bytes_are_refused() {
        let ended = |kind, id| Ended { at: 9, kind, account: 3_000_000_000, market: 4, id };
        let pack = [ended(Kind::Order, 1), ended(Kind::List, u64::MAX), ended(Kind::Prevented, 300)];
        let mut bytes = Vec::new();
        put(&pack, &mut bytes);
        assert_eq!(get(9, &bytes), Ok(pack.to_vec()));
        assert!(get(9, &bytes[..bytes.len() - 1]).is_err());
        assert!(get(9, &[]).is_err());
    }
}

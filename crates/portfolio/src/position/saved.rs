//! The canonical bytes of a bot's sub-ledger. Part of an engine's snapshot, which carries the version.

use std::collections::VecDeque;

use types::wire::{Reader, WireError, Writer};
use types::{AssetId, Money, Qty};

use super::BotAccount;
use super::cost::{LOTS_MAX, Lot, Position, Realised};

/// Bytes of an asset and its amount.
const ENTRY_LEN: usize = 18;
/// Bytes of a lot.
const LOT_LEN: usize = 24;
/// Fewest bytes that a position takes.
const POSITION_LEN_MIN: usize = 65;

impl BotAccount {
    /// Appends assets, fees, funding and positions.
    pub fn save(&self, w: &mut Writer<'_>) {
        for list in [&self.assets, &self.fees, &self.funding] {
            w.varint(list.len() as u64);
            for (asset, amount) in list {
                w.u16(asset.0);
                w.i128(amount.0);
            }
        }
        w.varint(self.positions.len() as u64);
        self.positions.iter().for_each(|position| save_position(position, w));
    }

    /// Reads what [`BotAccount::save`] wrote.
    ///
    /// # Errors
    /// When the bytes are not that.
    pub fn load(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let (assets, fees, funding) = (load_list(r)?, load_list(r)?, load_list(r)?);
        let count = r.count(POSITION_LEN_MIN)?;
        let positions = (0..count).map(|_| load_position(r)).collect::<Result<_, _>>()?;
        Ok(Self { assets, fees, funding, positions })
    }
}

fn load_list(r: &mut Reader<'_>) -> Result<Vec<(AssetId, Money)>, WireError> {
    let count = r.count(ENTRY_LEN)?;
    let list: Vec<_> =
        (0..count).map(|_| Ok((AssetId(r.u16()?), Money(r.i128()?)))).collect::<Result<_, WireError>>()?;
    if list.is_sorted_by(|a, b| a.0 < b.0) { Ok(list) } else { Err(WireError::Invalid) }
}

fn save_position(position: &Position, w: &mut Writer<'_>) {
    w.i64(position.qty);
    w.i128(position.cost);
    w.varint(position.lots.len() as u64);
    for lot in &position.lots {
        w.i64(lot.qty);
        w.i128(lot.quote);
    }
    w.i128(position.realised.average.0);
    w.i128(position.realised.fifo.0);
    w.i64(position.realised.closed.0);
}

fn load_position(r: &mut Reader<'_>) -> Result<Position, WireError> {
    let (qty, cost) = (r.i64()?, r.i128()?);
    let count = r.count(LOT_LEN)?;
    if count > LOTS_MAX {
        return Err(WireError::Invalid);
    }
    let lots = (0..count)
        .map(|_| Ok(Lot { qty: r.i64()?, quote: r.i128()? }))
        .collect::<Result<VecDeque<_>, WireError>>()?;
    let realised = Realised { average: Money(r.i128()?), fifo: Money(r.i128()?), closed: Qty(r.i64()?) };
    Ok(Position { qty, cost, lots, realised })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::{Price, Side, TradeId, VenueFill};

    use super::*;
    use crate::position::tests_support::{perp, spot};

    proptest! {
        /// L6 over a restart: what is read back goes on exactly as if nothing had happened.
        #[test]
        fn l6_an_account_that_was_saved_goes_on_the_same(
            trades in prop::collection::vec((any::<bool>(), any::<bool>(), 1..50_i64, 1..400_i64), 1..60),
            cut in 0..60_usize,
        ) {
            let (spot, perp) = (spot(), perp());
            let (mut one, mut two) = (BotAccount::default(), BotAccount::default());
            for (n, (buy, perpetual, qty, price)) in trades.iter().enumerate() {
                if n == cut {
                    let mut bytes = Vec::new();
                    two.save(&mut Writer(&mut bytes));
                    let mut r = Reader::new(&bytes);
                    two = BotAccount::load(&mut r).unwrap();
                    prop_assert_eq!(r.end(), Ok(()));
                }
                let instrument = if *perpetual { &perp } else { &spot };
                let side = if *buy { Side::Buy } else { Side::Sell };
                let fill = VenueFill {
                    trade: TradeId(n as u64),
                    price: Price(*price),
                    qty: Qty(*qty),
                    quote: Money(i128::from(*price) * i128::from(*qty)),
                    fee: Money(1),
                    fee_asset: instrument.market.quote.id,
                    is_maker: false,
                };
                one.fill(instrument, side, &fill).unwrap();
                two.fill(instrument, side, &fill).unwrap();
            }
            prop_assert_eq!(one, two);
        }
    }
}

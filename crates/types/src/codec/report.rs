//! What a venue says about our orders.

use crate::wire::{Reader, WireError, Writer};
use crate::{
    AccountId, AssetId, Liquidation, MarketId, Money, Outcome, Price, Qty, Report, TradeId, VenueFill,
    VenueReason,
};

use super::{get_side, get_text, put_side};

/// Writes a report.
pub fn put_report(w: &mut Writer<'_>, report: &Report) {
    w.u16(report.market.0);
    w.text(report.client_id.as_str());
    match &report.outcome {
        Outcome::Accepted { venue_id } => {
            w.u8(0);
            w.u64(*venue_id);
        }
        Outcome::Rejected(reason) => {
            w.u8(1);
            put_reason(w, *reason);
        }
        Outcome::Fill(fill) => {
            w.u8(2);
            put_venue_fill(w, fill);
        }
        Outcome::Canceled => w.u8(3),
        Outcome::Expired => w.u8(4),
        Outcome::Unknown => w.u8(5),
        Outcome::NeverArrived => w.u8(6),
    }
}

/// Reads a report.
pub fn get_report(r: &mut Reader<'_>) -> Result<Report, WireError> {
    let (market, client_id) = (MarketId(r.u16()?), get_text(r)?);
    let outcome = match r.u8()? {
        0 => Outcome::Accepted { venue_id: r.u64()? },
        1 => Outcome::Rejected(get_reason(r)?),
        2 => Outcome::Fill(get_venue_fill(r)?),
        3 => Outcome::Canceled,
        4 => Outcome::Expired,
        5 => Outcome::Unknown,
        6 => Outcome::NeverArrived,
        _ => return Err(WireError::Invalid),
    };
    Ok(Report { market, client_id, outcome })
}

/// Writes a liquidation.
pub fn put_liquidation(w: &mut Writer<'_>, liquidation: &Liquidation) {
    w.u32(liquidation.account.0);
    w.u16(liquidation.market.0);
    put_side(w, liquidation.side);
    put_venue_fill(w, &liquidation.fill);
}

/// Reads a liquidation.
pub fn get_liquidation(r: &mut Reader<'_>) -> Result<Liquidation, WireError> {
    Ok(Liquidation {
        account: AccountId(r.u32()?),
        market: MarketId(r.u16()?),
        side: get_side(r)?,
        fill: get_venue_fill(r)?,
    })
}

/// Writes a fill.
pub fn put_venue_fill(w: &mut Writer<'_>, fill: &VenueFill) {
    w.u64(fill.trade.0);
    w.i64(fill.price.0);
    w.i64(fill.qty.0);
    w.i128(fill.quote.0);
    w.i128(fill.fee.0);
    w.u16(fill.fee_asset.0);
    w.bool(fill.is_maker);
}

/// Reads a fill.
pub fn get_venue_fill(r: &mut Reader<'_>) -> Result<VenueFill, WireError> {
    Ok(VenueFill {
        trade: TradeId(r.u64()?),
        price: Price(r.i64()?),
        qty: Qty(r.i64()?),
        quote: Money(r.i128()?),
        fee: Money(r.i128()?),
        fee_asset: AssetId(r.u16()?),
        is_maker: r.bool()?,
    })
}

fn put_reason(w: &mut Writer<'_>, reason: VenueReason) {
    let plain = match reason {
        VenueReason::Filter => 0,
        VenueReason::InsufficientBalance => 1,
        VenueReason::Duplicate => 2,
        VenueReason::WouldTake => 3,
        VenueReason::WouldTrigger => 4,
        VenueReason::NotAllowed => 5,
        VenueReason::RateLimited => 6,
        VenueReason::Expired => 7,
        VenueReason::Other(code) => {
            w.u8(8);
            return w.i64(i64::from(code));
        }
    };
    w.u8(plain);
}

fn get_reason(r: &mut Reader<'_>) -> Result<VenueReason, WireError> {
    Ok(match r.u8()? {
        0 => VenueReason::Filter,
        1 => VenueReason::InsufficientBalance,
        2 => VenueReason::Duplicate,
        3 => VenueReason::WouldTake,
        4 => VenueReason::WouldTrigger,
        5 => VenueReason::NotAllowed,
        6 => VenueReason::RateLimited,
        7 => VenueReason::Expired,
        8 => VenueReason::Other(i32::try_from(r.i64()?).map_err(|_| WireError::Invalid)?),
        _ => return Err(WireError::Invalid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientOrderId;

    #[test]
    fn every_outcome_is_read_back() {
        let fill = VenueFill {
            trade: TradeId(1),
            price: Price(2),
            qty: Qty(3),
            quote: Money(4),
            fee: Money(-5),
            fee_asset: AssetId(6),
            is_maker: true,
        };
        let reasons = [
            VenueReason::Filter,
            VenueReason::InsufficientBalance,
            VenueReason::Duplicate,
            VenueReason::WouldTake,
            VenueReason::WouldTrigger,
            VenueReason::NotAllowed,
            VenueReason::RateLimited,
            VenueReason::Expired,
            VenueReason::Other(-1_013),
        ];
        let others = [
            Outcome::Accepted { venue_id: 9 },
            Outcome::Fill(fill),
            Outcome::Canceled,
            Outcome::Expired,
            Outcome::Unknown,
            Outcome::NeverArrived,
        ];
        for outcome in reasons.map(Outcome::Rejected).into_iter().chain(others) {
            let report =
                Report { market: MarketId(1), client_id: ClientOrderId::new("t-1").unwrap(), outcome };
            let mut bytes = Vec::new();
            put_report(&mut Writer(&mut bytes), &report);
            let mut r = Reader::new(&bytes);
            assert_eq!((get_report(&mut r), r.end()), (Ok(report), Ok(())));
        }
    }
}

//! Accounts, balances, fills and prevented matches.

use exchange_host::Catalog;
use exchange_host::view::{AccountFill, Balances, PreventedMatch};
use types::event::AccountView;
use types::{FeeRate, Market, Side};

use crate::call::TimeUnit;
use crate::json::{Json, Object};
use crate::render::order::lost_members;
use crate::words::{STP_MODES, word};

/// Decimals of a fee rate: its unit is 10^-8.
pub(crate) const RATE_SCALE: u8 = 8;

fn rate(o: &mut Object<'_>, key: &str, rate: FeeRate) {
    o.decimal(key, i128::from(rate.0), RATE_SCALE);
}

/// Four rates: what the account pays as maker and taker; buyers and sellers pay nothing extra.
pub(crate) fn rates(o: &mut Object<'_>, maker: FeeRate, taker: FeeRate) {
    rate(o, "maker", maker);
    rate(o, "taker", taker);
    rate(o, "buyer", FeeRate(0));
    rate(o, "seller", FeeRate(0));
}

/// `GET /api/v3/account`.
pub(crate) fn account(
    view: &AccountView,
    balances: &Balances,
    catalog: &Catalog,
    can_trade: bool,
    omit_zero: bool,
    unit: TimeUnit,
) -> Json {
    Json::object(|o| {
        // The old integer fields are in hundredths of a percent.
        o.int("makerCommission", view.maker.0 / 10_000);
        o.int("takerCommission", view.taker.0 / 10_000);
        o.int("buyerCommission", 0);
        o.int("sellerCommission", 0);
        o.object("commissionRates", |o| rates(o, view.maker, view.taker));
        o.bool("canTrade", can_trade);
        o.bool("canWithdraw", false);
        o.bool("canDeposit", false);
        o.bool("brokered", false);
        o.bool("requireSelfTradePrevention", false);
        o.bool("preventSor", false);
        o.time("updateTime", balances.updated, unit);
        o.text("accountType", "SPOT");
        o.array("balances", |a| {
            for asset in &catalog.assets {
                let held = balances.balances.iter().find(|balance| balance.asset == asset.id);
                let (free, locked) = held.map_or_else(Default::default, |b| (b.available, b.locked));
                if omit_zero && free.0 == 0 && locked.0 == 0 {
                    continue;
                }
                a.object(|o| {
                    o.text("asset", asset.code.as_str());
                    o.money("free", free, asset.scale);
                    o.money("locked", locked, asset.scale);
                });
            }
        });
        o.array("permissions", |a| a.text("SPOT"));
        o.int("uid", view.id.0);
    })
}

/// One of `GET /api/v3/myTrades`.
pub(crate) fn fill_members(o: &mut Object<'_>, market: &Market, fill: &AccountFill, unit: TimeUnit) {
    let fee_asset = if fill.fill.fee_asset == market.base.id { &market.base } else { &market.quote };
    o.text("symbol", market.symbol.as_str());
    o.int("id", fill.fill.trade.0);
    o.int("orderId", fill.order.0);
    o.int("orderListId", fill.list.map_or(-1, |list| i128::from(list.0)));
    o.price("price", fill.fill.price, market.price_scale);
    o.qty("qty", fill.fill.qty, market.base.scale);
    o.money("quoteQty", fill.fill.quote, market.quote.scale);
    o.money("commission", fill.fill.fee, fee_asset.scale);
    o.text("commissionAsset", fee_asset.code.as_str());
    o.time("time", fill.at, unit);
    o.bool("isBuyer", fill.side == Side::Buy);
    o.bool("isMaker", fill.fill.is_maker);
    o.bool("isBestMatch", true);
}

/// One of `GET /api/v3/myPreventedMatches`.
pub(crate) fn prevented_members(
    o: &mut Object<'_>,
    market: &Market,
    prevented: &PreventedMatch,
    unit: TimeUnit,
) {
    o.text("symbol", market.symbol.as_str());
    o.int("preventedMatchId", prevented.id);
    o.int("takerOrderId", prevented.taker.0);
    o.text("makerSymbol", market.symbol.as_str());
    o.int("makerOrderId", prevented.maker.0);
    // There are no groups of accounts; the venue says so with -1 (stp_faq.md).
    o.int("tradeGroupId", -1);
    o.text("selfTradePreventionMode", word(STP_MODES, prevented.stp));
    o.price("price", prevented.price, market.price_scale);
    lost_members(o, market, prevented.taker_lost, prevented.maker_lost);
    o.time("transactTime", prevented.at, unit);
}

//! The few `/sapi` endpoints that clients call on their own when they load markets with keys, or ask for the venue's state.

use types::Asset;

use crate::call::Call;
use crate::context::Context;
use crate::dispatch::Answer;
use crate::json::{Array, Json, Object};
use crate::refusal::unknown_outcome;
use crate::render::account::RATE_SCALE;

/// `GET /sapi/v1/system/status`.
#[allow(clippy::unnecessary_wraps)] // the type of all handlers
pub(crate) fn system_status(_: &Context, _: &Call) -> Answer {
    Ok(Json::object(|o| {
        o.int("status", 0);
        o.text("msg", "normal");
    }))
}

/// `GET /sapi/v1/margin/allPairs`, `.../isolated/allPairs`: there is no margin.
#[allow(clippy::unnecessary_wraps)] // the type of all handlers
pub(crate) fn none(_: &Context, _: &Call) -> Answer {
    Ok(Json::array(|_| {}))
}

/// `GET /sapi/v1/capital/config/getall`: every asset, without networks, because nothing is deposited or withdrawn here.
pub(crate) fn assets(ctx: &Context, call: &Call) -> Answer {
    let balances = ctx.handle.view().balances(call.caller()?.account);
    let catalog = ctx.handle.view().catalog();
    Ok(Json::array(|a| {
        for asset in &catalog.assets {
            let held = balances.balances.iter().find(|balance| balance.asset == asset.id);
            let (free, locked) = held.map_or_else(Default::default, |b| (b.available, b.locked));
            a.object(|o| {
                o.text("coin", asset.code.as_str());
                o.bool("depositAllEnable", false);
                o.bool("withdrawAllEnable", false);
                o.text("name", asset.code.as_str());
                o.money("free", free, asset.scale);
                o.money("locked", locked, asset.scale);
                zeros(o, asset, &["freeze", "withdrawing", "ipoing", "ipoable", "storage"]);
                o.bool("isLegalMoney", asset.code.as_str() == "KRW");
                o.bool("trading", true);
                o.array("networkList", |_: &mut Array<'_>| {});
            });
        }
    }))
}

/// `POST /sapi/v3/asset/getUserAsset`: the balances that are not zero.
pub(crate) fn user_assets(ctx: &Context, call: &Call) -> Answer {
    let balances = ctx.handle.view().balances(call.caller()?.account);
    let catalog = ctx.handle.view().catalog();
    let wanted = call.params.optional("asset")?;
    Ok(Json::array(|a| {
        for balance in balances.balances.iter().filter(|b| b.available.0 != 0 || b.locked.0 != 0) {
            let Some(asset) = catalog.asset(balance.asset) else { continue };
            if wanted.is_some_and(|code| code != asset.code.as_str()) {
                continue;
            }
            a.object(|o| {
                o.text("asset", asset.code.as_str());
                o.money("free", balance.available, asset.scale);
                o.money("locked", balance.locked, asset.scale);
                zeros(o, asset, &["freeze", "withdrawing", "ipoable", "btcValuation"]);
            });
        }
    }))
}

/// `GET /sapi/v1/asset/tradeFee`.
pub(crate) fn trade_fee(ctx: &Context, call: &Call) -> Answer {
    let view = ctx.handle.view();
    let account = view.account(call.caller()?.account).ok_or_else(unknown_outcome)?;
    let catalog = view.catalog();
    let wanted = call.params.optional("symbol")?;
    Ok(Json::array(|a| {
        for market in catalog.markets.iter().filter(|m| wanted.is_none_or(|s| s == m.symbol.as_str())) {
            a.object(|o| {
                o.text("symbol", market.symbol.as_str());
                o.decimal("makerCommission", i128::from(account.maker.0), RATE_SCALE);
                o.decimal("takerCommission", i128::from(account.taker.0), RATE_SCALE);
            });
        }
    }))
}

fn zeros(o: &mut Object<'_>, asset: &Asset, keys: &[&str]) {
    for key in keys {
        o.decimal(key, 0, asset.scale);
    }
}

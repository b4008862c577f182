//! Limits of bots, in the words of accounts: what the driver says a bot may do, and how that is changed.

use bus::bots::{BotCommand, NewLimits};
use store::bots::Bot;
use store::{Amount, StoreError, Ts, audit};

use super::desk::{self, desk_name, from_lane};
use crate::Problem;
use crate::account_limits::{LimitsBody, MarketLimitsBody};
use crate::app::App;
use crate::auth::principal::{Principal, from_store};
use crate::routes::account_limits::RiskBody;
use crate::wire::Decimal;

/// How long a bot rests after a losing streak unless told otherwise, minutes.
const COOL_DOWN: u32 = 60;

/// What a bot may do now, as its driver has it.
pub(crate) async fn limits(app: &App, bot: &Bot) -> Result<RiskBody, Problem> {
    let given = given(app, bot).await?;
    body(app, bot, given)
}

async fn given(app: &App, bot: &Bot) -> Result<NewLimits, Problem> {
    let unknown = || Problem::conflict("bot_unknown", "the driver does not know this bot just now");
    desk::entry(app, bot).await.map(|entry| entry.limits).ok_or_else(unknown)
}

fn body(app: &App, bot: &Bot, given: NewLimits) -> Result<RiskBody, Problem> {
    let instrument = app.instrument(&bot.symbol)?;
    let decimal = |text: Option<String>| {
        text.and_then(|text| text.parse::<Amount>().ok()).map(|a| Decimal::text(a.to_string()))
    };
    let of_market = MarketLimitsBody {
        order_quantity_max: decimal(given.order_qty_max),
        position_max: decimal(given.position_max),
    };
    let mut limits = LimitsBody {
        order_value_max: decimal(given.order_notional_max),
        exposure_max: decimal(given.exposure_max),
        orders_per_minute: given.orders_per_minute,
        price_band_bips: given.price_band_bips,
        daily_loss_max: decimal(given.daily_loss_max),
        drawdown_max_bips: given.drawdown_max_bips,
        ..LimitsBody::default()
    };
    if of_market != MarketLimitsBody::default() {
        limits.markets.insert(instrument.id.symbol.to_string(), of_market);
    }
    let currency = instrument.market.quote.code.to_string();
    Ok(RiskBody { account: bot.account_id.to_string(), currency, limits, uses: Vec::new() })
}

/// What a bot would have with these limits, and whether that allows anything that it may not do now.
///
/// # Errors
/// 422 for limits of a market that is not the bot's first: its quantities are in that one's base asset.
pub(crate) async fn wanted(app: &App, bot: &Bot, limits: &LimitsBody) -> Result<(NewLimits, bool), Problem> {
    let before = given(app, bot).await?;
    let symbol = app.instrument(&bot.symbol)?.id.symbol.to_string();
    if let Some(other) = limits.markets.keys().find(|other| **other != symbol) {
        let detail =
            format!("quantities of this bot are limited for {symbol}; there is no market {other} of its");
        return Err(Problem::refused("limit", detail));
    }
    if limits.drawdown_max_bips.is_some_and(|bips| bips > 10_000) {
        return Err(Problem::refused("limit", "drawdown_max_bips is at most 10000".to_owned()));
    }
    let of_market = limits.markets.get(&symbol).cloned().unwrap_or_default();
    let text = |decimal: &Option<Decimal>| decimal.as_ref().map(|d| d.as_str().to_owned());
    let new = NewLimits {
        order_qty_max: text(&of_market.order_quantity_max),
        order_notional_max: text(&limits.order_value_max),
        position_max: text(&of_market.position_max),
        exposure_max: text(&limits.exposure_max),
        price_band_bips: limits.price_band_bips,
        orders_per_minute: limits.orders_per_minute,
        drawdown_max_bips: limits.drawdown_max_bips,
        daily_loss_max: text(&limits.daily_loss_max),
        ..before.clone()
    };
    let raises = raises(&new, &before);
    Ok((new, raises))
}

/// Tells the driver, which keeps it in its journal, and notes it.
pub(crate) async fn limit(
    app: &App,
    who: &Principal,
    bot: &Bot,
    (new, raises): (NewLimits, bool),
) -> Result<RiskBody, Problem> {
    let command = BotCommand::Limits { bot: desk_name(bot)?, limits: Box::new(new) };
    let entry = desk::command(app, who.user, None, command).await.map_err(|error| from_lane(&error))?;
    let body = body(app, bot, entry.limits)?;
    let detail = serde_json::json!({ "name": bot.name, "limits": body.limits, "raises": raises });
    let note = who.note("bot.limits", bot.id, &detail);
    let noted = app.store.write(move |tx| Box::pin(async move { audit::append(tx, note, Ts::now()).await }));
    noted.await.map_err(|e: StoreError| from_store(&e))?;
    Ok(body)
}

/// Whether these allow anything that `before` did not: a limit is higher or gone, or a rest is shorter.
fn raises(new: &NewLimits, before: &NewLimits) -> bool {
    let decimals = [
        (&before.order_qty_max, &new.order_qty_max),
        (&before.order_notional_max, &new.order_notional_max),
        (&before.position_max, &new.position_max),
        (&before.exposure_max, &new.exposure_max),
        (&before.account_exposure_max, &new.account_exposure_max),
        (&before.portfolio_exposure_max, &new.portfolio_exposure_max),
        (&before.daily_loss_max, &new.daily_loss_max),
    ];
    let counts = [
        (before.price_band_bips, new.price_band_bips),
        (before.losing_streak_max, new.losing_streak_max),
        (before.orders_per_minute, new.orders_per_minute),
        (before.drawdown_max_bips, new.drawdown_max_bips),
    ];
    let rest =
        |limits: &NewLimits| limits.losing_streak_max.map(|_| limits.cool_down_minutes.unwrap_or(COOL_DOWN));
    decimals.into_iter().any(|(old, new)| is_higher(old.as_deref(), new.as_deref()))
        || counts.into_iter().any(|(old, new)| old.is_some_and(|old| new.is_none_or(|new| new > old)))
        || rest(before) > rest(new)
}

/// What cannot be read counts as higher; the driver will refuse it.
fn is_higher(old: Option<&str>, new: Option<&str>) -> bool {
    let Some(old) = old else { return false };
    let amount = |text: &str| text.parse::<Amount>().ok();
    match new.map(|new| (amount(old), amount(new))) {
        Some((Some(old), Some(new))) => new > old,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_allows_more_is_a_raise() {
        let of = |position: Option<&str>, streak: Option<u32>, minutes: Option<u32>| NewLimits {
            position_max: position.map(ToOwned::to_owned),
            losing_streak_max: streak,
            cool_down_minutes: minutes,
            ..NewLimits::default()
        };
        let none = NewLimits::default();
        for (old, new, wanted) in [
            (of(Some("0.10"), None, None), of(Some("0.1"), None, None), false),
            (of(Some("9"), None, None), of(Some("10"), None, None), true),
            (of(Some("10"), None, None), of(Some("9"), None, None), false),
            (of(Some("10"), None, None), none.clone(), true),
            (none.clone(), of(Some("10"), None, None), false),
            (of(Some("10"), None, None), of(Some("x"), None, None), true),
            (of(None, Some(3), None), of(None, Some(4), None), true),
            (of(None, Some(3), None), of(None, Some(3), Some(59)), true),
            (of(None, Some(3), Some(5)), of(None, Some(3), None), false),
            (of(None, Some(3), None), none.clone(), true),
        ] {
            assert_eq!(raises(&new, &old), wanted, "{old:?} to {new:?}");
        }
    }
}

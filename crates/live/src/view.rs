//! Bots in the words of [`bus::bots`].

use bus::bots::{BotEntry, BotMarket, Decision, Holding, NewBracket, NewLimits, PositionEntry, WorkingOrder};
use engine::{BotSpec, BotState, BotView, Engine, Logged};
use market_data::MarketView;
use orders::State;
use risk::{Halt, Losses};
use types::{Asset, AssetId, Instrument, Money, Outcome, Qty, Side, decimal};

use crate::command::MINUTE_NS;

pub(crate) fn entry(engine: &Engine, bot: &BotView<'_>) -> BotEntry {
    let spec = bot.spec();
    let quote = spec.and_then(|spec| asset(engine, spec.quote));
    let in_quote = |amount: Money| text(quote, amount);
    let holdings = |list: &[(AssetId, Money)]| -> Vec<Holding> {
        let one = |(id, amount): &(AssetId, Money)| {
            let asset = asset(engine, *id);
            let code = asset.map_or_else(|| id.to_string(), |asset| asset.code.to_string());
            Holding { asset: code, amount: text(asset, *amount) }
        };
        list.iter().filter(|(_, amount)| amount.0 != 0).map(one).collect()
    };
    let market = |(id, interval): &(types::MarketId, types::Interval)| BotMarket {
        symbol: engine.markets().get(*id).map(|v| v.instrument().id.to_string()).unwrap_or_default(),
        interval: interval.as_str().to_owned(),
    };
    BotEntry {
        id: bot.id().0,
        name: spec.map(|spec| spec.name.clone()).unwrap_or_default(),
        account: bot.account().0,
        strategy: spec.map(|spec| spec.strategy.clone()).unwrap_or_default(),
        markets: spec.map(|spec| spec.markets.iter().map(market).collect()).unwrap_or_default(),
        params: spec.map(|spec| spec.params.clone()).unwrap_or_default(),
        model: spec.and_then(|spec| spec.model.as_ref()).map(|model| model.label.clone()),
        bracket: bot.bracket().map(bracket),
        limits: spec.map(|spec| limits(engine, spec)).unwrap_or_default(),
        state: state(bot.state()).to_owned(),
        halt: halt(engine.halt(bot.account())).to_owned(),
        quote: quote.map(|asset| asset.code.to_string()).unwrap_or_default(),
        equity: engine.equity(bot.id()).map(in_quote),
        profit: profit(engine, bot).map(in_quote),
        fees: in_quote(spec.map_or(Money::ZERO, |spec| bot.ledger().fees(spec.quote))),
        funds: spec.map(|spec| holdings(&spec.funds)).unwrap_or_default(),
        assets: holdings(bot.ledger().assets()),
        positions: engine.markets().iter().filter_map(|view| position(bot, view)).collect(),
        drawdown_bips: fallen(bot.losses()),
        drawdown_max_bips: spec.and_then(|spec| spec.limits.drawdown_max_bips),
        orders: bot.working().count(),
        decisions: bot.decisions(),
        last: bot.why().next_back().map(decision),
    }
}

/// What a bot may do, as it would be asked for.
fn limits(engine: &Engine, spec: &BotSpec) -> NewLimits {
    let first = spec.markets.first().and_then(|(id, _)| engine.markets().get(*id));
    let market = first.map(|view| &view.instrument().market);
    let given = &spec.limits;
    let qty = |max: Option<Qty>| Some(text(market.map(|m| m.base), Money(i128::from(max?.0))));
    let money = |max: Option<Money>| Some(text(market.map(|m| m.quote), max?));
    let rests = given.losing_streak_max.map(|_| given.cool_down_ns / MINUTE_NS);
    NewLimits {
        order_qty_max: qty(given.order_qty_max),
        order_notional_max: money(given.order_notional_max),
        position_max: qty(given.position_max),
        exposure_max: money(given.bot_exposure_max),
        account_exposure_max: money(given.account_exposure_max),
        portfolio_exposure_max: money(given.portfolio_exposure_max),
        price_band_bips: given.price_band_bips,
        losing_streak_max: given.losing_streak_max,
        cool_down_minutes: rests.map(|minutes| u32::try_from(minutes).unwrap_or(u32::MAX)),
        orders_per_minute: given.order_rate_max,
        drawdown_max_bips: given.drawdown_max_bips,
        daily_loss_max: money(given.daily_loss_max),
    }
}

/// How far the worth is below the highest it was, in hundredths of a percent, as the risk check counts; absent before the first
/// valuation.
fn fallen(losses: &Losses) -> Option<u32> {
    let (highest, fallen) = (losses.highest.0, losses.highest.0 - losses.equity.0);
    let bips = fallen.max(0).checked_mul(10_000)?.checked_div(highest.max(0))?;
    Some(u32::try_from(bips).unwrap_or(u32::MAX))
}

/// Realised and unrealised profit less fees and with funding, in the quote asset; fees in the base asset are in the realised part.
fn profit(engine: &Engine, bot: &BotView<'_>) -> Option<Money> {
    let quote = bot.spec()?.quote;
    let mut sum = bot.ledger().funding(quote).0 - bot.ledger().fees(quote).0;
    for view in engine.markets().iter().filter(|v| v.instrument().market.quote.id == quote) {
        let position = bot.ledger().position(view.instrument().market.id);
        sum += position.realised().average.0;
        if position.qty().0 != 0 {
            sum += unrealised(bot, view)?.0;
        }
    }
    Some(Money(sum))
}

fn unrealised(bot: &BotView<'_>, view: &MarketView) -> Option<Money> {
    let market = &view.instrument().market;
    let position = bot.ledger().position(market.id);
    Some(position.unrealised(market.notional.amount(view.mark()?, position.qty().size())))
}

fn position(bot: &BotView<'_>, view: &MarketView) -> Option<PositionEntry> {
    let Instrument { id, market, .. } = view.instrument();
    let position = bot.ledger().position(market.id);
    if position.qty().0 == 0 {
        return None;
    }
    let quote = Some(market.quote);
    Some(PositionEntry {
        symbol: id.to_string(),
        qty: decimal::format(i128::from(position.qty().0), market.base.scale),
        cost: text(quote, position.cost()),
        unrealised: unrealised(bot, view).map(|amount| text(quote, amount)),
        realised: text(quote, position.realised().average),
    })
}

pub(crate) fn decision(logged: &Logged) -> Decision {
    Decision {
        at: logged.at.rfc3339(),
        times: logged.times,
        reason: logged.reason.code.to_owned(),
        values: logged.reason.values().iter().map(|(n, v)| ((*n).to_owned(), v.to_string())).collect(),
        denied: logged.denied.map(str::to_owned),
    }
}

pub(crate) fn orders(engine: &Engine, bot: &BotView<'_>) -> Vec<WorkingOrder> {
    let mut ids: Vec<_> = bot.working().collect();
    ids.sort_unstable();
    let orders = ids.into_iter().filter_map(|id| engine.orders().get(id));
    let one = |order: &orders::Order| {
        let instrument = engine.markets().get(order.market)?.instrument();
        let market = &instrument.market;
        let qty = |units: i64| decimal::format(i128::from(units), market.base.scale);
        let price = |price: types::Price| decimal::format(i128::from(price.0), market.price_scale);
        Some(WorkingOrder {
            client_id: order.client_id.to_string(),
            symbol: instrument.id.to_string(),
            side: if order.side == Side::Buy { "buy" } else { "sell" }.to_owned(),
            price: order.terms.price().map(price),
            stop_price: order.terms.trigger().and_then(|trigger| trigger.stop).map(price),
            guards: role(order.tag).map(str::to_owned),
            qty: order.qty.map(|q| qty(q.0)),
            filled: qty(order.filled.0),
            state: order_state(order.state).to_owned(),
            recorded: order.recorded.rfc3339(),
        })
    };
    orders.filter_map(one).collect()
}

/// What an order guards, in a word.
const fn role(tag: u32) -> Option<&'static str> {
    match strategy::Tag(tag) {
        strategy::Tag::STOP => Some("stop"),
        strategy::Tag::TARGET => Some("target"),
        strategy::Tag::LEAVE => Some("leave"),
        _ => None,
    }
}

/// A bot's bracket in words: one that was made of distances, as all of them are that people ask for.
pub(crate) fn bracket(bracket: &orders::Bracket) -> NewBracket {
    let bips = |level: Option<orders::Level>| match level {
        Some(orders::Level::Off(bips)) => Some(bips.0),
        _ => None,
    };
    NewBracket {
        stop_loss_bps: bips(bracket.stop()),
        take_profit_bps: bips(bracket.target()),
        trailing_bps: bracket.trailing().map(|bips| bips.0),
    }
}

pub(crate) const fn state(state: BotState) -> &'static str {
    match state {
        BotState::Running => "running",
        BotState::Paused => "paused",
        BotState::Stopped => "stopped",
    }
}

const fn halt(halt: Halt) -> &'static str {
    match halt {
        Halt::Off => "off",
        Halt::ReduceOnly => "reduce_only",
        Halt::Full => "full",
    }
}

const fn order_state(state: State) -> &'static str {
    match state {
        State::Recorded => "recorded",
        State::Sent => "sent",
        State::Unknown => "unknown",
        State::Live => "live",
        State::PartlyFilled => "partly_filled",
        State::Filled => "filled",
        State::Canceled => "canceled",
        State::Expired => "expired",
        State::Rejected => "rejected",
        State::NeverArrived => "never_arrived",
    }
}

pub(crate) const fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Rejected(_) => "rejected",
        Outcome::Fill(_) => "fill",
        Outcome::Canceled => "canceled",
        Outcome::Expired => "expired",
        Outcome::Unknown => "unknown",
        Outcome::NeverArrived => "never_arrived",
    }
}

fn asset(engine: &Engine, id: AssetId) -> Option<Asset> {
    let markets = engine.markets().iter().map(|view| &view.instrument().market);
    markets.flat_map(|market| [market.base, market.quote]).find(|asset| asset.id == id)
}

fn text(asset: Option<Asset>, amount: Money) -> String {
    decimal::format(amount.0, asset.map_or(types::instrument::DEFAULT_SCALE, |asset| asset.scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_is_told_as_the_risk_check_counts_it() {
        let of = |highest: i128, equity: i128| {
            fallen(&Losses { highest: Money(highest), equity: Money(equity), ..Losses::default() })
        };
        assert_eq!(of(10_000, 9_876), Some(124));
        assert_eq!(of(10_000, 10_000), Some(0));
        assert_eq!(of(10_000, -10_000), Some(20_000), "more than everything was lost");
        assert_eq!(of(0, 0), None, "nothing was valued yet");
    }
}

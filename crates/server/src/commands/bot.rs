//! `tradewind bot`: bots of the running server.

use bus::bots::{
    BotCommand, BotEntry, BotMarket, BotQuery, BotReply, Decision, Holding, NewBot, NewBracket, NewLimits,
    WorkingOrder,
};
use serde_json::json;

use super::exchange::Way;
use crate::bots::{Answer, Request};
use crate::cli::{Bot, BotLimits, CreateBot, Output};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note, table};

/// Carries out one command.
pub(crate) fn run(config: &Config, command: &Bot) -> Result<(), Failure> {
    let changed = |command: BotCommand, output: Output, what: &str| {
        let bot = change(config, command, None)?;
        show_changed(&bot, output, what);
        Ok(())
    };
    match command {
        Bot::Create(create) => make(config, create),
        Bot::Start(named) => changed(BotCommand::Start { bot: named.bot.clone() }, named.output, "runs"),
        Bot::Pause(named) => {
            changed(BotCommand::Pause { bot: named.bot.clone() }, named.output, "is paused; its orders stay")
        }
        Bot::Stop(named) => changed(
            BotCommand::Stop { bot: named.bot.clone() },
            named.output,
            "is stopped; its orders are being cancelled",
        ),
        Bot::Exit(named) => changed(
            BotCommand::Exit { bot: named.bot.clone() },
            named.output,
            "is stopped and closes its positions",
        ),
        Bot::Halt { bot, flatten } => {
            let command = BotCommand::Halt { bot: bot.bot.clone(), flatten: *flatten };
            changed(command, bot.output, "is halted: nothing leaves until it is started again")
        }
        Bot::Limits { bot, limits: given } => {
            let command = BotCommand::Limits { bot: bot.bot.clone(), limits: Box::new(limits(given)?) };
            changed(command, bot.output, "has these limits from now on")
        }
        Bot::Signal { bot, text, output } => {
            changed(BotCommand::Signal { bot: bot.clone(), text: text.clone() }, *output, "heard it")
        }
        Bot::List(output) => list(config, *output),
        Bot::Show(named) => show(config, &named.bot, named.output),
        Bot::Why { bot, last } => why(config, &bot.bot, *last, bot.output),
    }
}

fn make(config: &Config, create: &CreateBot) -> Result<(), Failure> {
    let pairs = |texts: &[String], example: &str| {
        let one = |text: &String| {
            let parts = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
            let parts = parts.map(|(name, value)| (name.to_owned(), value.to_owned()));
            parts.ok_or_else(|| {
                let failure = Failure::new(Exit::Usage, format!("\"{text}\" lacks a name or a value"));
                failure.advise(format!("write it like {example}"))
            })
        };
        texts.iter().map(one).collect::<Result<Vec<_>, Failure>>()
    };
    let holding = |(asset, amount): (String, String)| Holding { asset: asset.to_ascii_uppercase(), amount };
    let market = |symbol: &String| BotMarket { symbol: symbol.clone(), interval: create.interval.clone() };
    let new = NewBot {
        name: create.name.clone(),
        strategy: create.strategy.clone(),
        markets: create.symbols.iter().map(market).collect(),
        params: pairs(&create.params, "fast=20")?,
        funds: pairs(&create.funds, "USDT=10000")?.into_iter().map(holding).collect(),
        limits: limits(&create.limits)?,
        model: create.model.clone(),
        bracket: bracket(create)?,
        found: None,
    };
    let bot = change(config, BotCommand::Create(Box::new(new)), create.idempotency_key.clone())?;
    show_changed(&bot, create.output, "is made, paused");
    if !create.output.json {
        note(format!("start it with `tradewind bot start {}`", bot.name));
    }
    Ok(())
}

fn limits(given: &BotLimits) -> Result<NewLimits, Failure> {
    Ok(NewLimits {
        order_qty_max: given.max_order.clone(),
        order_notional_max: given.max_order_value.clone(),
        position_max: given.max_position.clone(),
        exposure_max: given.max_exposure.clone(),
        account_exposure_max: given.max_account_exposure.clone(),
        portfolio_exposure_max: given.max_portfolio_exposure.clone(),
        price_band_bips: given.price_band.as_deref().map(bips).transpose()?,
        losing_streak_max: given.max_losing_streak,
        cool_down_minutes: given.cool_down,
        orders_per_minute: given.max_orders_per_minute,
        drawdown_max_bips: given.max_drawdown.as_deref().map(bips).transpose()?,
        daily_loss_max: given.max_daily_loss.clone(),
    })
}

/// The bracket of a new bot: what makes no sense is told before anything is asked of the server.
fn bracket(create: &CreateBot) -> Result<Option<NewBracket>, Failure> {
    let guards = create.guards;
    let made = guards.bracket().map_err(|error| {
        Failure::new(Exit::Usage, "the bracket makes no sense")
            .because(error)
            .advise("give basis points, like --stop-loss-bps 200 --take-profit-bps 500")
    })?;
    Ok(made.map(|_| NewBracket {
        stop_loss_bps: guards.stop_loss_bps,
        take_profit_bps: guards.take_profit_bps,
        trailing_bps: guards.trailing_bps,
    }))
}

/// A percentage with up to two decimals as hundredths of a percent.
fn bips(text: &str) -> Result<u32, Failure> {
    let read = types::decimal::parse_unsigned(text, 2).ok().and_then(|v| u32::try_from(v).ok());
    read.ok_or_else(|| {
        Failure::new(Exit::Usage, format!("\"{text}\" is no percentage")).advise("write it like 12.5")
    })
}

fn show_changed(bot: &BotEntry, output: Output, what: &str) {
    if output.json {
        answer(json!({ "v": 1, "bot": bot }));
    } else {
        answer(format!("{} {what}", bot.name));
    }
}

fn list(config: &Config, output: Output) -> Result<(), Failure> {
    let BotReply::Bots(bots) = ask(config, BotQuery::List {})? else { return Err(Way::unexpected()) };
    if output.json {
        answer(json!({ "v": 1, "bots": bots }));
        return Ok(());
    }
    if bots.is_empty() {
        note(
            "no bots yet; make one with `tradewind bot create ema-cross --symbol BTCUSDT --funds USDT=10000`",
        );
        return Ok(());
    }
    let head = [
        "id",
        "name",
        "strategy",
        "market",
        "state",
        "equity",
        "profit",
        "position",
        "orders",
        "last decision",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for bot in &bots {
        let markets: Vec<_> = bot.markets.iter().map(|m| format!("{} {}", m.symbol, m.interval)).collect();
        let worth = |amount: &Option<String>| {
            amount.as_deref().map_or_else(|| "?".to_owned(), |a| format!("{} {}", short(a), bot.quote))
        };
        let positions: Vec<_> = bot.positions.iter().map(|p| short(&p.qty).to_owned()).collect();
        rows.push(vec![
            bot.id.to_string(),
            bot.name.clone(),
            bot.strategy.clone(),
            markets.join(", "),
            state(bot),
            worth(&bot.equity),
            worth(&bot.profit),
            if positions.is_empty() { "flat".to_owned() } else { positions.join(", ") },
            bot.orders.to_string(),
            bot.last.as_ref().map(|d| d.reason.clone()).unwrap_or_default(),
        ]);
    }
    answer(table(&rows));
    Ok(())
}

fn state(bot: &BotEntry) -> String {
    if bot.halt == "off" { bot.state.clone() } else { format!("{}, halted", bot.state) }
}

fn show(config: &Config, name: &str, output: Output) -> Result<(), Failure> {
    let bot = || name.to_owned();
    let BotReply::Bot(entry) = ask(config, BotQuery::Show { bot: bot() })? else {
        return Err(Way::unexpected());
    };
    let BotReply::Orders(orders) = ask(config, BotQuery::Orders { bot: bot() })? else {
        return Err(Way::unexpected());
    };
    if output.json {
        answer(json!({ "v": 1, "bot": entry, "orders": orders }));
        return Ok(());
    }
    let holdings = |list: &[Holding]| {
        let all: Vec<_> = list.iter().map(|h| format!("{} {}", short(&h.amount), h.asset)).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    };
    let params: Vec<_> = entry.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let worth = |amount: &Option<String>| {
        amount
            .as_deref()
            .map_or_else(|| "no price yet".to_owned(), |a| format!("{} {}", short(a), entry.quote))
    };
    let mut rows: Vec<Vec<String>> = [
        ("name", entry.name.clone()),
        ("strategy", format!("{} {}", entry.strategy, params.join(" "))),
        ("model", entry.model.clone().unwrap_or_else(|| "none".to_owned())),
        ("bracket", entry.bracket.as_ref().map_or_else(|| "none".to_owned(), guarded)),
        ("state", state(&entry)),
        ("account", format!("{} (bot.{} on the exchange)", entry.account, entry.name)),
        ("started with", holdings(&entry.funds)),
        ("has", holdings(&entry.assets)),
        ("equity", worth(&entry.equity)),
        ("profit", worth(&entry.profit)),
        ("fees", format!("{} {}", short(&entry.fees), entry.quote)),
        ("decisions", entry.decisions.to_string()),
    ]
    .into_iter()
    .map(|(key, value)| vec![key.to_owned(), value])
    .collect();
    for position in &entry.positions {
        let open = position.unrealised.as_deref().map_or("?", short);
        let text = format!(
            "{} {}, cost {}, open profit {open}, realised {}",
            short(&position.qty),
            position.symbol,
            short(&position.cost),
            short(&position.realised)
        );
        rows.push(vec!["position".to_owned(), text]);
    }
    rows.extend(orders.iter().map(|order| vec!["order".to_owned(), order_line(order)]));
    answer(table(&rows));
    Ok(())
}

/// A bracket in words.
fn guarded(bracket: &NewBracket) -> String {
    let part = |what: &str, bps: Option<u32>| bps.map(|bps| format!("{what} {bps} bps"));
    let parts = [
        part("stop loss", bracket.stop_loss_bps),
        part("take profit", bracket.take_profit_bps),
        part("trailing stop", bracket.trailing_bps),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn order_line(order: &WorkingOrder) -> String {
    let price = match (order.price.as_deref(), order.stop_price.as_deref()) {
        (Some(price), _) => format!("at {}", short(price)),
        (None, Some(stop)) => format!("at market from {}", short(stop)),
        (None, None) => "at market".to_owned(),
    };
    let qty = order.qty.as_deref().map_or("?", short);
    let what = order.guards.as_deref().map_or_else(String::new, |what| format!(", the bracket's {what}"));
    format!(
        "{} {qty} {} {price}, {} filled, {}{what}",
        order.side,
        order.symbol,
        short(&order.filled),
        order.state
    )
}

fn why(config: &Config, name: &str, last: usize, output: Output) -> Result<(), Failure> {
    let query = BotQuery::Why { bot: name.to_owned(), limit: last };
    let BotReply::Why(decisions) = ask(config, query)? else { return Err(Way::unexpected()) };
    if output.json {
        answer(json!({ "v": 1, "decisions": decisions }));
        return Ok(());
    }
    if decisions.is_empty() {
        note("it has decided nothing yet");
        return Ok(());
    }
    let mut rows = vec![["when", "times", "reason", "numbers"].map(String::from).to_vec()];
    rows.extend(decisions.iter().map(decision_row));
    answer(table(&rows));
    Ok(())
}

fn decision_row(decision: &Decision) -> Vec<String> {
    let numbers: Vec<_> = decision.values.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let reason = match &decision.denied {
        Some(code) => format!("{} (risk said no: {code})", decision.reason),
        None => decision.reason.clone(),
    };
    vec![decision.at.clone(), decision.times.to_string(), reason, numbers.join(", ")]
}

/// Changes something; the bot as it stands then.
fn change(config: &Config, command: BotCommand, key: Option<String>) -> Result<BotEntry, Failure> {
    match request(config, &Request::BotCommand { key, command })? {
        BotReply::Bot(bot) => Ok(*bot),
        _ => Err(Way::unexpected()),
    }
}

fn ask(config: &Config, query: BotQuery) -> Result<BotReply, Failure> {
    request(config, &Request::BotQuery { query })
}

fn request(config: &Config, request: &Request) -> Result<BotReply, Failure> {
    match Way::ask_server(config, request)? {
        Answer::Bots { reply, .. } => Ok(reply),
        Answer::Error { code, message } => Err(refused(&code, &message)),
        Answer::Api { .. } => Err(Way::unexpected()),
    }
}

fn refused(code: &str, message: &str) -> Failure {
    let exit =
        if matches!(code, "busy" | "stopped" | "account_failed") { Exit::Failed } else { Exit::Refused };
    let failure = Failure::new(exit, message).because(format!("code {code}"));
    match code {
        "unknown_bot" => failure.advise("`tradewind bot list` shows all bots"),
        "name_taken" => failure.advise("choose another name with --name"),
        "bad_model" => failure.advise("`tradewind model list` shows the trained models"),
        "busy" => failure.advise("try again"),
        "stopped" => failure.advise("restart the server; its log tells why the bots stopped"),
        "bad_request" => failure.advise("the server may be another version of this program; restart it"),
        _ => failure.advise("nothing was changed"),
    }
}

/// A decimal without the zeros that say nothing.
pub(crate) fn short(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_read_exactly() {
        assert_eq!((bips("12.5").unwrap(), bips("0.01").unwrap()), (1_250, 1));
        assert_eq!(bips("1.234").unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn an_expected_no_is_code_5() {
        assert_eq!(refused("bad_param", "x").exit, Exit::Refused);
        assert_eq!(refused("stopped", "x").exit, Exit::Failed);
    }
}

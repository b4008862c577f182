//! `tradewind order`, `tradewind position`: trading by hand on the running server.

use serde_json::{Value, json};

use super::api::{Ask, ask, get};
use super::exchange::Way;
use crate::cli::Output;
use crate::cli::order::{Order, Place, Position, Trade, Whose};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note, table};

/// Digits that every decimal of the API fits in.
const SCALE: u8 = 18;

/// Carries out one command about orders.
pub(crate) fn run(config: &Config, command: &Order) -> Result<(), Failure> {
    match command {
        Order::Place(place) => send(config, body(place), &place.trade, &place.whose, place.output),
        Order::List { live, symbol, status, limit, whose, output } => {
            let mut path = format!("/api/orders?limit={limit}&live={live}");
            for (name, value) in [("symbol", symbol), ("status", status), ("account", &whose.account)] {
                if let Some(value) = value {
                    path.push_str(&format!("&{name}={}", escaped(value)));
                }
            }
            list(config, whose, path, *output)
        }
        Order::Cancel { id, whose, output } => {
            let path = format!("/api/orders/{}", escaped(id));
            let user = whose.user.as_deref();
            let order = ask(config, Ask { user, method: "DELETE", path, key: None, body: None })?;
            show(&order, *output);
            Ok(())
        }
    }
}

/// Carries out one command about positions.
pub(crate) fn run_position(config: &Config, command: &Position) -> Result<(), Failure> {
    match command {
        Position::List { whose, output } => list_positions(config, whose, *output),
        Position::Close { symbol, trade, whose, output } => {
            let order = closing(config, symbol, whose)?;
            send(config, order, trade, whose, *output)
        }
    }
}

fn body(place: &Place) -> Value {
    let kind = place.order_type.clone();
    let kind = kind.unwrap_or_else(|| if place.price.is_some() { "limit" } else { "market" }.to_owned());
    let mut body = json!({ "symbol": place.symbol, "side": place.side, "order_type": kind });
    for (name, value) in [
        ("quantity", &place.quantity),
        ("quote_quantity", &place.quote_quantity),
        ("price", &place.price),
        ("stop_price", &place.stop_price),
        ("stop_limit_price", &place.stop_limit_price),
        ("time_in_force", &place.time_in_force),
        ("account", &place.whose.account),
    ] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    body
}

/// Sends an order, or says what it would do.
fn send(config: &Config, body: Value, trade: &Trade, whose: &Whose, output: Output) -> Result<(), Failure> {
    let user = whose.user.as_deref();
    if trade.dry_run {
        let path = "/api/orders/preview".to_owned();
        let preview = ask(config, Ask { user, method: "POST", path, key: None, body: Some(body) })?;
        show_preview(&preview, output);
        return Ok(());
    }
    // A key of its own, so that a lost answer can be asked for again.
    let key = trade.idempotency_key.clone().unwrap_or_else(|| format!("cli-{}", store::OrderId::new()));
    let path = "/api/orders".to_owned();
    let order = ask(config, Ask { user, method: "POST", path, key: Some(&key), body: Some(body) })?;
    show(&order, output);
    Ok(())
}

/// The market order that closes a position.
fn closing(config: &Config, symbol: &str, whose: &Whose) -> Result<Value, Failure> {
    let bare = symbol.rsplit(':').next().unwrap_or(symbol).to_ascii_uppercase();
    let positions = ask(config, get(whose.user.as_deref(), positions_path(whose)))?;
    let mine = |p: &&Value| p["symbol"] == bare.as_str() && p["bot"].is_null();
    let found: Vec<&Value> = positions.as_array().into_iter().flatten().filter(mine).collect();
    let position = match found.as_slice() {
        [one] => *one,
        [] => {
            return Err(Failure::new(Exit::Refused, format!("there is no open position in {bare}"))
                .because("only positions that were traded by hand are closed here")
                .advise(
                    "`tradewind position list` shows them; a bot's is closed with `tradewind bot exit`",
                ));
        }
        _ => {
            return Err(Failure::new(Exit::Usage, format!("several accounts have a position in {bare}"))
                .advise("name one of them with --account"));
        }
    };
    let markets = ask(config, get(whose.user.as_deref(), "/api/markets".to_owned()))?;
    let lot = markets.as_array().into_iter().flatten().find(|market| market["symbol"] == bare.as_str());
    let units = |value: &Value| types::decimal::parse(value.as_str().unwrap_or_default(), SCALE).ok();
    let (held, lot) = units(&position["quantity"])
        .zip(lot.and_then(|market| units(&market["lot"])))
        .filter(|(_, lot)| *lot > 0)
        .ok_or_else(Way::unexpected)?;
    let whole = held.abs() - held.abs() % lot;
    if whole == 0 {
        return Err(Failure::new(Exit::Refused, format!("the position in {bare} is smaller than a lot"))
            .because(format!("{} is left", position["quantity"].as_str().unwrap_or_default())));
    }
    Ok(json!({
        "symbol": bare,
        "side": if held > 0 { "sell" } else { "buy" },
        "order_type": "market",
        "quantity": types::decimal::format_short(whole, SCALE),
        "account": position["account"],
    }))
}

fn positions_path(whose: &Whose) -> String {
    match &whose.account {
        Some(account) => format!("/api/positions?account={}", escaped(account)),
        None => "/api/positions".to_owned(),
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or("-").to_owned()
}

fn order_row(order: &Value) -> Vec<String> {
    let price = if order["price"].is_null() { text(order, "stop_price") } else { text(order, "price") };
    vec![
        text(order, "created_at"),
        text(order, "id"),
        text(order, "symbol"),
        text(order, "side"),
        text(order, "order_type"),
        text(order, "quantity"),
        price,
        text(order, "filled_quantity"),
        text(order, "average_price"),
        text(order, "status"),
        order["reason"].as_str().unwrap_or_default().to_owned(),
    ]
}

const HEAD: [&str; 11] =
    ["placed", "id", "symbol", "side", "type", "quantity", "price", "filled", "at", "status", "why"];

fn show(order: &Value, output: Output) {
    if output.json {
        answer(json!({ "v": 1, "order": order }));
        return;
    }
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    match order["legs"].as_array() {
        Some(legs) if !legs.is_empty() => rows.extend(legs.iter().map(order_row)),
        _ => rows.push(order_row(order)),
    }
    answer(table(&rows));
}

fn list(config: &Config, whose: &Whose, path: String, output: Output) -> Result<(), Failure> {
    let orders = ask(config, get(whose.user.as_deref(), path))?;
    if output.json {
        answer(json!({ "v": 1, "orders": orders }));
        return Ok(());
    }
    let all = orders.as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        note("no orders; place one with `tradewind order place BTCUSDT buy 0.01`");
        return Ok(());
    }
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(order_row));
    answer(table(&rows));
    Ok(())
}

fn list_positions(config: &Config, whose: &Whose, output: Output) -> Result<(), Failure> {
    let positions = ask(config, get(whose.user.as_deref(), positions_path(whose)))?;
    if output.json {
        answer(json!({ "v": 1, "positions": positions }));
        return Ok(());
    }
    let all = positions.as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        note("no open positions");
        return Ok(());
    }
    let head = ["symbol", "quantity", "entry", "mark", "open profit", "realised", "fees", "by", "account"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|position| {
        let names =
            ["symbol", "quantity", "entry_price", "mark_price", "unrealised_pnl", "realised_pnl", "fees"];
        let mut row: Vec<String> = names.iter().map(|name| text(position, name)).collect();
        row.push(if position["bot"].is_null() { "hand" } else { "bot" }.to_owned());
        row.push(text(position, "account"));
        row
    }));
    answer(table(&rows));
    Ok(())
}

fn show_preview(preview: &Value, output: Output) {
    if output.json {
        answer(json!({ "v": 1, "preview": preview }));
        return;
    }
    let flow = |name: &str| format!("{} {}", text(&preview[name], "amount"), text(&preview[name], "asset"));
    let verdict = match preview["refusal"]["detail"].as_str() {
        None => "yes".to_owned(),
        Some(why) => format!("no: {why}"),
    };
    let rows: Vec<Vec<String>> = [
        ("accepted", verdict),
        ("price", text(preview, "price")),
        ("fills at once", text(preview, "fills_at_once")),
        ("pays", flow("pays")),
        ("gets", flow("gets")),
        ("fee", format!("{} {}", text(preview, "fee"), text(&preview["gets"], "asset"))),
    ]
    .into_iter()
    .map(|(name, value)| vec![name.to_owned(), value])
    .collect();
    answer(table(&rows));
    let mut limits = vec![["limit", "now", "after", "allowed", "unit"].map(str::to_owned).to_vec()];
    limits.extend(
        preview["limits"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| ["name", "used", "after", "max", "unit"].iter().map(|name| text(one, name)).collect()),
    );
    answer(format!("\n{}", table(&limits)));
    note("nothing was sent");
}

/// A value in an address.
fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types_is_one_value_of_the_address() {
        assert_eq!(escaped("a&b=c d/ü"), "a%26b%3Dc%20d%2F%C3%BC");
    }
}

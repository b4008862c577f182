//! `tradewind parity`: the same minutes through the back-tester, and where the difference comes from, order by order.

mod again;
mod explain;
mod fills;

use live::session;
use serde_json::json;
use types::decimal;

use crate::bots;
use crate::cli::Parity;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note, table};

use again::Again;
use explain::{Cause, Line, explain};
use fills::Traded;

/// Decimals of amounts in the report.
const SCALE: u8 = 8;

/// Runs a session's minutes again through the simulated venue and compares.
pub(crate) fn run(config: &Config, parity: &Parity) -> Result<(), Failure> {
    let dir = bots::dir_of(&config.data_dir, parity.shard.place());
    let number = parity.session;
    let failed = |error: live::OpenError| {
        bots::failure(&dir, &error).advise("`tradewind session list` shows all that are kept")
    };
    let recorded = session::open(&dir, number).map_err(failed)?;
    let live = Traded::of_steps(&recorded.steps);
    let latency_ns = i64::from(parity.latency_ms) * 1_000_000;
    let again = Again::run(recorded, latency_ns).map_err(|why| {
        Failure::new(Exit::Failed, format!("session {number} cannot be run again")).because(why)
    })?;
    let lines = explain(&live, &again.traded, &again.markets);
    let sum = |cause: Cause| lines.iter().filter(|l| l.cause == cause).map(|l| l.difference).sum::<i128>();
    let total: i128 = lines.iter().map(|l| l.difference).sum();
    let text = |amount: i128| decimal::format(amount, SCALE);
    if parity.output.json {
        let rows: Vec<_> = lines.iter().map(as_json).collect();
        let causes: serde_json::Map<String, serde_json::Value> =
            Cause::ALL.iter().map(|c| (c.as_str().to_owned(), json!(text(sum(*c))))).collect();
        answer(json!({
            "v": 1,
            "session": number,
            "orders_live": live.orders(),
            "orders_again": again.traded.orders(),
            "difference": text(total),
            "causes": causes,
            "orders": rows,
        }));
        return Ok(());
    }
    if live.orders() == 0 && again.traded.orders() == 0 {
        note("no order was sent in this session, and none is in the back-test: they agree");
        return Ok(());
    }
    let mut rows = vec![["order", "bot", "side", "cause", "difference", "why"].map(String::from).to_vec()];
    rows.extend(lines.iter().map(|line| {
        vec![
            line.name.clone(),
            line.bot.to_string(),
            line.side.to_owned(),
            line.cause.as_str().to_owned(),
            text(line.difference),
            line.why.clone(),
        ]
    }));
    answer(table(&rows));
    let causes: Vec<_> = Cause::ALL.iter().map(|c| format!("{} {}", c.as_str(), text(sum(*c)))).collect();
    answer(format!(
        "\n{} orders live, {} in the back-test; live less back-test in the quote asset: {} ({})",
        live.orders(),
        again.traded.orders(),
        text(total),
        causes.join(", ")
    ));
    Ok(())
}

fn as_json(line: &Line) -> serde_json::Value {
    json!({
        "order": line.name,
        "bot": line.bot,
        "side": line.side,
        "cause": line.cause.as_str(),
        "difference": decimal::format(line.difference, SCALE),
        "why": line.why,
    })
}

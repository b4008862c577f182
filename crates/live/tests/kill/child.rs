//! The bots that will be killed.

use std::io::Write;
use std::path::Path;

use bus::Envelope;
use bus::bots::{BotCommand, BotMarket, BotQuery, BotReply, Desk, Happened, Holding, NewBot};
use exchange_host::{Host, HostConfig, Participants, port};
use live::{Config, Ports, Running};
use types::MarketId;

/// An exchange that lives ten times as fast as normal, and bots on it. Small segments and snapshots, so that kills hit those too.
pub(crate) fn open(dir: &Path) -> (Host, Running) {
    let mut config = HostConfig::new(dir);
    config.journal.segment_len = 1 << 20;
    config.snapshot_every = 5_000;
    config.participants = Some(Participants { seed: 5, speed_percent: 1_000 });
    config.past_minutes = 2;
    let host = exchange_host::open(&config, &mut |_| {}).unwrap();
    let mut config = bots_config(dir);
    config.journal.segment_len = 64 * 1024;
    let running = live::open(&config, |inbox, _| {
        let (port, _) = port::open(host.handle(), inbox)?;
        Ok(Ports { gateway: Box::new(port.clone()), feed: Box::new(port.clone()), accounts: Box::new(port) })
    });
    (host, running.unwrap())
}

pub(crate) fn bots_config(dir: &Path) -> Config {
    Config { snapshot_every: 300, snapshots_kept: 10_000, ..Config::new(dir.join("bots"), "kill") }
}

fn new(name: String, strategy: &str, params: &[(&str, String)]) -> BotCommand {
    BotCommand::Create(Box::new(NewBot {
        name: Some(name),
        strategy: strategy.to_owned(),
        markets: vec![BotMarket { symbol: "BTCUSDT".to_owned(), interval: "1s".to_owned() }],
        params: params.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect(),
        funds: vec![Holding { asset: "USDT".to_owned(), amount: "100000".to_owned() }],
        ..NewBot::default()
    }))
}

fn say(line: &str) {
    // One write per line: a pipe takes it whole or not at all.
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

/// Runs until killed. Prints `b BOT ACCOUNT` for a bot that was answered for, `o ORDER` for one that left.
pub(crate) fn run(dir: &Path, run: &str) {
    let (host, running) = open(dir);
    let desk = running.desk().clone();
    let mut events = desk.subscribe();
    let reporter = std::thread::spawn(move || {
        while let Some(Ok(event)) = events.wait() {
            if let Happened::Submitted { client_id } = event.what {
                say(&format!("o {client_id}"));
            }
        }
    });
    let last = host.handle().view().last_trade(MarketId(0)).unwrap().price.0;
    let dollars = |price: i64| (price / 100_000_000).to_string();
    for n in 0_u64.. {
        let trend = [("fast", "1".into()), ("slow", "2".into()), ("qty", "0.01".into())];
        let grid = [
            ("lower", dollars(last - last / 1_000)),
            ("upper", dollars(last + last / 1_000)),
            ("cells", "8".into()),
            ("qty", "0.001".into()),
        ];
        if n < 3 {
            make(&desk, new(format!("t{run}-{n}"), "ema-cross", &trend));
            make(&desk, new(format!("g{run}-{n}"), "grid", &grid));
        }
        churn(&desk, n);
    }
    reporter.join().unwrap();
}

fn make(desk: &Desk, command: BotCommand) {
    let Ok(accepted) = desk.commands.submit(Envelope::of_operator(command)).wait() else { return };
    let BotReply::Bot(bot) = accepted.outcome else { panic!() };
    say(&format!("b {} {}", bot.name, bot.account));
    let start = BotCommand::Start { bot: bot.name };
    let _ = desk.commands.submit(Envelope::of_operator(start)).wait();
}

/// Stops and starts bots again all the time: each time a grid cancels its orders and places them anew.
fn churn(desk: &Desk, n: u64) {
    let list = desk.queries.submit(Envelope::of_operator(BotQuery::List {})).wait();
    let Ok(BotReply::Bots(bots)) = list.map(|accepted| accepted.outcome) else { return };
    if bots.is_empty() {
        return;
    }
    let bot = &bots[usize::try_from(n).unwrap() % bots.len()];
    let name = || bot.name.clone();
    for command in [BotCommand::Stop { bot: name() }, BotCommand::Start { bot: name() }] {
        let _ = desk.commands.submit(Envelope::of_operator(command)).wait();
    }
}

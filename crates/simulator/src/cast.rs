//! Who takes part: the bots, and what their venue promises.

use bus::bots::{BotCommand, BotMarket, Holding, NewBot, NewBracket, NewLimits};
use orders::Native;
use venue::Facts;

use crate::Plant;

/// Every bot: one that turns with every bar, one that rests many orders, and one whose positions are guarded.
pub(crate) const NAMES: [&str; 3] = ["trend", "ladder", "guarded"];
/// Largest position of each bot, 10^-8 BTC.
pub(crate) const POSITION_MAX: i64 = 20_000_000;

/// What the venue promises. One venue of five keeps no stops, one no pairs: the engine watches for what is missing.
pub(crate) const fn facts(plant: Plant, seed: u64, unordered: bool) -> Facts {
    let facts = match plant {
        Plant::BelieveNotFound => {
            Facts { arrival_max_ns: 0, polls_min: 1, poll_span_ns: 0, ..Facts::BINANCE }
        }
        _ => Facts::BINANCE,
    };
    let native = match seed % 5 {
        3 => Native { oco: false, ..Native::ALL },
        4 => Native::NONE,
        _ => Native::ALL,
    };
    Facts { ordered_reports: !unordered, native, ..facts }
}

/// The command that makes a bot.
pub(crate) fn create(name: &str) -> BotCommand {
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    };
    let (strategy, params) = match name {
        "trend" => ("ema-cross", pairs(&[("fast", "1"), ("slow", "2"), ("qty", "0.05")])),
        "guarded" => ("ema-cross", pairs(&[("fast", "2"), ("slow", "5"), ("qty", "0.05")])),
        _ => ("grid", pairs(&[("lower", "29800"), ("upper", "30200"), ("cells", "8"), ("qty", "0.02")])),
    };
    let bracket =
        NewBracket { stop_loss_bps: Some(120), take_profit_bps: Some(150), ..NewBracket::default() };
    BotCommand::Create(Box::new(NewBot {
        name: Some(name.to_owned()),
        strategy: strategy.to_owned(),
        markets: vec![BotMarket { symbol: "BTCUSDT".to_owned(), interval: "1m".to_owned() }],
        params,
        funds: vec![Holding { asset: "USDT".to_owned(), amount: "100000".to_owned() }],
        limits: NewLimits { position_max: Some("0.2".to_owned()), ..NewLimits::default() },
        bracket: (name == "guarded").then_some(bracket),
        ..NewBot::default()
    }))
}

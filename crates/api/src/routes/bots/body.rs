//! How bots look in JSON.

use std::collections::BTreeMap;

use bus::bots::{BotEntry, Decision, Holding};
use serde::{Deserialize, Serialize};
use store::bots::{Bot, BotStatus};
use utoipa::ToSchema;

use crate::research::Guards;
use crate::routes::models;
use crate::wire::{Decimal, Moment, Scalar};

/// A market and the bars to decide on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BotMarket)]
pub(crate) struct MarketBody {
    /// `BTCUSDT` or `local:BTCUSDT`.
    pub(crate) symbol: String,
    /// Length of the bars: `1m`, `15m`, `1h`, ...
    pub(crate) interval: String,
}

/// What a bot may do; absent limits are off.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = BotLimits)]
pub(crate) struct LimitsBody {
    /// Most quantity in one order, in the base asset of the first market.
    pub(crate) order_quantity_max: Option<Decimal>,
    /// Most value of one order, in the quote asset.
    pub(crate) order_notional_max: Option<Decimal>,
    /// Largest position, in the base asset.
    pub(crate) position_max: Option<Decimal>,
    /// Largest exposure, in the quote asset.
    pub(crate) exposure_max: Option<Decimal>,
    /// Largest distance of a limit price from the last price, in hundredths of a percent.
    pub(crate) price_band_bips: Option<u32>,
    /// Losing round trips in a row after which it opens nothing for a while.
    pub(crate) losing_streak_max: Option<u32>,
    /// How long it rests then, in minutes; 60 when absent.
    pub(crate) cool_down_minutes: Option<u32>,
    /// Most orders in a minute.
    pub(crate) orders_per_minute: Option<u32>,
    /// Largest fall from the highest equity, in hundredths of a percent.
    #[schema(maximum = 10000)]
    pub(crate) drawdown_max_bips: Option<u32>,
    /// Largest loss since the start of the UTC day, in the quote asset.
    pub(crate) daily_loss_max: Option<Decimal>,
}

/// A bot to be made: it gets an account of its own with the money given here, and waits until it is started.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBot)]
pub(crate) struct NewBotBody {
    /// What to call it, 1 to 40 characters; made of the strategy's name when absent.
    pub(crate) name: Option<String>,
    /// A strategy of `/api/strategies`.
    pub(crate) strategy: String,
    /// What it trades, in the strategy's order.
    #[schema(min_items = 1)]
    pub(crate) markets: Vec<MarketBody>,
    /// Parameters of the strategy; what is not given has its default.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Scalar>)]
    pub(crate) params: BTreeMap<String, Scalar>,
    /// Money it starts with, by asset: `{"USDT": "10000"}`. Test money of the built-in exchange.
    pub(crate) funds: BTreeMap<String, Decimal>,
    /// What it may do.
    #[serde(default)]
    pub(crate) limits: LimitsBody,
    /// What guards its positions, whatever the strategy does; nothing when absent. It cannot be changed later.
    #[serde(default)]
    pub(crate) bracket: Guards,
    /// A trained model of one's own (`/api/ml/models`) that forecasts for the strategy `forecast`. The bot keeps the version that the
    /// model has now.
    pub(crate) model_id: Option<String>,
}

/// What changes of a bot. What it trades and how cannot be changed: make another one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BotChange)]
pub(crate) struct ChangeBody {
    /// The new name.
    pub(crate) name: String,
    /// The revision that was read; without it the last one wins.
    pub(crate) revision: Option<i64>,
}

/// An amount of an asset.
#[derive(Serialize, ToSchema)]
#[schema(as = BotHolding)]
pub(crate) struct HoldingBody {
    /// `USDT`.
    asset: String,
    /// How much.
    amount: Decimal,
}

/// A position of a bot.
#[derive(Serialize, ToSchema)]
#[schema(as = BotPosition)]
pub(crate) struct PositionBody {
    /// `local:BTCUSDT`.
    symbol: String,
    /// Negative when short.
    quantity: Decimal,
    /// What the open quantity cost, in the quote asset.
    cost: Decimal,
    /// What closing it at the mark would earn; absent without a price.
    unrealised_pnl: Option<Decimal>,
    /// Earned by what was closed, before fees.
    realised_pnl: Decimal,
}

/// A decision with its reason.
#[derive(Serialize, ToSchema)]
#[schema(as = BotDecision)]
pub(crate) struct DecisionBody {
    /// When it was last made.
    at: String,
    /// How often in a row.
    times: u64,
    /// A stable code.
    reason: String,
    /// The numbers that decided.
    values: BTreeMap<String, String>,
    /// What risk said to its last order, if it denied one.
    denied: Option<String>,
}

impl DecisionBody {
    pub(crate) fn of(decision: Decision) -> Self {
        Self {
            at: decision.at,
            times: decision.times,
            reason: decision.reason,
            values: decision.values.into_iter().collect(),
            denied: decision.denied,
        }
    }
}

/// A bot.
#[derive(Serialize, ToSchema)]
#[schema(as = Bot)]
pub(crate) struct BotBody {
    /// Its id.
    id: String,
    /// What its owner calls it.
    name: String,
    /// Its account: orders, fills and positions are listed under it.
    account: String,
    /// Its strategy.
    strategy: String,
    /// What it trades.
    markets: Vec<MarketBody>,
    /// Its parameters as given.
    params: BTreeMap<String, String>,
    /// The model that forecasts for it, if one does.
    model_id: Option<String>,
    /// That model's version.
    model_version: Option<u32>,
    /// What guards its positions, if anything does.
    bracket: Option<Guards>,
    /// `starting` (being made), `paused`, `running`, `stopped` or `failed`.
    status: String,
    /// Why, if there is something to say.
    status_reason: Option<String>,
    /// The kill switch of its account: `off`, `reduce_only` or `full`; absent while the driver does not answer.
    halt: Option<String>,
    /// The asset it is valued in.
    quote: Option<String>,
    /// What it is worth; absent while something it holds has no price.
    equity: Option<Decimal>,
    /// Realised and unrealised profit after fees; absent without prices.
    profit: Option<Decimal>,
    /// Fees paid, in the quote asset.
    fees: Option<Decimal>,
    /// What it started with.
    funds: Vec<HoldingBody>,
    /// What it has.
    assets: Vec<HoldingBody>,
    /// Its positions that are not flat.
    positions: Vec<PositionBody>,
    /// How far its worth is below the highest it was, in hundredths of a percent; absent before the first valuation.
    drawdown_bips: Option<u32>,
    /// At which fall it takes no new risk; absent when there is no such limit.
    drawdown_max_bips: Option<u32>,
    /// Number of working orders.
    working_orders: usize,
    /// Decisions made.
    decisions: u64,
    /// The last one.
    last_decision: Option<DecisionBody>,
    /// Rises with every change.
    revision: i64,
    /// When it was made.
    created_at: Moment,
    /// When it was last started.
    started_at: Option<Moment>,
    /// When it last stopped.
    stopped_at: Option<Moment>,
}

fn holdings(list: Vec<Holding>) -> Vec<HoldingBody> {
    list.into_iter().map(|h| HoldingBody { asset: h.asset, amount: short(&h.amount) }).collect()
}

/// A decimal of the driver, without zeros that say nothing.
pub(crate) fn short(text: &str) -> Decimal {
    let bare = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    Decimal::text(bare.to_owned())
}

impl BotBody {
    /// A bot as it is stored, and as the driver has it, if it answers and knows it.
    pub(crate) fn of(bot: Bot, entry: Option<BotEntry>) -> Self {
        let params: Vec<(String, String)> = serde_json::from_str(&bot.params).unwrap_or_default();
        let mut body = Self {
            id: bot.id.to_string(),
            account: bot.account_id.to_string(),
            markets: vec![MarketBody {
                symbol: format!("{}:{}", bot.exchange, bot.symbol),
                interval: bot.bar_interval,
            }],
            params: params.into_iter().collect(),
            model_id: None,
            model_version: None,
            bracket: None,
            name: bot.name,
            strategy: bot.strategy,
            status: bot.status.word().to_owned(),
            status_reason: bot.status_reason,
            halt: None,
            quote: None,
            equity: None,
            profit: None,
            fees: None,
            funds: Vec::new(),
            assets: Vec::new(),
            positions: Vec::new(),
            drawdown_bips: None,
            drawdown_max_bips: None,
            working_orders: 0,
            decisions: 0,
            last_decision: None,
            revision: bot.revision,
            created_at: Moment(bot.created_at.time()),
            started_at: bot.started_at.map(|at| Moment(at.time())),
            stopped_at: bot.stopped_at.map(|at| Moment(at.time())),
        };
        match entry {
            Some(entry) => body.take(entry),
            None if bot.status != BotStatus::Starting => {
                body.status = BotStatus::Failed.word().to_owned();
                body.status_reason =
                    Some("the bots' driver does not know it; the server's log tells more".to_owned());
            }
            None => {}
        }
        body
    }

    /// Whether it shows this state.
    pub(crate) fn is(&self, status: BotStatus) -> bool {
        self.status == status.word()
    }

    fn take(&mut self, entry: BotEntry) {
        self.status = entry.state;
        self.halt = Some(entry.halt);
        self.markets = entry
            .markets
            .into_iter()
            .map(|m| MarketBody { symbol: m.symbol, interval: m.interval })
            .collect();
        if let Some((id, version)) = entry.model.as_deref().and_then(models::from_label) {
            (self.model_id, self.model_version) = (Some(id), Some(version));
        }
        self.bracket = entry.bracket.map(|bracket| Guards {
            stop_loss_bps: bracket.stop_loss_bps,
            take_profit_bps: bracket.take_profit_bps,
            trailing_bps: bracket.trailing_bps,
        });
        self.quote = Some(entry.quote);
        self.equity = entry.equity.as_deref().map(short);
        self.profit = entry.profit.as_deref().map(short);
        self.fees = Some(short(&entry.fees));
        self.funds = holdings(entry.funds);
        self.assets = holdings(entry.assets);
        let position = |p: bus::bots::PositionEntry| PositionBody {
            symbol: p.symbol,
            quantity: short(&p.qty),
            cost: short(&p.cost),
            unrealised_pnl: p.unrealised.as_deref().map(short),
            realised_pnl: short(&p.realised),
        };
        self.positions = entry.positions.into_iter().map(position).collect();
        self.drawdown_bips = entry.drawdown_bips;
        self.drawdown_max_bips = entry.drawdown_max_bips;
        self.working_orders = entry.orders;
        self.decisions = entry.decisions;
        self.last_decision = entry.last.map(DecisionBody::of);
    }
}

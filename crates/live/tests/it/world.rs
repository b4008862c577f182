//! An exchange with its simulated participants, a shard of bots on it, and patience.

use std::path::{Path, PathBuf};

use bus::bots::{
    BotCommand, BotEntry, BotEvent, BotMarket, BotQuery, BotReply, Decision, Holding, NewBot, WorkingOrder,
};
use bus::{Accepted, Envelope, LaneError, Subscription};
use exchange_host::{Host, HostConfig, Participants, port};
use live::{Config, Ports, Running};
use types::{AccountId, AssetId, Money};
use venue::Accounts as _;

/// Most events that a test waits for something.
const PATIENCE: usize = 50_000;

pub(crate) struct World {
    pub(crate) host: Host,
    bots: Option<Running>,
    config: Config,
}

impl World {
    pub(crate) fn open(dir: &Path) -> Self {
        let mut config = HostConfig::new(dir);
        config.journal.segment_len = 1 << 20;
        // Ten times normal, so that something happens all the time.
        config.participants = Some(Participants { seed: 3, speed_percent: 1_000 });
        config.past_minutes = 5;
        let host = exchange_host::open(&config, &mut |_| {}).unwrap();
        let mut config = Config::new(bots_dir(dir), "test");
        config.journal.segment_len = 256 * 1024;
        let mut world = Self { host, bots: None, config };
        world.start();
        world
    }

    /// Starts the bots' process, as it were.
    pub(crate) fn start(&mut self) {
        let handle = self.host.handle();
        let running = live::open(&self.config, |inbox, _| {
            let (port, _) = port::open(handle, inbox)?;
            Ok(Ports {
                gateway: Box::new(port.clone()),
                feed: Box::new(port.clone()),
                accounts: Box::new(port),
            })
        });
        self.bots = Some(running.unwrap());
    }

    /// Ends it in order.
    pub(crate) fn stop(&mut self) {
        self.bots = None;
    }

    pub(crate) fn close(mut self) {
        self.stop();
        self.host.shutdown();
    }

    fn desk(&self) -> &bus::bots::Desk {
        self.bots.as_ref().unwrap().desk()
    }

    pub(crate) fn listen(&self) -> Subscription<BotEvent> {
        self.desk().subscribe()
    }

    pub(crate) fn send(
        &self,
        command: BotCommand,
        key: Option<&str>,
    ) -> Result<Accepted<BotReply>, LaneError> {
        let envelope = Envelope { idempotency_key: key.map(str::to_owned), ..Envelope::of_operator(command) };
        self.desk().commands.submit(envelope).wait()
    }

    pub(crate) fn command(&self, command: BotCommand) -> BotEntry {
        let BotReply::Bot(entry) = self.send(command, None).unwrap().outcome else { panic!() };
        *entry
    }

    pub(crate) fn ask(&self, query: BotQuery) -> BotReply {
        self.desk().queries.submit(Envelope::of_operator(query)).wait().unwrap().outcome
    }

    pub(crate) fn show(&self, bot: &str) -> BotEntry {
        let BotReply::Bot(entry) = self.ask(BotQuery::Show { bot: bot.to_owned() }) else { panic!() };
        *entry
    }

    pub(crate) fn orders(&self, bot: &str) -> Vec<WorkingOrder> {
        let BotReply::Orders(orders) = self.ask(BotQuery::Orders { bot: bot.to_owned() }) else { panic!() };
        orders
    }

    pub(crate) fn why(&self, bot: &str) -> Vec<Decision> {
        let query = BotQuery::Why { bot: bot.to_owned(), limit: 1_000 };
        let BotReply::Why(decisions) = self.ask(query) else { panic!() };
        decisions
    }

    /// What the exchange says that an account holds.
    pub(crate) fn holdings(&self, account: u32) -> Vec<(AssetId, Money)> {
        struct Nowhere;
        impl venue::Inbox for Nowhere {
            fn put(&mut self, _: venue::VenueEvent) -> Result<(), venue::Full> {
                Ok(())
            }
        }
        let (port, _) = port::open(self.host.handle(), Box::new(Nowhere)).unwrap();
        port.holdings(AccountId(account))
    }

    /// The same in words, as a bot tells it.
    pub(crate) fn held(&self, account: u32) -> Vec<Holding> {
        let catalog = self.host.handle().view().catalog();
        let one = |(id, amount): (AssetId, Money)| {
            let asset = catalog.asset(id).unwrap();
            Holding { asset: asset.code.to_string(), amount: types::decimal::format(amount.0, asset.scale) }
        };
        self.holdings(account).into_iter().map(one).collect()
    }
}

/// Where the bots' journal is.
pub(crate) fn bots_dir(dir: &Path) -> PathBuf {
    dir.join("bots")
}

/// Waits until an event fits.
pub(crate) fn until(events: &mut Subscription<BotEvent>, fits: impl Fn(&BotEvent) -> bool) -> BotEvent {
    for _ in 0..PATIENCE {
        let event = events.wait().unwrap().unwrap();
        if fits(&event) {
            return event;
        }
    }
    panic!("it did not happen");
}

fn new(name: &str, strategy: &str, params: &[(&str, String)]) -> BotCommand {
    BotCommand::Create(Box::new(NewBot {
        name: Some(name.to_owned()),
        strategy: strategy.to_owned(),
        markets: vec![BotMarket { symbol: "BTCUSDT".to_owned(), interval: "1s".to_owned() }],
        params: params.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect(),
        funds: vec![Holding { asset: "USDT".to_owned(), amount: "100000".to_owned() }],
        ..NewBot::default()
    }))
}

/// A trend follower on one-second bars with very short averages, so that it trades often.
pub(crate) fn trend(name: &str) -> BotCommand {
    new(name, "ema-cross", &[("fast", "1".into()), ("slow", "2".into()), ("qty", "0.01".into())])
}

/// A narrow grid around the present price.
pub(crate) fn grid(world: &World, name: &str) -> BotCommand {
    let last = world.host.handle().view().last_trade(types::MarketId(0)).unwrap().price.0;
    let dollars = |price: i64| (price / 100_000_000).to_string();
    let params = [
        ("lower", dollars(last - last / 500)),
        ("upper", dollars(last + last / 500)),
        ("cells", "8".into()),
        ("qty", "0.001".into()),
    ];
    new(name, "grid", &params)
}

pub(crate) fn start(bot: &str) -> BotCommand {
    BotCommand::Start { bot: bot.to_owned() }
}

pub(crate) fn stop(bot: &str) -> BotCommand {
    BotCommand::Stop { bot: bot.to_owned() }
}

//! The same minutes through the simulated venue: recorded market data and commands go in as they came, executions are the venue's own.
//! A market of which the session holds more than bars (a book, trades) is filled by that, any other by its bars.

use std::collections::BTreeSet;

use engine::{Control, Engine, Input, Output};
use live::session::Recorded;
use orders::BotId;
use types::{FeeRate, Instrument, Interval, MarketEvent, MarketId, MarketNews, Stamped, Time};
use venue_sim::{Config, Fees, Latency, News, SimVenue};

use super::fills::Traded;

/// What the built-in exchange charges: 0.1 %, out of what is received.
const FEE: FeeRate = FeeRate(100_000);

/// The second run.
pub(crate) struct Again {
    pub(crate) traded: Traded,
    /// The instruments, and the last price of each.
    pub(crate) markets: Vec<(Instrument, Option<i64>)>,
}

struct Run {
    engine: Engine,
    venue: SimVenue,
    timers: BTreeSet<(Time, BotId, u32)>,
    traded: Traded,
    seq: u64,
    now: Time,
    /// Markets that the venue sees by book and trades.
    shown: BTreeSet<MarketId>,
}

/// What happens in the recorded minutes, by time; a bar begins for the venue before anything else of that moment.
enum Moment {
    Begins(MarketEvent),
    Input(Input),
}

impl Again {
    pub(crate) fn run(recorded: Recorded, latency_ns: i64) -> Result<Self, String> {
        let Recorded { shard, steps, .. } = recorded;
        let timers = shard.timers().collect();
        let engine = shard.into_engine();
        let seq = engine.last_seq();
        let fees = Fees { maker: FEE, taker: FEE, in_received: true, ..Fees::default() };
        let latency = match latency_ns {
            0 => Latency::None,
            ns => Latency::Constant { order_ns: ns, report_ns: ns },
        };
        let mut venue = SimVenue::new(Config { fees, latency, ..Config::default() });
        for view in engine.markets().iter() {
            venue.add_instrument(view.instrument().clone());
        }
        for bot in engine.bots() {
            for (asset, amount) in bot.ledger().assets() {
                venue.fund(bot.account(), *asset, *amount).map_err(|error| error.to_string())?;
            }
        }
        let inputs: Vec<(Time, Input)> = steps.into_iter().map(|(_, step)| (step.at, step.input)).collect();
        let shown = shown(&inputs);
        let timeline = timeline(inputs, &shown);
        let mut run =
            Run { engine, venue, timers, traded: Traded::default(), seq, now: Time(i64::MIN), shown };
        for (at, moment) in timeline {
            run.until(at);
            match moment {
                Moment::Begins(bar) => run.venue.market(at, &bar),
                Moment::Input(input) => run.take_in(at, input)?,
            }
        }
        run.until(Time(i64::MAX));
        let markets = run.engine.markets().iter();
        let markets = markets.map(|view| (view.instrument().clone(), view.mark().map(|p| p.0))).collect();
        Ok(Self { traded: run.traded, markets })
    }
}

/// Markets of which there is more than bars.
fn shown(inputs: &[(Time, Input)]) -> BTreeSet<MarketId> {
    let more = inputs.iter().filter_map(|(_, input)| match input {
        Input::Market(MarketEvent {
            market,
            data: MarketNews::Print(_) | MarketNews::Snapshot(_) | MarketNews::Diff(_),
        }) => Some(*market),
        _ => None,
    });
    more.collect()
}

/// Bars twice: once as they begin (for the venue, the shortest of each market that is not `shown`), once as they were heard.
fn timeline(inputs: Vec<(Time, Input)>, shown: &BTreeSet<MarketId>) -> Vec<(Time, Moment)> {
    let shortest = |market: MarketId| -> Option<Interval> {
        let bars = inputs.iter().filter_map(|(_, input)| match input {
            Input::Market(MarketEvent { market: m, data: MarketNews::Bar(bar) }) if *m == market => {
                Some(bar.interval)
            }
            _ => None,
        });
        bars.min()
    };
    let mut moments: Vec<(Time, u8, Moment)> = Vec::new();
    for (_, input) in &inputs {
        if let Input::Market(event) = input
            && let MarketNews::Bar(bar) = &event.data
            && !shown.contains(&event.market)
            && shortest(event.market) == Some(bar.interval)
        {
            moments.push((bar.open_time, 1, Moment::Begins(event.clone())));
        }
    }
    for (at, input) in inputs {
        // Executions are the simulated venue's own this time, and timers are asked for again.
        if !matches!(input, Input::Execution(_) | Input::External { .. } | Input::Timer { .. }) {
            moments.push((at, 0, Moment::Input(input)));
        }
    }
    moments.sort_by_key(|(at, order, _)| (*at, *order));
    moments.into_iter().map(|(at, _, moment)| (at, moment)).collect()
}

impl Run {
    /// News of the venue and timers up to `at`.
    fn until(&mut self, at: Time) {
        loop {
            let timer = self.timers.first().copied().filter(|(when, ..)| *when <= at && at < Time(i64::MAX));
            let bound = timer.map_or(at, |(when, ..)| when);
            if let Some((when, news)) = self.venue.next(bound) {
                let input = match news {
                    News::Report(report) => Input::Execution(report),
                    News::Liquidated(liquidation) => Input::Liquidation(liquidation),
                };
                self.step(when, input);
            } else if let Some((when, bot, id)) = timer {
                self.timers.remove(&(when, bot, id));
                self.step(when, Input::Timer { bot, id });
            } else {
                return;
            }
        }
    }

    fn take_in(&mut self, at: Time, input: Input) -> Result<(), String> {
        if let Input::Control(Control::Instrument(instrument)) = &input {
            self.venue.add_instrument(Instrument::clone(instrument));
        }
        if let Input::Control(Control::Create(spec)) = &input {
            for (asset, amount) in &spec.funds {
                self.venue.fund(spec.account, *asset, *amount).map_err(|error| error.to_string())?;
            }
        }
        if let Input::Market(event) = &input
            && self.shown.contains(&event.market)
            && !matches!(event.data, MarketNews::Bar(_))
        {
            self.venue.market(at, event);
            // Who hears of a trade at his price knows that he was filled.
            self.until(at);
        }
        self.step(at, input);
        Ok(())
    }

    fn step(&mut self, at: Time, input: Input) {
        self.now = self.now.max(at);
        self.seq += 1;
        if let Input::Execution(report) = &input
            && let types::Outcome::Fill(fill) = &report.outcome
        {
            self.traded.fill(self.now, &report.client_id, fill);
        }
        let mut out = Vec::new();
        self.engine.step(&Stamped { at: self.now, seq: self.seq, input }, &mut out);
        for output in out {
            match output {
                Output::Submit(approved) => {
                    self.traded.sent(self.now, approved.order());
                    approved.order().client_ids().for_each(|id| self.engine.sent(&id));
                    self.venue.submit(self.now, &approved);
                }
                Output::Cancel { market, client_id } => self.venue.cancel(self.now, market, client_id),
                Output::SetTimer { bot, at, id } => {
                    self.timers.insert((at, bot, id));
                }
                _ => {}
            }
        }
    }
}

//! Back-tests and sweeps behind the API's port, and the workers that carry them out.
//!
//! A run asked for over the API is the same as one of the command line: it is stored in the same place, counted among the same
//! trials, and can be shown by either. Whose it is stands in the database.

mod backtests;
mod data;
mod recorded;
mod sweeps;

use std::path::Path;
use std::sync::Arc;

use api::ports::{CandleRange, PortError, Recorded, Reply, Research};
use api::research::{BacktestSpec, Checked, RunEquity, RunTrade, SweepSpec};
use archive::Archive;
use backtest::Outcome;
use backtest::stored::Runs;
use backtest::sweep::kept::Sweeps;
use exchange_host::Handle;
use jobs::{Queue, Timing, Work, Workers};
use store::Store;
use types::{Bar, InstrumentId, Money, Price, Qty, Side, decimal};

use crate::commands::backtest::report::{self, Evidence};
use crate::commands::backtest::work::Prepared;
use crate::commands::sweep::run::Search;
use crate::config::Config;
use crate::failure::{Exit, Failure};

pub(super) use backtests::subject;

/// Name of a report in a run's folder.
const REPORT: &str = "report.html";

/// Where runs are kept and where their data are.
#[derive(Clone)]
pub(super) struct Laboratory {
    config: Arc<Config>,
    handle: Handle,
}

impl Laboratory {
    pub(super) fn new(config: &Config, handle: &Handle) -> Self {
        Self { config: Arc::new(config.clone()), handle: handle.clone() }
    }

    /// Starts the workers.
    pub(super) fn start(&self, store: &Store, queue: &Queue) -> Workers {
        let works: Vec<Arc<dyn Work>> = vec![
            Arc::new(backtests::Backtests::new(self.clone(), store.clone())),
            Arc::new(sweeps::SweepWork::new(self.clone(), store.clone())),
        ];
        Workers::start(queue, works, self.config.research.slots, Timing::default())
    }

    fn prepare(&self, spec: &BacktestSpec) -> Result<Prepared, Failure> {
        data::prepare(&self.config, &self.handle, spec)
    }

    /// A search and its data.
    fn search(&self, spec: &SweepSpec) -> Result<Search, Failure> {
        let (options, from_exchange) = data::sweep_options(&self.config, spec);
        let prepare = |work: &crate::cli::backtest::Work| {
            data::prepare_work(&self.config, &self.handle, work, &spec.name, from_exchange)
        };
        Search::of(&prepare, &options)
    }

    fn archive(&self) -> Archive {
        Archive::open(&self.config.data_dir.join("archive"))
    }

    fn runs(&self) -> Runs {
        Runs::new(&self.config.data_dir)
    }

    fn load(&self, run: &str) -> Result<Outcome, PortError> {
        self.runs().load(run).map_err(|error| {
            tracing::error!(%error, run, "a stored run cannot be read");
            PortError::Refused {
                code: "run_damaged",
                detail: "the stored run cannot be read; run it again".into(),
            }
        })
    }

    /// The page of a run: the one that was made before, or a new one.
    fn page(&self, run: &str) -> Result<String, PortError> {
        let folder = self.runs().folder(run);
        let path = folder.join(REPORT);
        if let Ok(html) = std::fs::read_to_string(&path) {
            return Ok(html);
        }
        let outcome = self.load(run)?;
        let prepared = data::of_stored(&self.config, &self.handle, &outcome).map_err(|e| refused(&e))?;
        let sweep = Sweeps::new(&self.config.data_dir).of_run(run);
        let evidence = Evidence {
            prepared: &prepared,
            id: run,
            outcome: &outcome,
            sweep: sweep.as_ref(),
            config: &self.config,
        };
        // Two who ask at once write beside each other; a half page is never seen.
        let draft = folder.join(format!(".report-{:?}.html", std::thread::current().id()));
        report::write(&draft, &evidence).map_err(|e| refused(&e))?;
        read_and_place(&draft, &path).map_err(|error| PortError::Failed(error.to_string()))
    }
}

fn read_and_place(draft: &Path, path: &Path) -> std::io::Result<String> {
    let html = std::fs::read_to_string(draft)?;
    std::fs::rename(draft, path)?;
    Ok(html)
}

/// A run that cannot be made, in the API's words.
fn refused(failure: &Failure) -> PortError {
    match failure.exit {
        Exit::Usage | Exit::Refused | Exit::Config => {
            PortError::Refused { code: "bad_run", detail: failure.in_a_line() }
        }
        _ => PortError::Refused { code: "cannot_run", detail: failure.in_a_line() },
    }
}

/// What reads files and computes, off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PortError> + Send + 'static,
) -> Result<T, PortError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| PortError::Failed(error.to_string()))?
}

fn checked(plan: &backtest::Plan, trials: usize) -> Result<Checked, PortError> {
    let first = plan.instruments().first().ok_or(PortError::Unknown("instrument"))?;
    let spec = plan.spec();
    Ok(Checked {
        exchange: first.id.venue.to_string(),
        symbol: first.id.symbol.to_string(),
        interval: spec.interval.as_str().to_owned(),
        params: spec.params.clone(),
        trials: trials as u64,
    })
}

impl Research for Laboratory {
    fn check(&self, spec: BacktestSpec) -> Reply<'_, Result<Checked, PortError>> {
        let own = self.clone();
        Box::pin(blocking(move || {
            let prepared = own.prepare(&spec).map_err(|e| refused(&e))?;
            checked(&prepared.plan, 1)
        }))
    }

    fn check_sweep(&self, spec: SweepSpec) -> Reply<'_, Result<Checked, PortError>> {
        let own = self.clone();
        Box::pin(blocking(move || {
            let search = own.search(&spec).map_err(|e| refused(&e))?;
            checked(search.plan_of_choice(), search.planned())
        }))
    }

    fn trades(&self, run: String) -> Reply<'_, Result<Vec<RunTrade>, PortError>> {
        let own = self.clone();
        Box::pin(blocking(move || Ok(trades(&own.load(&run)?))))
    }

    fn equity(&self, run: String) -> Reply<'_, Result<Vec<RunEquity>, PortError>> {
        let own = self.clone();
        Box::pin(blocking(move || Ok(equity(&own.load(&run)?))))
    }

    fn report(&self, run: String) -> Reply<'_, Result<String, PortError>> {
        let own = self.clone();
        Box::pin(blocking(move || own.page(&run)))
    }

    fn recorded(&self, symbol: String) -> Reply<'_, Result<Recorded, PortError>> {
        let archive = self.archive();
        Box::pin(blocking(move || recorded::find(&archive, &symbol)))
    }

    fn recorded_candles(
        &self,
        id: InstrumentId,
        range: CandleRange,
    ) -> Reply<'_, Result<Vec<Bar>, PortError>> {
        let archive = self.archive();
        Box::pin(blocking(move || recorded::candles(&archive, id, range)))
    }
}

fn trades(outcome: &Outcome) -> Vec<RunTrade> {
    let run = &outcome.run;
    let money = |money: Money| decimal::format_short(money.0, run.money_scale);
    let one = |trade: &backtest::ClosedTrade| {
        let traded = run.traded.get(usize::from(trade.market.0));
        let (prices, qtys) = traded.map_or((0, 0), |t| (t.price_scale, t.qty_scale));
        let price = |price: Price| decimal::format_short(i128::from(price.0), prices);
        let qty = |qty: Qty| decimal::format_short(i128::from(qty.0), qtys);
        RunTrade {
            opened: trade.opened.millis(),
            closed: trade.closed.millis(),
            symbol: traded.map_or_else(String::new, |t| t.instrument.clone()),
            side: if trade.side == Side::Buy { "long" } else { "short" }.to_owned(),
            quantity: qty(trade.qty),
            entry: price(trade.entry),
            exit: price(trade.exit),
            pnl: money(trade.pnl),
            fees: money(trade.fees),
            mae: money(trade.mae),
            mfe: money(trade.mfe),
            bars: trade.bars,
            reason: outcome.exit_reason(trade).to_owned(),
        }
    };
    outcome.trades.iter().map(one).collect()
}

fn equity(outcome: &Outcome) -> Vec<RunEquity> {
    let money = |money: Money| decimal::format_short(money.0, outcome.run.money_scale);
    let point = |point: backtest::EquityPoint| RunEquity {
        t: point.at.millis(),
        equity: money(point.equity),
        low: money(point.low),
        high: money(point.high),
    };
    outcome.equity.points().map(point).collect()
}

//! Latency of the prediction service: one model of each kind, asked by one caller and by eight, with no training and with two
//! LSTM trainings running. Beside it, in the same seconds, a bare question to a thread that answers at once: what the scheduler
//! of this machine adds, whoever asks.
//!
//! `cargo xtask bench prediction`, or `cargo run --release -- [QUESTIONS]` here.

mod market;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use training::{Ask, Choice, Predictor, Record, Registry, Request, Steering, model_id, run};

use crate::market::{Made, bars};

/// Bars that a question brings along, and bars ahead.
const SEEN: usize = 500;
const HORIZON: usize = 24;
/// Longer than any run of this program.
const LONG: Duration = Duration::from_secs(3_600);

type Failed = Box<dyn Error + Send + Sync>;

fn request(choice: Choice) -> Request {
    Request { choice, symbols: vec!["BTC".into()], days: 30, horizon: HORIZON, epochs: 2, ..Request::default() }
}

fn main() -> Result<(), Failed> {
    let questions = std::env::args().nth(1).map_or(Ok(2_000), |text| text.parse::<u64>())?;
    let dir = tempfile::tempdir()?;
    let registry = Registry::open(dir.path());
    let mut models = Vec::new();
    for choice in [Choice::Lstm, Choice::Arima, Choice::Ets, Choice::Prophet] {
        let request = request(choice);
        let outcome = run(&request, &Made, &Steering::new(LONG, &|| false, &|_| {}))?;
        let id = model_id(outcome.model.algorithm().name(), &request);
        registry.put(Record::new(id.clone(), &request, &outcome, 1).ok_or("a model cannot be written down")?)?;
        models.push(id);
    }
    println!("{questions} questions each, {SEEN} bars seen, {HORIZON} ahead, cache bypassed; milliseconds\n");
    println!("| model | callers | trainings | p50 | p95 | p99 | max | bare thread p50 | p95 | p99 |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let predictor = Arc::new(Predictor::start(registry)?);
    for trainings in [0, 2] {
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| -> Result<(), Failed> {
            let learning = Arc::new(AtomicBool::new(trainings == 0));
            for _ in 0..trainings {
                let (ended, learning) = (&ended, Arc::clone(&learning));
                scope.spawn(move || {
                    let told = |progress: training::Progress| {
                        learning.fetch_or(progress.loss.is_some(), Ordering::AcqRel);
                    };
                    let asked = || ended.load(Ordering::Acquire);
                    let steering = Steering::new(LONG, &asked, &told);
                    let endless = Request { epochs: 1_000, days: 300, ..request(Choice::Lstm) };
                    drop(run(&endless, &Made, &steering));
                });
            }
            while !learning.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            let measured = models.iter().try_for_each(|model| {
                [1, 8].iter().try_for_each(|callers| measure(&predictor, model, *callers, trainings, questions))
            });
            ended.store(true, Ordering::Release);
            measured
        })?;
    }
    Ok(())
}

/// Asks, and between two questions asks a thread that only answers.
fn measure(
    predictor: &Predictor,
    model: &str,
    callers: u64,
    trainings: usize,
    questions: u64,
) -> Result<(), Failed> {
    let results: Vec<Result<[Histogram<u64>; 2], Failed>> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..callers)
            .map(|caller| scope.spawn(move || one_caller(predictor, model, caller, questions / callers)))
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap_or_else(|_| Err("a caller panicked".into()))).collect()
    });
    let mut sums = [Histogram::new(3)?, Histogram::new(3)?];
    for result in results {
        for (sum, one) in sums.iter_mut().zip(result?) {
            sum.add(one)?;
        }
    }
    let ms = |histogram: &Histogram<u64>, q: f64| histogram.value_at_quantile(q) as f64 / 1e3;
    let [asked, bare] = &sums;
    println!(
        "| {model} | {callers} | {trainings} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
        ms(asked, 0.5),
        ms(asked, 0.95),
        ms(asked, 0.99),
        asked.max() as f64 / 1e3,
        ms(bare, 0.5),
        ms(bare, 0.95),
        ms(bare, 0.99)
    );
    Ok(())
}

fn one_caller(predictor: &Predictor, model: &str, caller: u64, questions: u64) -> Result<[Histogram<u64>; 2], Failed> {
    let (bare, asked) = channel::<Sender<()>>();
    std::thread::spawn(move || asked.into_iter().for_each(|reply| drop(reply.send(()))));
    let mut taken = [Histogram::new(3)?, Histogram::new(3)?];
    for n in 0..questions {
        let ask = Ask {
            model: model.to_owned(),
            bars: Arc::new(bars(SEEN, 0.6, caller * questions + n + 1)),
            horizon: HORIZON,
            bypass_cache: true,
            allow_batching: true,
        };
        let start = Instant::now();
        predictor.ask(ask)?;
        taken[0].record(micros(start))?;
        let (reply, answer) = channel();
        let start = Instant::now();
        bare.send(reply)?;
        answer.recv()?;
        taken[1].record(micros(start))?;
    }
    Ok(taken)
}

fn micros(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

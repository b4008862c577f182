//! One training from request to outcome.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use forecast::lstm::Flow;
use training::{Choice, Control, Progress, Request, RequestError, RunError, Steering, run};

use crate::market::{Made, request};

/// Listens, and cancels at a given number of reports.
#[derive(Default)]
pub(crate) struct Listener {
    pub(crate) heard: Mutex<Vec<Progress>>,
    pub(crate) cancel_at: Option<usize>,
}

impl Control for Listener {
    fn tell(&self, progress: Progress) -> Flow {
        let mut heard = self.heard.lock().unwrap();
        heard.push(progress);
        if self.cancel_at.is_some_and(|n| heard.len() > n) { Flow::Cancel } else { Flow::Continue }
    }
}

#[test]
fn each_algorithm_is_trained_and_scored_beside_naive() {
    for choice in [Choice::Arima, Choice::Prophet, Choice::Ets, Choice::Lstm] {
        let listener = Listener::default();
        let outcome = run(&request(choice), &Made, &listener).unwrap();
        assert!(outcome.report.model.count > 100 && outcome.report.mae_ratio > 0.0, "{choice:?}");
        assert!(outcome.report.naive.direction.is_none());
        let heard = listener.heard.lock().unwrap();
        assert!(heard.iter().any(|p| p.stage.starts_with("evaluating")), "{choice:?}");
        assert!(heard.iter().any(|p| p.stage.starts_with("training")), "{choice:?}");
        if choice == Choice::Lstm {
            assert!(heard.iter().any(|p| p.loss.is_some() && p.remaining_s.is_some()));
        }
    }
}

#[test]
fn momentum_makes_arima_the_best_of_all() {
    let outcome = run(&request(Choice::Auto), &Made, &Listener::default()).unwrap();
    assert_eq!(outcome.model.algorithm().name(), "arima", "{:?}", outcome.trials);
    assert!(outcome.report.mae_ratio < 1.0 && outcome.trials.len() == 4, "{:?}", outcome.trials);
}

#[test]
fn a_search_tries_the_whole_field() {
    for (choice, tried) in [(Choice::Arima, 27), (Choice::Prophet, 30), (Choice::Lstm, 15)] {
        let searched = Request { search: true, days: 5, ..request(choice) };
        let outcome = run(&searched, &Made, &Listener::default()).unwrap();
        assert_eq!(outcome.trials.len(), tried + 1, "{choice:?} {:?}", outcome.trials);
    }
}

#[test]
fn symbols_are_pooled() {
    let both = Request { symbols: vec!["A".into(), "BB".into()], ..request(Choice::Arima) };
    let outcome = run(&both, &Made, &Listener::default()).unwrap();
    assert_eq!(outcome.bars, [768, 768]);
    let refused = run(&Request { choice: Choice::Prophet, ..both }, &Made, &Listener::default());
    assert!(refused.unwrap_err().to_string().contains("one model for each symbol"));
}

#[test]
fn refusals_and_cancellation_leave_nothing_behind() {
    let none = Request { symbols: vec!["NONE".into()], ..request(Choice::Arima) };
    let refused = run(&none, &Made, &Listener::default()).unwrap_err();
    assert!(matches!(&refused, RunError::Bars { symbol, .. } if symbol == "NONE"), "{refused}");
    let short = Request { days: 1, window: 100, ..request(Choice::Lstm) };
    assert!(matches!(run(&short, &Made, &Listener::default()), Err(RunError::Forecast(_))));
    let bad = Request { symbols: vec![], ..request(Choice::Arima) };
    let refused = run(&bad, &Made, &Listener::default());
    assert_eq!(refused.err(), Some(RunError::Request(RequestError::Symbols(0))));
    for choice in [Choice::Lstm, Choice::Arima, Choice::Prophet, Choice::Auto] {
        let all = Listener::default();
        run(&request(choice), &Made, &all).unwrap();
        let count = all.heard.lock().unwrap().len();
        for cancel_at in [0, 1, count / 2, count - 1] {
            let listener = Listener { cancel_at: Some(cancel_at), ..Listener::default() };
            let ended = run(&request(choice), &Made, &listener);
            assert_eq!(ended.err(), Some(RunError::Cancelled), "{choice:?} at {cancel_at} of {count}");
        }
    }
}

/// Long enough for a busy machine to begin.
const LONG: Duration = Duration::from_secs(3_600);

#[test]
fn an_lstm_that_learns_is_cancelled_between_two_batches() {
    let cancelled = AtomicBool::new(false);
    let heard = Mutex::new(0_u32);
    let ended = || cancelled.load(Ordering::Acquire);
    let told = |progress: Progress| {
        if progress.loss.is_some() {
            cancelled.store(true, Ordering::Release);
            *heard.lock().unwrap() += 1;
        }
    };
    let steering = Steering::new(LONG, &ended, &told);
    let long = Request { epochs: 1_000, days: 30, ..request(Choice::Lstm) };
    let error = run(&long, &Made, &steering).unwrap_err();
    assert!(matches!(error, RunError::Cancelled), "{error}");
    assert_eq!(*heard.lock().unwrap(), 1, "nothing is learned after it was cancelled");
    assert!(!steering.was_late());
}

#[test]
fn a_training_ends_when_its_time_is_over() {
    let steering = Steering::new(Duration::from_millis(300), &|| false, &|_| {});
    let long = Request { epochs: 1_000, hidden: 64, days: 60, ..request(Choice::Lstm) };
    assert!(matches!(run(&long, &Made, &steering), Err(RunError::Cancelled)));
    assert!(steering.was_late());
}

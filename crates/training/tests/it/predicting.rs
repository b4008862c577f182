//! Questions to models: loaded once, cached, answered together, and never late by waiting.

use std::sync::Arc;

use training::{Ask, Choice, PredictError, Predictor, Record, Registry, RegistryError, model_id, run};

use crate::market::{Made, bars, request};
use crate::training::Listener;

fn registry(dir: &std::path::Path) -> Registry {
    let registry = Registry::open(dir);
    for choice in [Choice::Lstm, Choice::Arima] {
        let request = request(choice);
        let outcome = run(&request, &Made, &Listener::default()).unwrap();
        let id = model_id(outcome.model.algorithm().name(), &request);
        registry.put(Record::new(id, &request, &outcome, 1).unwrap()).unwrap();
    }
    registry
}

fn ask(model: &str, seed: u64) -> Ask {
    Ask {
        model: model.into(),
        bars: Arc::new(bars(500, 0.6, seed)),
        horizon: 4,
        bypass_cache: false,
        allow_batching: true,
    }
}

#[test]
fn an_answer_is_the_models_and_then_known() {
    let dir = tempfile::tempdir().unwrap();
    let registry = registry(dir.path());
    let predictor = Predictor::start(registry.clone()).unwrap();
    for model in ["lstm-btc-15m", "arima-btc-15m@1"] {
        let question = ask(model, 3);
        let first = predictor.ask(question.clone()).unwrap();
        let direct = registry.get(model).unwrap().model().unwrap().forecast(question.bars.view(), 4).unwrap();
        assert_eq!((first.steps.clone(), first.cached), (direct, false));
        let second = predictor.ask(question.clone()).unwrap();
        assert_eq!((second.steps, second.cached), (first.steps.clone(), true));
        let again = predictor.ask(Ask { bypass_cache: true, ..question.clone() }).unwrap();
        assert_eq!((again.steps, again.cached), (first.steps, false));
        let other = predictor.ask(Ask { horizon: 2, ..question }).unwrap();
        assert_eq!((other.steps.len(), other.cached), (2, false));
    }
    assert_eq!((predictor.statistics().answered, predictor.statistics().cached), (8, 2));
}

#[test]
fn a_crowd_gets_what_each_would_get_alone() {
    let dir = tempfile::tempdir().unwrap();
    let predictor = Predictor::start(registry(dir.path())).unwrap();
    let questions: Vec<Ask> = (0..40).map(|seed| ask("lstm-btc-15m", seed)).collect();
    let alone: Vec<_> = questions
        .iter()
        .map(|q| predictor.ask(Ask { allow_batching: false, bypass_cache: true, ..q.clone() }).unwrap())
        .collect();
    assert!(alone.iter().all(|a| a.batch == 1));
    let crowd: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = questions
            .iter()
            .map(|q| scope.spawn(|| predictor.ask(Ask { bypass_cache: true, ..q.clone() }).unwrap()))
            .collect();
        asked.into_iter().map(|t| t.join().unwrap()).collect()
    });
    for (a, b) in alone.iter().zip(&crowd) {
        assert!(b.batch <= 10);
        for (x, y) in a.steps.iter().zip(&b.steps) {
            assert!((x.mean / y.mean - 1.0).abs() < 1e-6, "{x:?} {y:?}");
        }
    }
}

#[test]
fn a_question_without_an_answer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let predictor = Predictor::start(registry(dir.path())).unwrap();
    let refused = |ask: Ask| predictor.ask(ask).unwrap_err();
    assert!(matches!(refused(ask("none", 1)), PredictError::Registry(RegistryError::Unknown(_))));
    assert!(matches!(refused(Ask { horizon: 0, ..ask("lstm-btc-15m", 1) }), PredictError::Horizon(0)));
    assert!(matches!(refused(Ask { horizon: 5, ..ask("lstm-btc-15m", 1) }), PredictError::Forecast(_)));
    let short = Ask { bars: Arc::new(bars(20, 0.0, 1)), ..ask("lstm-btc-15m", 1) };
    assert!(matches!(refused(short), PredictError::Forecast(_)));
}

//! Models on disk: bit for bit, versioned, promoted, deleted, and refused when damaged.

use std::fs;

use training::{Choice, Record, Registry, RegistryError, model_id, run};

use crate::market::{Made, bars, request};
use crate::training::Listener;

fn record(choice: Choice) -> (Record, forecast::market::Trained) {
    let request = request(choice);
    let outcome = run(&request, &Made, &Listener::default()).unwrap();
    let id = model_id(outcome.model.algorithm().name(), &request);
    (Record::new(id, &request, &outcome, 1).unwrap(), outcome.model)
}

#[test]
fn a_model_read_back_says_the_same_to_the_last_bit() {
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::open(dir.path());
    let now = bars(900, 0.6, 9);
    for choice in [Choice::Arima, Choice::Prophet, Choice::Ets, Choice::Lstm] {
        let (record, model) = record(choice);
        let stored = registry.put(record).unwrap();
        let back = registry.get(&stored.id).unwrap();
        assert_eq!((&back.id, back.version, &back.hash), (&stored.id, 1, &stored.hash));
        let (a, b) =
            (model.forecast(now.view(), 4).unwrap(), back.model().unwrap().forecast(now.view(), 4).unwrap());
        let bits = |s: &forecast::market::Step| [s.mean.to_bits(), s.low.to_bits(), s.high.to_bits()];
        assert!(a.iter().map(bits).eq(b.iter().map(bits)), "{choice:?}");
    }
    assert_eq!(registry.ids().unwrap(), ["arima-btc-15m", "ets-btc-15m", "lstm-btc-15m", "prophet-btc-15m"]);
}

#[test]
fn versions_are_promoted_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::open(dir.path());
    let (record, _) = record(Choice::Ets);
    for version in 1..=3 {
        assert_eq!(registry.put(record.clone()).unwrap().version, version);
    }
    let id = record.id.as_str();
    assert_eq!(registry.get(id).unwrap().version, 3);
    registry.promote(&format!("{id}@2")).unwrap();
    assert_eq!((registry.get(id).unwrap().version, registry.promoted(id).unwrap()), (2, Some(2)));
    assert!(matches!(registry.delete(id, false), Err(RegistryError::Promoted(_))));
    assert!(matches!(registry.delete(&format!("{id}@2"), false), Err(RegistryError::Promoted(_))));
    registry.delete(&format!("{id}@3"), false).unwrap();
    registry.delete(&format!("{id}@2"), true).unwrap();
    assert_eq!((registry.versions(id).unwrap(), registry.promoted(id).unwrap()), (vec![1], None));
    registry.delete(id, false).unwrap();
    assert!(matches!(registry.get(id), Err(RegistryError::Unknown(_))));
    assert!(registry.ids().unwrap().is_empty());
}

#[test]
fn trainings_that_end_together_get_versions_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::open(dir.path());
    let (record, _) = record(Choice::Ets);
    let mut versions: Vec<u32> = std::thread::scope(|scope| {
        let asked: Vec<_> =
            (0..8).map(|_| scope.spawn(|| registry.put(record.clone()).unwrap().version)).collect();
        asked.into_iter().map(|t| t.join().unwrap()).collect()
    });
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn what_was_changed_on_disk_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::open(dir.path());
    let (record, _) = record(Choice::Ets);
    let stored = registry.put(record).unwrap();
    let path = dir.path().join(&stored.id).join("1.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"trend\":\"", "\"trend\":\"x")).unwrap();
    assert!(registry.get(&stored.id).unwrap().model().is_none());
    assert!(matches!(registry.promote(&stored.id), Err(RegistryError::Damaged { .. })));
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert!(matches!(registry.get(&stored.id), Err(RegistryError::Damaged { .. })));
    for name in ["../x", "", ".x", "a/b", "a@b"] {
        assert!(matches!(registry.get(name), Err(RegistryError::Name(_))), "{name}");
    }
    let wide = training::Request {
        symbols: vec!["file:BTC-PERP".into(), "local:ETHUSDT".into()],
        ..request(Choice::Ets)
    };
    assert_eq!(model_id("ets", &wide), "ets-file-btc-perp_local-ethusdt-15m");
}

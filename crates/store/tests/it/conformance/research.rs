//! Back-tests, sweeps, models, forecasts, alerts.

use store::alerts::{self, Alert, AlertState, Severity};
use store::jobs::JobStatus;
use store::models::{self, Model, Prediction};
use store::research::{self, Backtest, Sweep, Trial};
use store::silences::{self, Silence};
use store::{AlertId, BacktestId, JobId, ModelId, Owner, PredictionId, SilenceId, SweepId, TrialId};

use super::{T0, absent, add_owner, at, write};
use crate::engines::{Fresh, on_both};

on_both!(
    a_backtest_goes_from_queued_to_done,
    every_trial_of_a_sweep_is_kept_once,
    a_model_has_versions_and_forecasts_that_are_pruned,
    an_alert_is_one_while_it_lasts,
    the_systems_alerts_are_a_history_that_people_acknowledge,
    silences_end_by_themselves_and_by_hand,
);

fn backtest(owner: Owner, model: Option<ModelId>, second: i64) -> Backtest {
    Backtest {
        id: BacktestId::new(),
        user_id: owner.user(),
        model_id: model,
        sweep_id: None,
        strategy: "ema_cross".to_owned(),
        exchange: "local".to_owned(),
        symbol: "BTCUSDT".to_owned(),
        bar_interval: "15m".to_owned(),
        params: "{}".to_owned(),
        status: JobStatus::Queued,
        error: None,
        job_id: None,
        starts_at: at(-1_000),
        ends_at: T0,
        metrics: "{}".to_owned(),
        result_hash: None,
        created_at: at(second),
        finished_at: None,
        name: String::new(),
        request: "{}".to_owned(),
        run: None,
    }
}

async fn a_backtest_goes_from_queued_to_done(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let model = ModelId::new();
    let first = backtest(alice, Some(model), 1);
    let done = Backtest {
        status: JobStatus::Done,
        metrics: "{\"sharpe\":\"1.2\"}".to_owned(),
        result_hash: Some("ab12".to_owned()),
        finished_at: Some(at(5)),
        ..first.clone()
    };
    for one in [first, backtest(alice, None, 2), done.clone()] {
        write(&fresh.store, move |tx| Box::pin(async move { research::put_backtest(tx, &one).await })).await;
    }
    let mut reader = fresh.store.read();
    assert_eq!(research::backtest(&mut reader, alice, done.id).await.unwrap(), done);
    assert!(absent(&research::backtest(&mut reader, bob, done.id).await));
    assert_eq!(research::backtests(&mut reader, alice, None, 10).await.unwrap().len(), 2);
    assert_eq!(
        research::backtests(&mut reader, alice, Some(at(2)), 10).await.unwrap(),
        std::slice::from_ref(&done)
    );
    assert_eq!(
        research::backtests_of_model(&mut reader, alice, model, 10).await.unwrap(),
        std::slice::from_ref(&done)
    );
    assert_eq!(research::backtests_of_model(&mut reader, bob, model, 10).await.unwrap(), []);
    let remove = |owner| {
        fresh
            .store
            .write(move |tx| Box::pin(async move { research::remove_backtest(tx, owner, done.id).await }))
    };
    assert!(absent(&remove(bob).await));
    remove(alice).await.unwrap();
    fresh
}

async fn every_trial_of_a_sweep_is_kept_once(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let sweep = Sweep {
        id: SweepId::new(),
        user_id: alice.user(),
        strategy: "ema_cross".to_owned(),
        exchange: "local".to_owned(),
        symbol: "BTCUSDT".to_owned(),
        bar_interval: "1h".to_owned(),
        space: "{}".to_owned(),
        objective: "sharpe".to_owned(),
        status: JobStatus::Running,
        error: None,
        job_id: None,
        trials_planned: 4,
        created_at: T0,
        finished_at: None,
        request: "{}".to_owned(),
        kept: None,
        result: None,
    };
    let (id, same) = (sweep.id, sweep.clone());
    write(&fresh.store, move |tx| Box::pin(async move { research::put_sweep(tx, &same).await })).await;
    for (number, score) in [(1, Some(0.5)), (2, None), (2, Some(9.0)), (3, Some(-1.5))] {
        let trial = Trial {
            id: TrialId::new(),
            sweep_id: id,
            user_id: alice.user(),
            number,
            params: "{}".to_owned(),
            metrics: "{}".to_owned(),
            score,
            created_at: at(number),
        };
        write(&fresh.store, move |tx| Box::pin(async move { research::append_trial(tx, &trial).await }))
            .await;
    }
    let mut reader = fresh.store.read();
    let trials = research::trials(&mut reader, alice, id, 1, 10).await.unwrap();
    assert_eq!(trials.iter().map(|t| (t.number, t.score)).collect::<Vec<_>>(), [(2, None), (3, Some(-1.5))]);
    assert_eq!(research::trials(&mut reader, bob, id, 0, 10).await.unwrap(), []);
    assert_eq!(research::sweeps(&mut reader, alice, None, 10).await.unwrap(), [sweep]);
    assert!(absent(&research::sweep(&mut reader, bob, id).await));
    fresh
}

/// A model and one of its forecasts.
pub(super) fn model_with_forecast(owner: Owner) -> (Model, Prediction) {
    let model = Model {
        id: ModelId::new(),
        user_id: owner.user(),
        name: "btc".to_owned(),
        algorithm_type: "arima".to_owned(),
        symbol: "BTCUSDT".to_owned(),
        bar_interval: "1h".to_owned(),
        params: "{}".to_owned(),
        training_status: "training".to_owned(),
        version: 1,
        artefact_hash: None,
        metrics: "{}".to_owned(),
        job_id: None,
        active: false,
        created_at: T0,
        updated_at: T0,
    };
    let forecast = Prediction {
        id: PredictionId::new(),
        model_id: model.id,
        user_id: owner.user(),
        symbol: "BTCUSDT".to_owned(),
        timestamp: T0,
        target_at: at(60),
        value: 97_000.1,
        lower: Some(0.1 + 0.2),
        upper: None,
        naive: 97_001.0,
        actual: None,
        created_at: T0,
    };
    (model, forecast)
}

async fn a_model_has_versions_and_forecasts_that_are_pruned(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let (model, sample) = model_with_forecast(alice);
    let (id, same) = (model.id, model.clone());
    write(&fresh.store, move |tx| Box::pin(async move { models::put(tx, &same).await })).await;
    let twin = Model { id: ModelId::new(), ..model.clone() };
    let taken = fresh.store.write(move |tx| Box::pin(async move { models::put(tx, &twin).await }));
    assert!(taken.await.unwrap_err().is_taken("models.user_id,name,version"));
    let mut reader = fresh.store.read();
    assert_eq!(
        models::in_training_of_all(&mut reader, "training").await.unwrap(),
        std::slice::from_ref(&model)
    );
    assert_eq!(models::list(&mut reader, alice, Some("arima")).await.unwrap(), std::slice::from_ref(&model));
    assert_eq!(models::list(&mut reader, alice, Some("lstm")).await.unwrap(), []);
    let begun = write(&fresh.store, move |tx| Box::pin(models::begin(tx, id, JobId::new(), at(9))));
    assert!(!begun.await, "it does not wait for that job");
    assert_eq!(models::list(&mut reader, bob, None).await.unwrap(), []);
    let forecasts: Vec<Prediction> = (0..10)
        .map(|n| Prediction {
            id: PredictionId::new(),
            timestamp: at(n),
            target_at: at(n + 60),
            created_at: at(n),
            ..sample.clone()
        })
        .collect();
    let same = forecasts.clone();
    let noted =
        write(&fresh.store, move |tx| Box::pin(async move { models::append_predictions(tx, &same).await }));
    assert_eq!(noted.await, 10);
    let latest = models::predictions(&mut reader, alice, id, "BTCUSDT", None, 2).await.unwrap();
    assert_eq!(latest, [forecasts[9].clone(), forecasts[8].clone()]);
    assert_eq!(models::predictions(&mut reader, bob, id, "BTCUSDT", None, 2).await.unwrap(), []);
    let prune = |limit| {
        write(&fresh.store, move |tx| {
            Box::pin(async move { models::prune_predictions(tx, at(5), limit).await })
        })
    };
    assert_eq!((prune(3).await, prune(3).await, prune(3).await), (3, 2, 0));
    write(&fresh.store, move |tx| Box::pin(async move { models::remove(tx, alice, id).await })).await;
    assert_eq!(fresh.sql("SELECT count(*) FROM predictions"), "0");
    fresh
}

async fn an_alert_is_one_while_it_lasts(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let alert = |user: Option<Owner>, second| Alert {
        id: AlertId::new(),
        user_id: user.map(Owner::user),
        scope: String::new(),
        rule: "drawdown".to_owned(),
        severity: Severity::High,
        state: AlertState::Firing,
        subject: "main".to_owned(),
        message: format!("at {second}"),
        detail: "{}".to_owned(),
        occurrences: 1,
        created_at: at(second),
        updated_at: at(second),
        resolved_at: None,
        acknowledged_by: None,
        acknowledged_at: None,
    };
    let raise = |alert: Alert| {
        write(&fresh.store, move |tx| Box::pin(async move { alerts::raise(tx, &alert).await }))
    };
    let (id, new) = raise(alert(Some(alice), 1)).await;
    assert!(new);
    assert_eq!(raise(alert(Some(alice), 2)).await, (id, false));
    assert!(raise(alert(Some(bob), 3)).await.1, "another user's is another");
    assert!(raise(alert(None, 4)).await.1, "the system's is another");
    let (_, second) = raise(alert(None, 5)).await;
    assert!(!second);
    let mut reader = fresh.store.read();
    let shown = alerts::page(&mut reader, alice, None, 10).await.unwrap();
    assert_eq!((shown.len(), shown[0].occurrences, shown[0].message.as_str()), (1, 2, "at 2"));
    assert_eq!(alerts::open_of_all(&mut reader, 10).await.unwrap().len(), 3);
    let acknowledge = |owner| {
        fresh.store.write(move |tx| Box::pin(async move { alerts::acknowledge(tx, owner, id, at(6)).await }))
    };
    assert!(absent(&acknowledge(bob).await));
    acknowledge(alice).await.unwrap();
    let resolve = || {
        write(&fresh.store, move |tx| {
            Box::pin(async move { alerts::resolve(tx, Some(alice.user()), "drawdown", "main", at(7)).await })
        })
    };
    assert!(resolve().await);
    assert!(!resolve().await);
    assert!(raise(alert(Some(alice), 8)).await.1, "it is new again");
    fresh
}

async fn the_systems_alerts_are_a_history_that_people_acknowledge(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let alert = |user: Option<Owner>, subject: &str, second| Alert {
        id: AlertId::new(),
        user_id: user.map(Owner::user),
        scope: String::new(),
        rule: "latency".to_owned(),
        severity: Severity::Medium,
        state: AlertState::Firing,
        subject: subject.to_owned(),
        message: "m".to_owned(),
        detail: "{}".to_owned(),
        occurrences: 1,
        created_at: at(second),
        updated_at: at(second),
        resolved_at: None,
        acknowledged_by: None,
        acknowledged_at: None,
    };
    let rows =
        [alert(None, "/a", 1), alert(None, "/b", 2), alert(None, "/c", 3), alert(Some(alice), "/a", 4)];
    for row in rows.clone() {
        write(&fresh.store, move |tx| Box::pin(async move { alerts::raise(tx, &row).await })).await;
    }
    let over = write(&fresh.store, |tx| {
        Box::pin(async move { alerts::resolve(tx, None, "latency", "/b", at(9)).await })
    });
    assert!(over.await);
    let page = async |open: Option<bool>, before| {
        let search = alerts::Search { open, before };
        let found = alerts::page_of_system(&mut fresh.store.read(), search, 2).await.unwrap();
        found.into_iter().map(|alert| alert.subject).collect::<Vec<_>>()
    };
    assert_eq!(page(None, None).await, ["/c", "/b"], "newest first, and nobody's own");
    assert_eq!(page(None, Some(at(2))).await, ["/a"]);
    assert_eq!(page(Some(true), None).await, ["/c", "/a"]);
    assert_eq!(page(Some(false), None).await, ["/b"]);
    let acknowledge = |id: AlertId, by: &'static str, second| {
        fresh.store.write(move |tx| {
            Box::pin(async move { alerts::acknowledge_of_system(tx, id, by, at(second)).await })
        })
    };
    let known = acknowledge(rows[0].id, "root", 10).await.unwrap();
    assert_eq!((known.acknowledged_by.as_deref(), known.acknowledged_at), (Some("root"), Some(at(10))));
    let again = acknowledge(rows[0].id, "vera", 11).await.unwrap();
    assert_eq!(
        (again.acknowledged_by, again.acknowledged_at),
        (known.acknowledged_by, known.acknowledged_at)
    );
    assert!(absent(&acknowledge(rows[1].id, "root", 12).await), "it is over");
    assert!(absent(&acknowledge(rows[3].id, "root", 12).await), "a user's own is not the system's");
    fresh
}

async fn silences_end_by_themselves_and_by_hand(fresh: Fresh) -> Fresh {
    let silence = |rule: &str, from, until| Silence {
        id: SilenceId::new(),
        rule: rule.to_owned(),
        ends_at: at(until),
        comment: "moving the database".to_owned(),
        created_by: "root".to_owned(),
        created_at: at(from),
    };
    let (short, long) = (silence("HighCPUUsage", 0, 100), silence("*", 0, 200));
    for one in [short.clone(), long.clone()] {
        write(&fresh.store, move |tx| Box::pin(async move { silences::add(tx, &one).await })).await;
    }
    let active = async |now| silences::active_of_all(&mut fresh.store.read(), at(now)).await.unwrap();
    assert_eq!(active(99).await, [short, long.clone()]);
    assert_eq!(active(100).await, std::slice::from_ref(&long));
    let remove = || fresh.store.write(move |tx| Box::pin(async move { silences::remove(tx, long.id).await }));
    remove().await.unwrap();
    assert!(absent(&remove().await) && active(0).await.len() == 1);
    let next = silence("RuntimeLag", 300, 500);
    let row = next.clone();
    write(&fresh.store, move |tx| Box::pin(async move { silences::add(tx, &row).await })).await;
    assert_eq!(active(0).await, [next], "what is over is forgotten when the next one comes");
    fresh
}

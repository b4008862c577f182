//! Backup, restore, maintenance, reports, migrations of an older database.

use std::io::Cursor;

use store::maintenance::{self, Task};
use store::{Class, Engine, PoolSize, Store, StoreError, backup, statistics, users};

use crate::conformance::{T0, add_account, add_owner, add_pair, add_user, at, bot, sample, write};
use crate::engines::{Fresh, on_both, run};

on_both!(
    a_backup_goes_back_into_either_engine,
    a_damaged_backup_is_refused_and_changes_nothing,
    maintenance_runs_by_the_calendar_and_by_command,
    old_forecasts_and_logins_go_and_audit_entries_are_archived,
    what_bots_were_worth_is_thinned_out_and_keeps_its_extremes,
    a_report_tells_what_is_there,
    faults_are_found,
    the_pools_are_measured_against_the_server,
);

/// A store with something in every kind of column.
async fn filled(store: &Store) {
    let alice = add_owner(store, "alice").await;
    let account = add_account(store, alice, "main").await;
    let pair = add_pair(store).await;
    sample(store, alice, account, pair).await;
}

async fn saved(store: &Store) -> (Vec<u8>, backup::Contents) {
    let mut file = Vec::new();
    let contents = backup::write(store, &mut file, T0).await.unwrap();
    (file, contents)
}

async fn a_backup_goes_back_into_either_engine(fresh: Fresh) -> Fresh {
    filled(&fresh.store).await;
    let (file, contents) = saved(&fresh.store).await;
    assert!(contents.rows > 10, "{contents:?}");
    assert_eq!(backup::verify(Cursor::new(&file)).unwrap(), contents);
    for other in [Fresh::sqlite().await, Fresh::postgres().await] {
        let restored = backup::restore(&other.store, Cursor::new(file.clone())).await.unwrap();
        assert_eq!(restored, contents);
        let (again, _) = saved(&other.store).await;
        // The head names the engine and the end holds the checksum; all between must be the same, whatever the order.
        let body = |file: &[u8]| {
            let text = String::from_utf8(file.to_vec()).unwrap();
            let mut lines: Vec<String> = text.lines().skip(1).map(ToOwned::to_owned).collect();
            lines.pop();
            lines.sort();
            lines
        };
        assert_eq!(body(&again), body(&file));
        let into_full = backup::restore(&other.store, Cursor::new(file.clone())).await.unwrap_err();
        assert!(into_full.to_string().contains("restore into a new database"), "{into_full}");
        // It goes on: the audit log's chain is sound and takes entries.
        assert_eq!(statistics::faults(&other.store).await.unwrap(), Vec::<String>::new());
        add_user(&other.store, "bob").await;
        other.store.close().await;
    }
    fresh
}

async fn a_damaged_backup_is_refused_and_changes_nothing(fresh: Fresh) -> Fresh {
    let source = Fresh::sqlite().await;
    filled(&source.store).await;
    let (file, _) = saved(&source.store).await;
    source.store.close().await;
    let text = String::from_utf8(file).unwrap();
    let cut = text[..text.len() / 2].to_owned();
    let changed = text.replace("alice@example.org", "mallory@example.org");
    let fewer: String =
        text.lines().filter(|line| !line.contains("BTCUSDT")).map(|l| format!("{l}\n")).collect();
    let newer = text.replacen("\"schema\":", "\"schema\":9", 1);
    for (bad, why) in [
        (cut, "early"),
        (changed, "checksum"),
        (fewer, "checksum"),
        (newer, "newer"),
        ("{}\n".into(), "begin"),
    ] {
        let error = backup::restore(&fresh.store, Cursor::new(bad)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unfit(_)) && error.to_string().contains(why), "{why}: {error}");
        assert_eq!(users::count(&mut fresh.store.read()).await.unwrap(), 0);
        assert_eq!(statistics::faults(&fresh.store).await.unwrap(), Vec::<String>::new());
    }
    fresh
}

async fn maintenance_runs_by_the_calendar_and_by_command(fresh: Fresh) -> Fresh {
    filled(&fresh.store).await;
    let engine = fresh.store.engine();
    let of_engine: Vec<Task> =
        Task::ALL.iter().copied().filter(|task| task.every(engine).is_some()).collect();
    let done = maintenance::run_due(&fresh.store, T0).await.unwrap();
    assert_eq!(done.iter().map(|d| d.task).collect::<Vec<_>>(), of_engine);
    assert_eq!(maintenance::run_due(&fresh.store, at(3_600)).await.unwrap(), []);
    let day = maintenance::run_due(&fresh.store, at(25 * 3_600)).await.unwrap();
    let weekly = [Task::Vacuum, Task::Reindex];
    assert_eq!(day.iter().any(|d| weekly.contains(&d.task)), engine == Engine::Sqlite);
    assert!(day.iter().any(|d| d.task == Task::Analyze));
    for task in Task::ALL {
        maintenance::run(&fresh.store, *task, at(26 * 3_600)).await.unwrap();
    }
    let runs = maintenance::last_runs(&mut fresh.store.read()).await.unwrap();
    assert_eq!(runs.len(), of_engine.len());
    assert!(runs.iter().all(|run| run.finished_at.is_some()), "{runs:?}");
    // One that is being done elsewhere is not begun; one that died six hours ago is.
    fresh.sql("UPDATE maintenance SET finished_at = NULL WHERE task = 'analyze'");
    let busy = maintenance::run(&fresh.store, Task::Analyze, at(27 * 3_600)).await;
    assert!(matches!(busy, Err(StoreError::Busy(_))));
    maintenance::run(&fresh.store, Task::Analyze, at(33 * 3_600)).await.unwrap();
    fresh
}

async fn old_forecasts_and_logins_go_and_audit_entries_are_archived(fresh: Fresh) -> Fresh {
    filled(&fresh.store).await;
    let counts = |fresh: &Fresh| {
        ["predictions", "sessions", "audit_log", "audit_archive"]
            .map(|table| fresh.sql(&format!("SELECT count(*) FROM {table}")))
    };
    assert_eq!(counts(&fresh), ["1", "1", "1", "0"]);
    maintenance::run_due(&fresh.store, at(6 * 86_400)).await.unwrap();
    assert_eq!(counts(&fresh), ["1", "1", "1", "0"]);
    maintenance::run_due(&fresh.store, at(9 * 86_400)).await.unwrap();
    assert_eq!(counts(&fresh), ["0", "0", "1", "0"]);
    maintenance::run_due(&fresh.store, at(31 * 86_400)).await.unwrap();
    assert_eq!(counts(&fresh), ["0", "0", "0", "1"]);
    assert_eq!(statistics::faults(&fresh.store).await.unwrap(), Vec::<String>::new());
    fresh
}

/// A point each minute of 12 days for each of two bots, with a value that goes up and down.
async fn worth(fresh: &Fresh) {
    let alice = add_owner(&fresh.store, "alice").await;
    let account = add_account(&fresh.store, alice, "main").await;
    for name in ["one", "two"] {
        let bot = bot(alice, account, name);
        write(&fresh.store, move |tx| Box::pin(async move { store::bots::insert(tx, &bot).await })).await;
    }
    let minutes = 12 * 1_440;
    let (series, taken, value) = match fresh.store.engine() {
        Engine::Sqlite => (
            format!(
                "(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {minutes}) SELECT i FROM n)"
            ),
            format!("{} + i * 60000000", T0.0),
            "CAST(1000 + (i * 37) % 101 AS TEXT)",
        ),
        Engine::Postgres => (
            format!("generate_series(0, {minutes} - 1) AS n(i)"),
            format!("to_timestamp({}) + i * interval '1 minute'", T0.0 / 1_000_000),
            "1000 + (i * 37) % 101",
        ),
    };
    fresh.sql(&format!(
        "INSERT INTO bot_equity (bot_id, taken_at, user_id, equity) SELECT b.id, {taken}, b.user_id, {value} FROM bots b, {series}"
    ));
}

async fn what_bots_were_worth_is_thinned_out_and_keeps_its_extremes(fresh: Fresh) -> Fresh {
    worth(&fresh).await;
    let (hour, of_hour) = match fresh.store.engine() {
        Engine::Sqlite => ("taken_at / 3600000000", "CAST(equity AS REAL)"),
        Engine::Postgres => ("floor(extract(epoch FROM taken_at) / 3600)", "equity"),
    };
    let curve = format!(
        "SELECT b.name, {hour}, min({of_hour}), max({of_hour}), max(taken_at) FROM bot_equity e JOIN bots b ON b.id = e.bot_id \
         GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let before = fresh.sql(&curve);
    let now = at(12 * 86_400);
    maintenance::run(&fresh.store, Task::Equity, now).await.unwrap();
    assert_eq!(fresh.sql(&curve), before, "each hour has its lowest, highest and last value");
    let count = |fresh: &Fresh| fresh.sql("SELECT count(*) FROM bot_equity").parse::<i64>().unwrap();
    let (young, hours) = (2 * 7 * 1_440, 2 * 5 * 24);
    let left = count(&fresh);
    // Whole hours only: up to one more hour is not thinned.
    assert!((young + hours..=young + 3 * hours + 2 * 60).contains(&left), "{left}");
    let again = maintenance::run(&fresh.store, Task::Equity, at(12 * 86_400 + 1)).await.unwrap();
    assert!(again.outcome.starts_with("0 points"), "{}", again.outcome);
    // After 400 days three a day are left, and the youngest are three an hour.
    maintenance::run(&fresh.store, Task::Equity, at(403 * 86_400 + 60)).await.unwrap();
    let left = count(&fresh);
    assert!((2 * 9 * 24..=2 * (3 * 9 * 24 + 3 * 24 + 9)).contains(&left), "{left}");
    fresh
}

async fn a_report_tells_what_is_there(fresh: Fresh) -> Fresh {
    filled(&fresh.store).await;
    maintenance::run(&fresh.store, Task::Analyze, T0).await.unwrap();
    let report = statistics::report(&fresh.store).await.unwrap();
    assert_eq!((report.counts.users, report.counts.live_orders, report.counts.jobs_waiting), (1, 1, 1));
    assert!(report.bytes > 100_000 && report.indexes.missing.is_empty());
    assert!(report.tables.iter().any(|table| table.name == "orders"));
    assert_eq!(report.maintenance.len(), 1);
    fresh.sql("DROP INDEX idx_jobs_ready");
    let report = statistics::report(&fresh.store).await.unwrap();
    assert_eq!(report.indexes.missing, ["idx_jobs_ready"]);
    // On a machine that stands still for a second anything may be slow: what is counted is what is told.
    assert_eq!(fresh.store.slow_statements().is_empty(), fresh.store.slow_total() == 0);
    fresh
}

async fn faults_are_found(mut fresh: Fresh) -> Fresh {
    filled(&fresh.store).await;
    assert_eq!(statistics::faults(&fresh.store).await.unwrap(), Vec::<String>::new());
    fresh.sql("DROP INDEX idx_orders_active");
    fresh.sql("UPDATE audit_log SET actor = 'nobody'");
    let faults = statistics::faults(&fresh.store).await.unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("idx_orders_active") && faults[1].contains("entry 1"), "{faults:?}");
    // The next start builds the index.
    fresh.reopen().await;
    assert_eq!(statistics::faults(&fresh.store).await.unwrap().len(), 1);
    fresh
}

async fn the_pools_are_measured_against_the_server(fresh: Fresh) -> Fresh {
    let fit = statistics::fit(&fresh.store).await.unwrap();
    match fresh.store.engine() {
        Engine::Sqlite => assert_eq!(fit, None),
        Engine::Postgres => {
            let fit = fit.unwrap();
            assert_eq!(fit.needed, i64::from(PoolSize::MEDIUM.total()));
            assert!(fit.fits() && fit.available > 50, "{fit:?}");
        }
    }
    let _ = fresh.store.read_as(Class::Report);
    fresh
}

#[test]
fn an_index_is_built_anew_on_a_table_with_partitions() {
    run(Fresh::postgres(), |mut fresh| async move {
        filled(&fresh.store).await;
        fresh.sql("SELECT trades_partition(now() + make_interval(months => m)) FROM generate_series(0, 2) m");
        fresh.sql("DROP INDEX idx_trades_order");
        assert_eq!(statistics::faults(&fresh.store).await.unwrap().len(), 1);
        fresh.reopen().await;
        assert_eq!(statistics::faults(&fresh.store).await.unwrap(), Vec::<String>::new());
        let parts = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'idx_trades_order'::regclass";
        let tables = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'trades'::regclass";
        assert_eq!(fresh.sql(parts), fresh.sql(tables));
        fresh
    });
}

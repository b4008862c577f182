//! A real standby: long reads go to it while it has what the primary had a moment ago, and to the primary otherwise.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use store::settings::{self, Scope};
use store::{Options, Store, StoreError, Ts, users};
use testkit::OwnPostgres;

async fn open(primary: &OwnPostgres, standby: &OwnPostgres) -> Store {
    let mut options = Options::new(primary.url().parse().unwrap());
    options.replica = Some(standby.url().parse().unwrap());
    Store::open(&options).await.unwrap()
}

async fn note(store: &Store, text: &'static str) {
    let text = format!("\"{text}\"");
    let change = store.write(move |tx| {
        Box::pin(async move { settings::set(tx, Scope::System, "notice", &text, None, Ts::now()).await })
    });
    let done: Result<_, StoreError> = change.await;
    done.unwrap();
}

/// What a long read sees.
async fn long_read(store: &Store) -> Option<String> {
    let all = settings::all(&mut store.read_aged(), Scope::System).await.unwrap();
    all.get("notice").cloned()
}

/// Waits until the standby is used, or is not.
async fn until(store: &Store, used: bool) {
    while store.replica_age().is_some() != used {
        tokio::task::yield_now().await;
    }
}

/// Stops replaying; asked for, it does so a little later.
async fn pause(standby: &OwnPostgres) {
    standby.sql("SELECT pg_wal_replay_pause()").unwrap();
    until_says(standby, "SELECT pg_get_wal_replay_pause_state()", "paused").await;
}

/// Asks until this is the answer.
async fn until_says(server: &OwnPostgres, question: &str, answer: &str) {
    while server.sql(question).unwrap().trim() != answer {
        tokio::task::yield_now().await;
    }
}

/// A session that waits for a lock in a read of the settings.
const WAITS: &str = "FROM pg_stat_activity WHERE application_name = 'tradewind report' AND query LIKE '%settings%' \
    AND wait_event_type = 'Lock'";

/// Whether a standby holds what its primary holds.
const LOCKED: &str = "SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock'";

/// A read that waits at the standby when its session is ended: the primary is asked the same.
async fn cut_off_in_the_middle(store: &Store, primary: &OwnPostgres, standby: &OwnPostgres) {
    let mut holder = PgConnection::connect(&primary.url()).await.unwrap();
    let mut held = holder.begin().await.unwrap();
    sqlx::query("LOCK TABLE settings IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    until_says(standby, LOCKED, "t").await;
    let (read, ()) = tokio::join!(long_read(store), async {
        until_says(standby, &format!("SELECT pg_terminate_backend(pid) {WAITS}"), "t").await;
        until_says(primary, &format!("SELECT count(*) > 0 {WAITS}"), "t").await;
        held.rollback().await.unwrap();
    });
    assert_eq!(read.as_deref(), Some("\"one\""), "the primary answered what the standby began");
    until_says(standby, LOCKED, "f").await;
    until(store, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_reads_go_to_a_standby_that_is_up_to_date_and_to_the_primary_otherwise() {
    let primary = OwnPostgres::start();
    // The schema is there before the copy.
    Store::at(&primary.url()).await.unwrap().close().await;
    let standby = primary.standby();
    let store = open(&primary, &standby).await;
    assert_eq!(users::count(&mut store.read_aged()).await.unwrap(), 0, "also before anything is known of it");
    until(&store, true).await;
    note(&store, "one").await;
    while long_read(&store).await.as_deref() != Some("\"one\"") {}
    cut_off_in_the_middle(&store, &primary, &standby).await;

    // It stops replaying: what it says is of before, as the primary would not say it, and becomes older and older.
    pause(&standby).await;
    note(&store, "two").await;
    assert_eq!(long_read(&store).await.as_deref(), Some("\"one\""), "less than ten seconds old: that may be");
    let aged = async {
        let mut writes = tokio::time::interval(Duration::from_millis(500));
        while store.replica_age().is_some() {
            writes.tick().await;
            note(&store, "two").await;
        }
    };
    aged.await;
    assert_eq!(long_read(&store).await.as_deref(), Some("\"two\""));
    standby.sql("SELECT pg_wal_replay_resume()").unwrap();
    until(&store, true).await;

    // It dies in the middle of things: nobody notices, and writes go on.
    standby.kill();
    assert_eq!(long_read(&store).await.as_deref(), Some("\"two\""));
    note(&store, "three").await;
    until(&store, false).await;
    assert_eq!(long_read(&store).await.as_deref(), Some("\"three\""));
    let pools = store.pools();
    let names: Vec<_> = pools.iter().map(|pool| pool.pool).collect();
    assert_eq!(names, ["oltp", "report", "maintenance", "replica"]);
    assert!(pools.iter().take(3).all(|pool| pool.breaker == "closed"), "{pools:?}");
    store.ping(Duration::from_secs(5)).await.unwrap();

    // It is back, and then goes its own way: nobody hears from it any more.
    standby.again();
    until(&store, true).await;
    standby.promote();
    until(&store, false).await;
    note(&store, "four").await;
    assert_eq!(long_read(&store).await.as_deref(), Some("\"four\""));
    store.close().await;
}

#[tokio::test]
async fn a_file_has_no_standby_and_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", dir.path().join("x.db").display());
    let database = testkit::Postgres::shared().database();
    let mut options = Options::new(database.url().parse().unwrap());
    options.replica = Some(file.parse().unwrap());
    let refused = Store::open(&options).await.map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("a standby is a server"), "{refused}");
}

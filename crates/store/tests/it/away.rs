//! A real PostgreSQL that is killed under its store: its breaker opens, leaves it alone for a minute, lets one call try, and closes. The
//! test moves the clock.

use std::time::Duration;

use store::settings::{self, Scope};
use store::{Options, Store, StoreError, Ts, users};
use testkit::OwnPostgres;
use tokio::time;

async fn leap(by: Duration) {
    time::pause();
    time::advance(by).await;
    time::resume();
}

async fn write(store: &Store) -> Result<(), StoreError> {
    let change = store.write(|tx| {
        Box::pin(async move { settings::set(tx, Scope::System, "notice", "\"x\"", None, Ts::now()).await })
    });
    change.await
}

async fn read(store: &Store) -> Result<u64, StoreError> {
    users::count(&mut store.read()).await
}

fn breaker(store: &Store) -> &'static str {
    store.pools().iter().find(|pool| pool.pool == "oltp").unwrap().breaker
}

/// Calls until nobody is let through any more; how many it took.
async fn opened(store: &Store) -> u32 {
    for asked in 0..20 {
        if breaker(store) == "open" {
            return asked;
        }
        let failed = read(store).await.unwrap_err();
        assert!(matches!(failed, StoreError::Unreachable(_)), "{failed:?}");
    }
    panic!("it never opens")
}

/// Not asked: told at once, with when to come again.
async fn is_left_alone(store: &Store, retry: std::ops::RangeInclusive<u32>) {
    assert_eq!(breaker(store), "open");
    for (outcome, of_a_write) in [(read(store).await.map(|_| ()), false), (write(store).await, true)] {
        match outcome {
            Err(StoreError::Away { writes, retry_s }) => {
                assert!(writes == of_a_write && retry.contains(&retry_s), "{writes} {retry_s}");
            }
            other => panic!("{other:?}"),
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_database_that_is_away_is_left_alone_for_a_minute_and_taken_back_by_one_call() {
    let postgres = OwnPostgres::start();
    let store = Store::open(&Options::new(postgres.url().parse().unwrap())).await.unwrap();
    write(&store).await.unwrap();
    assert_eq!((read(&store).await.unwrap(), breaker(&store)), (0, "closed"));

    postgres.kill();
    assert_eq!(opened(&store).await, 5, "five failures in a row");
    is_left_alone(&store, 31..=61).await;
    // It is back, which nobody finds out before the minute is over.
    postgres.again();
    leap(MINUTE / 2).await;
    is_left_alone(&store, 1..=31).await;
    leap(MINUTE / 2).await;
    assert_eq!(read(&store).await.unwrap(), 0);
    assert_eq!(breaker(&store), "closed");
    write(&store).await.unwrap();

    // Away again, and still away when one call tries: one more minute.
    postgres.kill();
    opened(&store).await;
    leap(MINUTE).await;
    let tried = write(&store).await.unwrap_err();
    assert!(matches!(tried, StoreError::Unreachable(_)), "{tried:?}");
    is_left_alone(&store, 31..=61).await;
    assert!(store.ping(MINUTE).await.is_err(), "whoever looks is told the truth");
    // Whoever looks when it is back opens the way for all, within the minute.
    postgres.again();
    leap(Duration::from_secs(2)).await;
    store.ping(MINUTE).await.unwrap();
    assert_eq!(breaker(&store), "closed");
    write(&store).await.unwrap();
    store.close().await;
}

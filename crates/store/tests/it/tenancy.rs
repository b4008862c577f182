//! One server per database: who comes second is refused, who lost its session takes it again, who lost the database writes no more.

use std::future::Future;
use std::time::Duration;

use store::settings::{self, Scope};
use store::tenancy::{NotTaken, Standing, Tenancy};
use store::{Location, Store, StoreError, Ts};
use testkit::{Database, Postgres};

/// Far longer than any test takes.
const LONG: Duration = Duration::from_secs(600);

fn run<F: Future<Output = ()>>(test: F) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

fn location(url: &str) -> Location {
    url.parse().unwrap()
}

async fn holder(location: &Location) -> String {
    match Tenancy::take(location, Duration::ZERO).await {
        Err(NotTaken::Held(holder)) => holder.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two have it"),
    }
}

/// Sessions with the lock, or those that queue for it.
fn sessions(database: &Database, granted: bool) -> usize {
    let text = format!(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted = {granted} \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    );
    database.sql(&text).unwrap().trim().parse().unwrap()
}

/// As an administrator or a broken line would.
fn end_the_holders_session(database: &Database) {
    let text = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted \
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    database.sql(text).unwrap();
}

async fn write(store: &Store) -> Result<(), StoreError> {
    let change = store.write(|tx| {
        Box::pin(async move { settings::set(tx, Scope::System, "notice", "\"x\"", None, Ts::now()).await })
    });
    change.await
}

#[test]
fn the_second_is_told_who_has_it_and_has_it_when_the_first_is_gone() {
    run(async {
        let (database, other) = (Postgres::shared().database(), Postgres::shared().database());
        let place = location(&database.url());
        let first = Tenancy::take(&place, Duration::ZERO).await.unwrap();
        assert_eq!(*first.standing().borrow(), Standing::Held { times: 1 });
        let told = holder(&place).await;
        assert!(told.contains(&format!("process {}", std::process::id())), "{told}");
        assert!(told.contains("connected from 127.0.0.1 since 20"), "{told}");
        let beside = Tenancy::take(&location(&other.url()), Duration::ZERO).await.unwrap();
        beside.release().await;
        // Beside it everybody may work.
        let store = Store::at(&database.url()).await.unwrap();
        write(&store).await.unwrap();
        store.close().await;
        first.release().await;
        let again = Tenancy::take(&place, Duration::ZERO).await.unwrap();
        drop(again);
        Tenancy::take(&place, LONG).await.unwrap().release().await;
    });
}

#[test]
fn a_session_that_was_cut_is_taken_again() {
    run(async {
        let database = Postgres::shared().database();
        let place = location(&database.url());
        let tenancy = Tenancy::take(&place, Duration::ZERO).await.unwrap();
        let store = Store::at(&database.url()).await.unwrap();
        tenancy.guard(&store);
        end_the_holders_session(&database);
        let mut standing = tenancy.standing();
        standing.wait_for(|now| *now == Standing::Held { times: 2 }).await.unwrap();
        assert_eq!(sessions(&database, true), 1);
        holder(&place).await;
        write(&store).await.unwrap();
        store.close().await;
        tenancy.release().await;
        assert_eq!(sessions(&database, true), 0);
    });
}

#[test]
fn who_lost_the_database_to_somebody_writes_no_more() {
    run(async {
        let database = Postgres::shared().database();
        let place = location(&database.url());
        let first = Tenancy::take(&place, Duration::ZERO).await.unwrap();
        let store = Store::at(&database.url()).await.unwrap();
        first.guard(&store);
        write(&store).await.unwrap();
        let second = {
            let place = place.clone();
            tokio::spawn(async move { Tenancy::take(&place, LONG).await })
        };
        while sessions(&database, false) == 0 {
            tokio::task::yield_now().await;
        }
        end_the_holders_session(&database);
        let mut standing = first.standing();
        let lost = standing.wait_for(|now| matches!(now, Standing::Taken(_))).await.unwrap().clone();
        let Standing::Taken(by) = lost else { panic!("{lost:?}") };
        let refused = write(&store).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unfit(_)), "{refused}");
        assert!(refused.to_string().contains(&by.to_string()), "{refused}");
        assert!(
            settings::all(&mut store.read(), Scope::System).await.unwrap().contains_key("notice"),
            "reads go on"
        );
        let second = second.await.unwrap().unwrap();
        store.close().await;
        first.release().await;
        // The loser gives nothing back that is not its own.
        holder(&place).await;
        second.release().await;
    });
}

#[test]
fn a_file_has_one_server_too() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("new").join("shared.db").display());
        let place = location(&url);
        let first = Tenancy::take(&place, Duration::ZERO).await.unwrap();
        let told = holder(&place).await;
        assert!(told.contains("shared.db.lock"), "{told}");
        let store = Store::at(&url).await.unwrap();
        write(&store).await.unwrap();
        store.close().await;
        first.release().await;
        Tenancy::take(&place, Duration::ZERO).await.unwrap().release().await;
    });
}

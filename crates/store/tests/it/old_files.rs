//! Databases that older programs wrote: they open, everything in them is still there, and what came since is there too.
//!
//! `testdata/store/platform-v1.sql` is the dump of a file that version 1 of the schema wrote while a real server used it. A
//! dump is never renewed; a later schema adds another one beside it.

use std::path::Path;

use store::{Owner, Store, UserId, accounts, audit, orders, positions, sessions, trades, users};

/// What the file held, by the program that wrote it.
const USERS: [&str; 2] = ["alice", "root"];

fn file_of(dump: &str, dir: &Path) -> std::path::PathBuf {
    let dump = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/store").join(dump);
    let text = std::fs::read_to_string(dump).unwrap();
    let script = dir.join("dump.sql");
    std::fs::write(&script, format!("PRAGMA auto_vacuum=2; PRAGMA journal_mode=wal;\n{text}")).unwrap();
    let path = dir.join("platform.db");
    let mut sqlite = std::process::Command::new("sqlite3");
    let output =
        sqlite.arg("-bail").arg(&path).stdin(std::fs::File::open(&script).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

async fn user(store: &Store, name: &str) -> UserId {
    users::for_login(&mut store.read(), name).await.unwrap().unwrap_or_else(|| panic!("{name} is gone")).id
}

#[test]
fn a_file_of_the_first_schema_opens_with_everything_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = file_of("platform-v1.sql", dir.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let location = store::Location::Sqlite(path.clone());
        let due = Store::versions(&location).await.unwrap();
        assert!(due[0].done && due[1..].iter().all(|version| !version.done), "{due:?}");
        let store = Store::at(&format!("sqlite:{}", path.display())).await.unwrap();
        let done = Store::versions(&location).await.unwrap();
        assert!(done.iter().all(|version| version.done), "{done:?}");
        for name in USERS {
            let owner = Owner::of(user(&store, name).await);
            assert!(!sessions::live(&mut store.read(), owner, store::Ts(0)).await.unwrap().is_empty());
            let found = accounts::list(&mut store.read(), owner).await.unwrap();
            assert_eq!((found.len(), found[0].bot_id), (1, None), "{name}");
        }
        let alice = Owner::of(user(&store, "alice").await);
        let filter = orders::Filter::default();
        let found = orders::page(&mut store.read(), alice, &filter, 100).await.unwrap();
        assert_eq!(found.iter().filter(|order| order.live).count(), 1);
        assert_eq!(found.iter().filter(|order| order.status == "filled").count(), 2);
        let filter = trades::Filter::default();
        let fills =
            trades::page(&mut store.read(), alice, &filter, trades::Place::Newest, 100).await.unwrap();
        assert!(fills.len() >= 2);
        let open = positions::open(&mut store.read(), alice, None).await.unwrap();
        assert_eq!(open.len(), 1);
        let verdict = audit::verify(&mut store.read(), &audit::Trust::default()).await.unwrap();
        assert_eq!(verdict.fault, None);
        store.close().await;
    });
}

//! A fresh store on either engine, gone after the test.

use store::Store;
use testkit::{Database, Postgres};

/// A store and what it lies in.
pub(crate) struct Fresh {
    pub(crate) store: Store,
    url: String,
    database: Option<Database>,
    dir: Option<tempfile::TempDir>,
}

impl Fresh {
    pub(crate) async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("platform.db").display());
        Self { store: Store::at(&url).await.unwrap(), url, database: None, dir: Some(dir) }
    }

    pub(crate) async fn postgres() -> Self {
        let database = Postgres::shared().database();
        let url = database.url();
        Self { store: Store::at(&url).await.unwrap(), url, database: Some(database), dir: None }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// The same data, opened anew.
    pub(crate) async fn reopen(&mut self) {
        self.store.close().await;
        self.store = Store::at(&self.url).await.unwrap();
    }

    /// What a look from outside, with SQL, gives: unaligned text.
    pub(crate) fn sql(&self, text: &str) -> String {
        match (&self.database, &self.dir) {
            (Some(database), _) => database.sql(text).unwrap(),
            (None, Some(dir)) => {
                let mut command = std::process::Command::new("sqlite3");
                let output = command.arg(dir.path().join("platform.db")).arg(text).output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8_lossy(&output.stdout).trim().to_owned()
            }
            (None, None) => String::new(),
        }
    }
}

impl Fresh {
    /// [`Fresh::sql`] of a text too long for a command line.
    pub(crate) fn sql_file(&self, text: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut command = match &self.dir {
            Some(dir) => {
                let mut command = std::process::Command::new("sqlite3");
                command.arg("-bail").arg(dir.path().join("platform.db"));
                command
            }
            None => {
                let mut command = std::process::Command::new("psql");
                command.arg(&self.url).args(["-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1"]);
                command
            }
        };
        let output = command.stdin(std::fs::File::open(file.path()).unwrap()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Runs a test on an engine, in a runtime of its own, and closes the store.
pub(crate) fn run<F>(make: impl Future<Output = Fresh>, test: impl FnOnce(Fresh) -> F)
where
    F: Future<Output = Fresh>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let fresh = test(make.await).await;
        fresh.store.close().await;
    });
}

/// Each named function as a test on each engine.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                crate::engines::run(crate::engines::Fresh::sqlite(), super::$name);
            })*
        }
        mod postgres {
            $(#[test]
            fn $name() {
                crate::engines::run(crate::engines::Fresh::postgres(), super::$name);
            })*
        }
    };
}
pub(crate) use on_both;

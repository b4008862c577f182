//! The platform's database when it is large, on both engines: how long each question takes that an index was made for, and
//! what maintenance does to the requests beside it.
//!
//! `cargo xtask bench store`, sizes from the environment: `TRADEWIND_STORE_TRADES` (10,000,000), `TRADEWIND_STORE_ROUNDS`
//! (500 askings of each question), `TRADEWIND_STORE_SECONDS` (20 per load phase), `TRADEWIND_STORE_ENGINES`
//! (`sqlite,postgres`). Ten million fills need about 6 GB per engine in the folder for temporary files. The test server of
//! PostgreSQL runs without fsync, which is as good for reads.

#[path = "../../../crates/store/tests/it/plans/rows.rs"]
mod rows;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rows::{Dialect, USERS, base_rows, other_rows, questions, trading_rows};
use sqlx::{Connection as _, Executor as _};
use store::maintenance::{self, Task};
use store::settings::{self, Scope};
use store::{Engine, INDEXES, Store, StoreError, Ts};
use testkit::{Database, Postgres};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is aimed at: 99 of 100 answers within this time.
const P99_MAX: Duration = Duration::from_millis(10);
/// Requests at once in a load phase.
const AT_ONCE: u64 = 4;

fn size(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let engines = std::env::var("TRADEWIND_STORE_ENGINES").unwrap_or_else(|_| "sqlite,postgres".into());
    let mut good = true;
    for engine in engines.split(',') {
        let place = match engine {
            "sqlite" => Place::sqlite()?,
            "postgres" => Place::postgres(),
            other => return Err(format!("{other} is no engine").into()),
        };
        good &= measure(&place).await?;
    }
    println!("\n{}", if good { "every aim was met" } else { "NOT every aim was met" });
    Ok(())
}

/// A database, gone afterwards.
struct Place {
    url: String,
    database: Option<Database>,
    dir: Option<tempfile::TempDir>,
}

impl Place {
    fn sqlite() -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let url = format!("sqlite:{}", dir.path().join("platform.db").display());
        Ok(Self { url, database: None, dir: Some(dir) })
    }

    fn postgres() -> Self {
        let database = Postgres::shared().database();
        Self { url: database.url(), database: Some(database), dir: None }
    }

    fn engine(&self) -> Engine {
        if self.database.is_some() { Engine::Postgres } else { Engine::Sqlite }
    }

    /// Runs SQL with the engine's own program.
    fn sql(&self, text: &str) -> Result<(), Failure> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        let mut command = match &self.dir {
            Some(dir) => {
                let mut command = Command::new("sqlite3");
                command.arg("-bail").arg(dir.path().join("platform.db"));
                command
            }
            None => {
                let mut command = Command::new("psql");
                command.arg(&self.url).args(["-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1"]);
                command
            }
        };
        let done = command.stdin(std::fs::File::open(file.path())?).stdout(Stdio::null()).output()?;
        if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into()) }
    }
}

async fn measure(place: &Place) -> Result<bool, Failure> {
    let engine = place.engine();
    let trades = size("TRADEWIND_STORE_TRADES", 10_000_000);
    println!("\n## {}, {trades} fills", engine.name());
    let store = filled(place, trades).await?;
    let questions_good = ask(place, size("TRADEWIND_STORE_ROUNDS", 500)).await?;
    let maintenance_good = beside_maintenance(place, &store).await?;
    store.close().await;
    Ok(questions_good && maintenance_good)
}

/// Filled without the indexes of the large tables, which are then built as a migration builds them.
async fn filled(place: &Place, trades: u64) -> Result<Store, Failure> {
    let d = Dialect(place.engine());
    Store::at(&place.url).await?.close().await;
    let late = INDEXES.iter().filter(|index| matches!(index.table, "trades" | "orders"));
    let drop: String = late.map(|index| format!("DROP INDEX {};\n", index.name)).collect();
    let began = Instant::now();
    let rows = base_rows(&d) + &trading_rows(&d, trades) + &other_rows(&d, 20_000);
    place.sql(&format!("{drop}BEGIN;\n{rows}COMMIT;\n"))?;
    println!("filled in {:.1} s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    let store = Store::at(&place.url).await?;
    println!("indexes built in {:.1} s", began.elapsed().as_secs_f64());
    for task in [Task::Vacuum, Task::Analyze] {
        let done = maintenance::run(&store, task, Ts::now()).await?;
        println!("{}: {} ms", done.task, done.took_ms);
    }
    settled(place).await?;
    Ok(store)
}

/// Waits until what was filled in is on the disk: else the questions measure a server that still writes six gigabytes.
async fn settled(place: &Place) -> Result<(), Failure> {
    if place.engine() != Engine::Postgres {
        return Ok(());
    }
    let began = Instant::now();
    place.sql("CHECKPOINT;\n")?;
    let mut asker = sqlx::PgConnection::connect(&place.url).await?;
    // Autovacuum looks at a table that was filled once a minute; it may find nothing to do.
    for _ in 0..60 {
        let at_work: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_stat_progress_vacuum").fetch_one(&mut asker).await?;
        if at_work == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    println!("on the disk after {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// A connection with the settings the product has where they matter for reads.
enum Asker {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Asker {
    async fn open(place: &Place) -> Result<Self, Failure> {
        Ok(match &place.dir {
            Some(_) => {
                let mut connection = sqlx::SqliteConnection::connect(&place.url).await?;
                for pragma in ["cache_size = -65536", "mmap_size = 268435456", "temp_store = MEMORY"] {
                    connection.execute(sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"))).await?;
                }
                Self::Sqlite(connection)
            }
            None => Self::Postgres(sqlx::PgConnection::connect(&place.url).await?),
        })
    }

    /// Asks, reads all rows, gives how many and how long it took.
    async fn ask(&mut self, text: &str) -> Result<(usize, Duration), Failure> {
        let began = Instant::now();
        let text = sqlx::AssertSqlSafe(text.to_owned());
        let rows = match self {
            Self::Sqlite(connection) => sqlx::query(text).persistent(false).fetch_all(connection).await?.len(),
            Self::Postgres(connection) => sqlx::query(text).persistent(false).fetch_all(connection).await?.len(),
        };
        Ok((rows, began.elapsed()))
    }
}

/// Each question for many users; parsing and planning are part of the time.
async fn ask(place: &Place, rounds: u64) -> Result<bool, Failure> {
    let d = Dialect(place.engine());
    let mut asker = Asker::open(place).await?;
    let mut times: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
    for round in 0..rounds {
        for (index, question) in questions(&d, round % USERS) {
            times.entry(index).or_default().push(asker.ask(&question).await?.1);
        }
    }
    let mut good = true;
    println!("\n| index | p50 ms | p99 ms |\n|---|---|---|");
    for (index, times) in &mut times {
        let (p50, p99) = percentiles(times);
        let met = p99 <= P99_MAX;
        good &= met;
        println!("| {index} | {:.3} | {:.3}{} |", ms(p50), ms(p99), if met { "" } else { " (too slow)" });
    }
    Ok(good)
}

/// Reads and small writes through the product's own pools, alone and beside maintenance.
async fn beside_maintenance(place: &Place, store: &Store) -> Result<bool, Failure> {
    let seconds = Duration::from_secs(size("TRADEWIND_STORE_SECONDS", 20));
    let quiet = load(place, store, seconds, Vec::new()).await?;
    let tasks: Vec<Task> =
        Task::ALL.iter().copied().filter(|task| task.every(store.engine()).is_some()).collect();
    let busy = load(place, store, seconds, tasks).await?;
    println!("\n| beside | reads p50 ms | reads p99 ms | writes p50 ms | writes p99 ms | askings |\n|---|---|---|---|---|---|");
    for (name, l) in [("nothing", &quiet), ("maintenance", &busy)] {
        let cells = [l.reads.0, l.reads.1, l.writes.0, l.writes.1].map(|time| format!("{:.3}", ms(time)));
        println!("| {name} | {} | {} |", cells.join(" | "), l.count);
    }
    let ratio = |a: Duration, b: Duration| ms(a) / ms(b).max(0.001);
    let (reads, writes) = (ratio(busy.reads.1, quiet.reads.1), ratio(busy.writes.1, quiet.writes.1));
    println!("\np99 beside maintenance: reads {reads:.2} times, writes {writes:.2} times (aim: under 2)");
    Ok(reads < 2.0 && writes < 2.0)
}

struct Load {
    reads: (Duration, Duration),
    writes: (Duration, Duration),
    count: usize,
}

async fn load(place: &Place, store: &Store, at_least: Duration, tasks: Vec<Task>) -> Result<Load, Failure> {
    let over = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::new();
    for reader in 0..AT_ONCE {
        let (mut asker, over, engine) = (Asker::open(place).await?, Arc::clone(&over), place.engine());
        readers.push(tokio::spawn(async move {
            let (mut times, mut round) = (Vec::new(), reader);
            while !over.load(Ordering::Relaxed) {
                for (_, question) in questions(&Dialect(engine), round % USERS) {
                    times.push(asker.ask(&question).await?.1);
                    // A pace, not as fast as possible: a server that is full has no latency to speak of.
                    tokio::time::sleep(Duration::from_millis(4)).await;
                }
                round += AT_ONCE;
            }
            Ok::<_, Failure>(times)
        }));
    }
    let writer = tokio::spawn(write_on(store.clone(), Arc::clone(&over)));
    let began = Instant::now();
    for task in &tasks {
        let done = maintenance::run(store, *task, Ts::now()).await?;
        println!("   {}: {} ({} ms)", done.task, done.outcome, done.took_ms);
    }
    tokio::time::sleep(at_least.saturating_sub(began.elapsed())).await;
    over.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for reader in readers {
        times.extend(reader.await??);
    }
    let mut writes = writer.await??;
    Ok(Load { count: times.len(), reads: percentiles(&mut times), writes: percentiles(&mut writes) })
}

async fn write_on(store: Store, over: Arc<AtomicBool>) -> Result<Vec<Duration>, StoreError> {
    let mut times = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let written: Result<(), StoreError> = store
            .write(move |tx| {
                Box::pin(async move {
                    settings::set(tx, Scope::System, "bench", "1", None, Ts::now()).await
                })
            })
            .await;
        written?;
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(times)
}

/// Median and 99th percentile.
fn percentiles(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).or(times.last()).copied().unwrap_or_default();
    (at(50), at(99))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

//! `cargo xtask bench promises`: what the platform's promises say, measured from outside on one machine in one run.
//!
//! Prints one table: a durable order over REST beside the disk's own `fdatasync` (the same folder, taken in turns), a back-test of a year of
//! 15-minute bars from the request to the result, reads while a thousand people log in beside the same reads before, and resident memory
//! after the start and after 100 logins. Nothing is asserted. `TRADEWIND_PROGRAM` names a built program; `-- N` sets the number of orders.

mod client;
mod program;

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::Client;
use program::{Server, program};

const PASSWORD: &str = "correct horse battery";
/// Logins at once.
const LOGINS: usize = 1_000;
/// Threads that send them.
const LOGIN_THREADS: usize = 64;

fn main() {
    let orders = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000);
    let program = program();
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    import_year(&program, &data, dir.path());
    let server = Server::start(&program, &data, &[]);
    std::thread::sleep(Duration::from_secs(10));
    println!("resident 10 s after the first start    {:>9.1} MiB", server.resident());
    let code = server.ready["api"]["setup_code"].as_str().expect("a fresh installation").to_owned();
    let token = set_up(server.api(), &code);
    durable_orders(&server, &data, &token, orders);
    backtests(server.api(), &token);
    logins(server.api(), &token);
    drop(server);

    let server = Server::start(&program, &data, &[]);
    std::thread::sleep(Duration::from_secs(10));
    println!("resident 10 s after a restart          {:>9.1} MiB", server.resident());
    for _ in 0..100 {
        login(server.api());
    }
    std::thread::sleep(Duration::from_secs(2));
    println!("resident after 100 logins              {:>9.1} MiB", server.resident());
}

fn set_up(addr: SocketAddr, code: &str) -> String {
    let body = format!(r#"{{"code":"{code}","username":"bench","password":"{PASSWORD}"}}"#);
    let answer =
        Client::new(addr, "").and_then(|mut c| c.ask("POST", "/api/setup", &body)).expect("it answers");
    answer.body["token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

/// Status and wall time of one login.
fn login(addr: SocketAddr) -> (u16, Duration) {
    let body = format!(r#"{{"username":"bench","password":"{PASSWORD}"}}"#);
    let answer = Client::new(addr, "").and_then(|mut c| c.ask("POST", "/api/auth/login", &body));
    answer.map_or((0, Duration::ZERO), |answer| (answer.status, answer.took))
}

/// Sorted, so that percentiles can be read off.
struct Times(Vec<Duration>);

impl Times {
    fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// In microseconds; the nearest rank.
    fn at(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0.get(rank).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }

    fn show(&self, what: &str) {
        let (n, p50, p95, p99) = (self.0.len(), self.at(50), self.at(95), self.at(99));
        println!("{what:<38} {n:>6} x   p50 {p50:>9.0}   p95 {p95:>9.0}   p99 {p99:>9.0} µs");
    }
}

/// Orders one at a time until they are durable, in turns with what the disk takes for one sync of a page.
fn durable_orders(server: &Server, data: &Path, token: &str, count: usize) {
    let mut client = Client::new(server.api(), token).expect("it listens");
    let mut raw = File::create(data.join("bench.sync")).expect("a file");
    let (mut synced, mut orders, mut keyed) = (Vec::new(), Vec::new(), 0);
    for n in 0..count + 50 {
        let begin = Instant::now();
        raw.write_all(&[7; 4096]).and_then(|()| raw.sync_data()).expect("the disk works");
        let sync = begin.elapsed();
        let side = if n % 2 == 0 { "buy" } else { "sell" };
        let body =
            format!(r#"{{"symbol":"BTCUSDT","side":"{side}","quantity":"0.001","order_type":"market"}}"#);
        let answer = client.ask("POST", "/api/orders", &body).expect("it answers");
        // The first ones find caches cold.
        if n >= 50 {
            synced.push(sync);
            keyed += usize::from(answer.status == 201);
            orders.push(answer.took);
        }
    }
    let (synced, orders) = (Times::new(synced), Times::new(orders));
    synced.show("write and fdatasync of 4 KiB");
    orders.show("durable market order over REST");
    println!(
        "{:<38} {:>9.2}   ({keyed} of {count} accepted)",
        "  p50 in units of fdatasync p50",
        orders.at(50) / synced.at(50)
    );
}

/// A year of 15-minute bars: a random walk that is the same every time.
fn import_year(program: &Path, data: &Path, dir: &Path) {
    let file = dir.join("year.csv");
    let mut text = String::from("timestamp,open,high,low,close,volume\n");
    let (mut seed, mut price) = (0x9e37_79b9_7f4a_7c15_u64, 10_000_000_i64);
    for n in 0..35_040_i64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let step = i64::from(u16::try_from(seed >> 48).unwrap_or(0)) - 32_768;
        let open = price;
        price = (price + step).clamp(1_000_000, 100_000_000);
        let (low, high) = (open.min(price) - 500, open.max(price) + 500);
        let cents = |value: i64| format!("{}.{:02}", value / 100, value % 100);
        let at = 1_735_689_600_000_i64 + n * 900_000;
        text.push_str(&format!(
            "{at},{},{},{},{},12.5\n",
            cents(open),
            cents(high),
            cents(low),
            cents(price)
        ));
    }
    std::fs::write(&file, text).expect("a file");
    let output = Command::new(program)
        .args(["data", "import"])
        .arg(&file)
        .args(["--symbol", "BENCH-USD", "--interval", "15m", "--data-dir"])
        .arg(data)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// From the request to the result, asked for again and again.
fn backtests(addr: SocketAddr, token: &str) {
    let mut client = Client::new(addr, token).expect("it listens");
    let mut times = Vec::new();
    for n in 0..20 {
        let fast = 5 + n;
        let body = format!(
            r#"{{"strategy":"ema-cross","symbols":["file:BENCH-USD"],"interval":"15m","source":"archive","params":{{"fast":{fast},"slow":60,"qty":"0.1"}}}}"#
        );
        let begin = Instant::now();
        let answer = client.ask("POST", "/api/backtests", &body).expect("it answers");
        let Some(id) = answer.body["id"].as_str() else {
            println!("the back-test was not taken: {}", answer.body);
            return;
        };
        loop {
            let state = client.ask("GET", &format!("/api/backtests/{id}"), "").expect("it answers").body;
            match state["status"].as_str() {
                Some("done") => break times.push(begin.elapsed()),
                Some("failed" | "crashed" | "cancelled") => return println!("the back-test failed: {state}"),
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
    Times::new(times).show("back-test, a year of 15-minute bars");
}

/// Reads before and while a thousand people log in at once.
fn logins(addr: SocketAddr, token: &str) {
    let paths =
        ["/api/positions", "/api/balances", "/api/tickers?symbols=BTCUSDT,ETHUSDT", "/api/orders?limit=20"];
    let read = |until: &dyn Fn(usize) -> bool| {
        let mut client = Client::new(addr, token).expect("it listens");
        let mut times = Vec::new();
        while !until(times.len()) {
            let answer = client.ask("GET", paths[times.len() % paths.len()], "").expect("it answers");
            times.push(answer.took);
            std::thread::sleep(Duration::from_millis(5));
        }
        Times::new(times)
    };
    let before = read(&|n| n >= 1_000);
    before.show("reads");
    let (over, begin) = (AtomicBool::new(false), Instant::now());
    let (during, answers) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| read(&|_| over.load(Ordering::Relaxed)));
        let threads: Vec<_> = (0..LOGIN_THREADS)
            .map(|_| {
                scope.spawn(|| (0..LOGINS.div_ceil(LOGIN_THREADS)).map(|_| login(addr)).collect::<Vec<_>>())
            })
            .collect();
        let answers: Vec<_> = threads.into_iter().flat_map(|t| t.join().expect("a thread")).collect();
        over.store(true, Ordering::Relaxed);
        (reader.join().expect("a thread"), answers)
    });
    let took = begin.elapsed().as_secs_f64();
    during.show("reads while a thousand log in");
    let granted = answers.iter().filter(|(status, _)| *status == 200).count();
    let put_off = answers.iter().filter(|(status, _)| *status == 429 || *status == 503).count();
    println!("{:<38} {:>9.2}", "  p99 in units of the p99 before", during.at(99) / before.at(99));
    println!(
        "{:<38} {granted} granted, {put_off} told to come back, of {} in {took:.1} s",
        "logins at once",
        answers.len()
    );
}

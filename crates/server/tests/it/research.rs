//! Back-tests and sweeps over the API: run as jobs, kept, the same as those of the command line, and their owner's alone.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::home::{Home, on_both};
use crate::person::Person;
use crate::program::{Server, ask, run_in};

on_both!(
    a_backtest_runs_is_kept_and_belongs_to_its_owner,
    imported_data_come_first_and_runs_that_make_no_sense_are_refused,
    a_sweep_keeps_every_trial_and_a_waiting_job_can_be_cancelled,
);

const QUIET: [&str; 2] = ["--participants-speed", "0"];

fn cross() -> Value {
    json!({
        "name": "first try", "strategy": "ema-cross", "symbols": ["BTCUSDT"], "interval": "1m",
        "params": { "fast": 3, "slow": 8, "qty": "0.1" }, "cash": "50000", "venue": { "fee_bps": "5" },
    })
}

fn done(person: &Person, path: &str) -> Value {
    let over = person.until(path, |value| !matches!(value["status"].as_str(), Some("queued" | "running")));
    assert_eq!(over["status"], "done", "{over}");
    over
}

fn run(person: &Person, body: &Value) -> Value {
    let answer = person.post("/api/backtests", body);
    assert_eq!(answer.status, 202, "{}", answer.body);
    let path = format!("/api/backtests/{}", answer.json()["id"].as_str().unwrap());
    done(person, &path)
}

fn a_backtest_runs_is_kept_and_belongs_to_its_owner(dir: &Home) {
    let server = Server::start_with(dir.path(), &QUIET);
    let root = Person::first(&server);
    let (alice, bob) = (root.add(&server, "alice", "trader"), root.add(&server, "bob", "trader"));
    let first = run(&alice, &cross());
    assert_eq!((&first["name"], &first["params"]["fast"]), (&json!("first try"), &json!("3")));
    let result = &first["result"];
    assert_eq!((&result["currency"], &result["start_equity"]), (&json!("USDT"), &json!("50000")));
    assert!(result["bars"].as_u64().unwrap() >= 55 && result["metrics"]["sharpe"].is_object(), "{result}");
    // Of a time that is over: without one a run that begins after the next minute has one bar more.
    let mut same = cross();
    (same["from"], same["to"]) = (first["from"].clone(), first["to"].clone());
    let (again, once_more) = (run(&alice, &same), run(&alice, &same));
    assert_eq!(again["result_hash"], once_more["result_hash"], "the same run decides the same");
    assert_ne!(again["run"], once_more["run"]);

    let path = format!("/api/backtests/{}", first["id"].as_str().unwrap());
    let curve = alice.read(&format!("{path}/equity"));
    assert_eq!(curve.as_array().unwrap().last().unwrap()["equity"], result["final_equity"]);
    assert_eq!(alice.read(&format!("{path}/equity?limit=2")).as_array().unwrap().len(), 2);
    let trades = alice.read(&format!("{path}/trades"));
    assert_eq!(trades.as_array().unwrap().len() as u64, result["trades"].as_u64().unwrap());
    let report = alice.get(&format!("{path}/report"));
    assert!(
        report.status == 200 && report.body.contains("<html"),
        "{} {}",
        report.status,
        &report.body[..300.min(report.body.len())]
    );
    assert!(
        report.head.contains("content-security-policy: default-src 'none'")
            && report.head.contains("sandbox")
    );
    let shown = run_in(dir.path(), &["backtest", "show", first["run"].as_str().unwrap(), "--json"]).json();
    assert_eq!(shown["final_equity"], result["final_equity"]);

    for rest in ["", "/trades", "/equity", "/report"] {
        assert_eq!(bob.get(&format!("{path}{rest}")).status, 404, "{rest}");
    }
    let job = format!("/api/jobs/{}", first["job"].as_str().unwrap());
    assert_eq!((&alice.read(&job)["subject"], bob.get(&job).status), (&first["id"], 404));
    assert_eq!(bob.ask("DELETE", &job, "").status, 404);
    assert_eq!((bob.read("/api/backtests"), bob.read("/api/jobs")), (json!([]), json!([])));
    assert_eq!(alice.read("/api/backtests").as_array().unwrap().len(), 3);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));

    let server = Server::start_with(dir.path(), &QUIET);
    let alice = Person::login(&server, "alice");
    assert_eq!(alice.read(&path), first);
    assert_eq!(alice.read(&format!("{path}/trades")), trades);
    assert_eq!(alice.ask("DELETE", &path, "").status, 204);
    assert_eq!(alice.get(&path).status, 404);
    server.stop(Signal::TERM);
}

fn imported_data_come_first_and_runs_that_make_no_sense_are_refused(dir: &Home) {
    let csv = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/market/minutes.csv");
    let imported =
        run_in(dir.path(), &["data", "import", csv, "--symbol", "binance:BTCUSDT", "--interval", "1m"]);
    assert_eq!(imported.code, 0, "{}", imported.err);
    let server = Server::start_with(dir.path(), &QUIET);
    let root = Person::first(&server);
    let (alice, viewer) = (root.add(&server, "alice", "trader"), root.add(&server, "victor", "viewer"));
    let with = |key: &str, value: Value| {
        let mut body = cross();
        body[key] = value;
        body
    };
    let recorded = run(&alice, &with("symbols", json!(["binance:BTCUSDT"])));
    assert!((170..=180).contains(&recorded["result"]["bars"].as_u64().unwrap()), "{recorded}");
    let own = run(&alice, &with("source", json!("exchange")));
    assert!(own["result"]["bars"].as_u64() < Some(120), "{own}");
    its_candles_can_be_seen(&server, &viewer);
    for (body, status, code) in [
        (with("strategy", json!("luck")), 422, "bad_run"),
        (with("params", json!({ "speed": 1 })), 422, "bad_run"),
        (with("symbols", json!(["DOGEUSDT"])), 422, "bad_run"),
        (with("symbols", json!([])), 422, "symbols"),
        (with("interval", json!("7m")), 422, "bad_run"),
        (with("cash", json!("-1")), 422, "bad_run"),
        (with("venue", json!({ "fill": "best" })), 422, "bad_run"),
        (with("venue", json!({ "luck": "1" })), 400, "invalid_request"),
        (with("source", json!("dreams")), 422, "source"),
        (with("model", json!("x")), 400, "invalid_request"),
    ] {
        let answer = alice.post("/api/backtests", &body);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{body}: {}",
            answer.body
        );
    }
    assert_eq!(viewer.post("/api/backtests", &cross()).status, 403);
    // Nothing is wrong with this one but that there are no bars then.
    let empty = alice.post("/api/backtests", &with("to", json!("2001-01-01T00:00:00Z"))).json();
    let path = format!("/api/backtests/{}", empty["id"].as_str().unwrap());
    let failed = alice.until(&path, |value| value["status"] == "failed");
    assert!(failed["error"].as_str().unwrap().contains("failed"), "{failed}");
    assert_eq!(alice.get(&format!("{path}/trades")).status, 409);
    server.stop(Signal::TERM);
}

/// What was imported, for those who are logged in; the exchange's market of the same symbol is another one.
fn its_candles_can_be_seen(server: &Server, viewer: &Person) {
    let of = |path: &str| viewer.read(&format!("/api/candles/{path}"));
    let newest = of("binance:BTCUSDT?interval=1m&limit=5");
    let candles = newest["candles"].as_array().unwrap();
    assert_eq!((candles.len(), &newest["folded"]), (5, &json!(1)), "{newest}");
    let last = candles.last().unwrap()["t"].as_i64().unwrap();
    assert_eq!(of("BTCUSDT?interval=1m&limit=5&source=archive"), newest);
    assert_eq!(of("BTCUSDT?interval=1m&limit=5&%73ource=archive"), newest);
    let listed = of("BTCUSDT?interval=1m&limit=5");
    assert!(listed["candles"].as_array().unwrap().iter().all(|candle| candle["t"].as_i64().unwrap() > last));
    // All of it in a few candles: what is outside the data folds nothing.
    let all = of("binance:BTCUSDT?interval=1m&from=2001-01-01T00:00:00Z&limit=10");
    let (few, folded) = (all["candles"].as_array().unwrap().len(), all["folded"].as_u64().unwrap());
    assert!(few <= 10 && folded > 1 && few as u64 * folded >= 170, "{all}");
    let hour = of("binance:BTCUSDT?interval=1h&limit=1");
    assert_eq!(hour["candles"].as_array().unwrap().len(), 1, "made of the minutes: {hour}");
    assert_eq!(of("binance:BTCUSDT?interval=1m&to=2001-01-01T00:00:00Z")["candles"], json!([]));
    for (path, status) in [
        ("binance:BTCUSDT?interval=1m", 404),
        ("BTCUSDT?interval=1m&source=archive", 401),
        // Asked by somebody who may a moment ago: not kept for those who may not.
        ("BTCUSDT?interval=1m&limit=5&source=archive", 401),
        ("BTCUSDT?interval=1m&limit=5&%73ource=archive", 401),
        ("BTCUSDT?interval=1m&source=dreams", 400),
        ("BTCUSDT?interval=1m&source=exchange", 200),
    ] {
        assert_eq!(
            ask(server.api(), "GET", &format!("/api/candles/{path}"), &[], "").status,
            status,
            "{path}"
        );
    }
    assert_eq!(viewer.get("/api/candles/binance:BTCUSDT?interval=1m&source=exchange").status, 404);
    assert_eq!(viewer.get("/api/candles/DOGEUSDT?interval=1m").status, 404);
}

fn a_sweep_keeps_every_trial_and_a_waiting_job_can_be_cancelled(dir: &Home) {
    let server = Server::start_with(dir.path(), &QUIET);
    let root = Person::first(&server);
    let (alice, bob) = (root.add(&server, "alice", "trader"), root.add(&server, "bob", "trader"));
    let body = json!({
        "strategy": "ema-cross", "symbol": "local:BTCUSDT", "interval": "1m", "params": { "qty": "0.1" },
        "grid": { "fast": "2..5", "slow": "7,9,12" }, "objective": "return",
    });
    let asked = alice.post("/api/sweeps", &body);
    assert_eq!((asked.status, &asked.json()["trials_planned"]), (202, &json!(12)), "{}", asked.body);
    let path = format!("/api/sweeps/{}", asked.json()["id"].as_str().unwrap());
    let found = done(&alice, &path);
    assert_eq!(found["result"]["trials"].as_array().unwrap().len(), 12);
    assert!(found["result"]["chosen"]["set"]["fast"].is_string(), "{found}");
    let kept = run_in(dir.path(), &["sweep", "show", found["kept"].as_str().unwrap(), "--json"]).json();
    assert_eq!(kept["trials"], found["result"]["trials"]);
    assert_eq!(bob.get(&path).status, 404);
    assert_eq!(bob.read("/api/sweeps"), json!([]));
    assert_eq!(alice.read("/api/sweeps")[0]["result"], Value::Null, "lists are short");

    for (key, value) in [
        ("grid", json!({})),
        ("grid", json!({ "speed": "1..2" })),
        ("grid", json!({ "fast": "many" })),
        ("method", json!("guess")),
        ("method", json!("tpe")),
        ("walk_forward", json!(50)),
    ] {
        let mut wrong = body.clone();
        wrong[key] = value;
        let answer = alice.post("/api/sweeps", &wrong);
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.body);
    }
    // One worker: of several the last one still waits.
    let mut last = Value::Null;
    for _ in 0..6 {
        let mut long = body.clone();
        long["grid"] = json!({ "fast": "2..15", "slow": "16..25" });
        last = alice.post("/api/sweeps", &long).json();
    }
    let job = format!("/api/jobs/{}", last["job"].as_str().unwrap());
    let cancelled = alice.ask("DELETE", &job, "");
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    let path = format!("/api/sweeps/{}", last["id"].as_str().unwrap());
    alice.until(&path, |sweep| sweep["status"] == "cancelled");
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));
}

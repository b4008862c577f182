//! Models of people, through the API: made, trained, asked, scored against what came, cancelled, removed.

use serde_json::{Value, json};

use rustix::process::Signal;

use crate::person::Person;
use crate::program::Server;

const MODELS: &str = "/api/ml/models";

fn ets(name: &str) -> Value {
    json!({ "name": name, "algorithm": "ets", "symbol": "BTCUSDT", "interval": "1s", "days": 1, "horizon": 5 })
}

fn requests(id: &str) -> Vec<(&'static str, String)> {
    let path = |rest: &str| format!("{MODELS}/{id}{rest}");
    vec![
        ("GET", path("")),
        ("GET", path("/metrics")),
        ("POST", path("/train")),
        ("POST", path("/cancel")),
        ("POST", path("/predict")),
        ("DELETE", path("")),
    ]
}

/// Bars that are brought along, a batch that keeps its order, and questions that make no sense; gives a good question.
fn brought_along(alice: &Person, path: &str) -> Value {
    let closes: Vec<f64> = (0..200).map(|n| 100.0 + f64::from(n % 7)).collect();
    let own = json!({ "features": closes, "horizon": 3 });
    let short = json!({ "features": closes, "horizon": 2 });
    let batch = alice.post(&format!("{path}/predict"), &json!({ "requests": [own, short] })).json();
    let lengths: Vec<usize> = batch["predictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["steps"].as_array().unwrap().len())
        .collect();
    assert_eq!(lengths, [3, 2]);
    for (wrong, status) in [
        (json!({ "horizon": 0 }), 422),
        (json!({ "features": [] }), 422),
        (json!({ "features": [1.0, -1.0, 2.0] }), 422),
        (json!({ "symbol": "NOSUCH" }), 422),
        (json!({ "requests": [] }), 422),
        (json!({ "horizons": 3 }), 400),
    ] {
        let answer = alice.post(&format!("{path}/predict"), &wrong);
        assert_eq!(answer.status, status, "{wrong}: {}", answer.body);
    }
    own
}

/// A back-test trades on a model, which then shows what came of it.
fn traded(alice: &Person, bob: &Person, id: &str) {
    let run = |strategy: &str, model: &str| json!({ "name": "on a model", "strategy": strategy, "model_id": model, "symbols": ["BTCUSDT"], "interval": "1m" });
    let refused = alice.post("/api/backtests", &run("ema-cross", id));
    assert_eq!(refused.status, 422, "only one strategy asks a model: {}", refused.body);
    assert_eq!(bob.post("/api/backtests", &run("forecast", id)).status, 404, "it is not theirs");
    let asked = alice.post("/api/backtests", &run("forecast", id));
    assert_eq!(asked.status, 202, "{}", asked.body);
    let test = asked.json()["id"].as_str().unwrap().to_owned();
    let done = alice.until(&format!("/api/backtests/{test}"), |t| t["finished_at"].is_string());
    assert_eq!((&done["status"], &done["model_id"]), (&json!("done"), &json!(id)), "{done}");
    let warned = done["result"]["warnings"].to_string();
    assert!(warned.contains("the model was trained on bars up to"), "{warned}");
    let shown = alice.read(&format!("{MODELS}/{id}/metrics"));
    assert_eq!(shown["backtests"][0]["backtest_id"], test.as_str());
    assert_eq!(shown["backtests"][0]["return_pct"], done["result"]["return_pct"]);
    assert!(shown["backtests"][0]["return_pct"].is_f64(), "{shown}");
    // Its report is made from the same model again.
    let report = alice.get(&format!("/api/backtests/{test}/report"));
    assert_eq!(report.status, 200, "{}", report.body);
}

/// An LSTM that would learn for long.
fn endless(name: &str) -> Value {
    json!({ "name": name, "algorithm": "lstm", "symbol": "BTCUSDT", "interval": "1s", "days": 1, "horizon": 5,
        "epochs": 1000, "hidden": 64, "limit_s": 600 })
}

#[test]
fn a_training_whose_program_was_killed_is_taken_up_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &[]);
    let root = Person::first(&server);
    let id = root.post(MODELS, &endless("endless")).json()["id"].as_str().unwrap().to_owned();
    let path = format!("{MODELS}/{id}");
    let learns = |model: &Value| model["training"]["loss"].is_f64();
    root.until(&path, learns);
    server.stop(Signal::KILL);

    let server = Server::start_with(dir.path(), &[]);
    let root = Person::login(&server, "root");
    let again = root.until(&path, learns);
    assert_eq!(again["status"], "running", "{again}");
    assert_eq!(root.post(&format!("{path}/cancel"), &json!({})).status, 202);
    root.until(&path, |model| model["status"] == "cancelled");
    // A third one stops in good order: what it trains costs no attempt and goes on after it.
    assert_eq!(root.post(&format!("{path}/train"), &json!({})).status, 202);
    root.until(&path, learns);
    server.stop(Signal::TERM);
    let server = Server::start_with(dir.path(), &[]);
    let root = Person::login(&server, "root");
    root.until(&path, learns);
}

/// A bot decides by the model; gives its path.
fn a_bot_keeps(alice: &Person, bob: &Person, model: &str) -> String {
    let new = json!({
        "name": "seer", "strategy": "forecast", "markets": [{ "symbol": "BTCUSDT", "interval": "1s" }],
        "params": { "window": 60, "horizon": 1, "cost-bps": 0, "certainty": 0, "qty": "0.01" },
        "funds": { "USDT": "10000" }, "model_id": model,
    });
    assert_eq!(bob.post("/api/bots", &new).status, 404, "another's model is not there");
    let mut wrong = new.clone();
    (wrong["strategy"], wrong["params"]) = (json!("ema-cross"), json!({}));
    let refused = alice.post("/api/bots", &wrong);
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("bad_model")), "{}", refused.body);
    let made = alice.post("/api/bots", &new);
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    assert_eq!((&made["model_id"], &made["model_version"]), (&json!(model), &json!(1)));
    let path = format!("/api/bots/{}", made["id"].as_str().unwrap());
    assert_eq!(alice.post(&format!("{path}/start"), &json!({})).status, 200);
    path
}

/// It decides by what the model expects.
fn decides(alice: &Person, bot: &str) {
    let count = |bot: &Value| bot["decisions"].as_u64().unwrap();
    let now = count(&alice.read(bot));
    alice.until(bot, |bot| count(bot) > now + 2);
    let decisions = alice.read(&format!("{bot}/decisions?limit=20"));
    let expects = |d: &Value| d["values"]["expected_bps"].is_string();
    assert!(decisions.as_array().unwrap().iter().any(expects), "{decisions}");
}

#[test]
fn a_model_is_trained_asked_and_held_against_what_came() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &[]);
    let root = Person::first(&server);
    let (alice, bob) = (root.add(&server, "alice", "trader"), root.add(&server, "bob", "trader"));
    let viewer = root.add(&server, "vera", "viewer");
    assert_eq!(viewer.post(MODELS, &ets("mine")).status, 403);
    let made = alice.post(MODELS, &ets("Modell 1"));
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("{MODELS}/{id}");
    assert_eq!(alice.post(MODELS, &ets("Modell 1")).status, 409, "the name is taken");
    let trained = alice.until(&path, |model| model["status"] == "trained");
    assert_eq!((&trained["version"], &trained["algorithm"]), (&json!(1), &json!("ets")));
    assert_eq!(trained["hash"].as_str().unwrap().len(), 64);
    assert!(trained["metrics"]["mae_ratio"].as_f64().unwrap() > 0.0, "{trained}");
    assert!(trained["metrics"]["verdict"].is_string());

    // A forecast of the market, five bars ahead.
    let asked = alice.post(&format!("{path}/predict"), &json!({}));
    assert_eq!(asked.status, 200, "{}", asked.body);
    let answer = asked.json()["predictions"][0].clone();
    assert_eq!((answer["symbol"].as_str(), answer["version"].as_u64()), (Some("BTCUSDT"), Some(1)));
    let steps = answer["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 5);
    for step in steps {
        let at = |name: &str| step[name].as_f64().unwrap();
        assert!(at("low") <= at("mean") && at("mean") <= at("high"), "{step}");
    }
    let own = brought_along(&alice, &path);
    let bot = a_bot_keeps(&alice, &bob, &id);
    decides(&alice, &bot);

    // What the forecast was about comes.
    let scored = alice.until(&format!("{path}/metrics"), |metrics| metrics["live"]["count"] != 0);
    assert!(scored["live"]["mae"].as_f64().unwrap() >= 0.0, "{scored}");
    assert_eq!(scored["version"], 1);

    let job = trained["training"]["job"].as_str().unwrap();
    assert_eq!(alice.read(&format!("/api/jobs/{job}"))["kind"], "training");
    traded(&alice, &bob, &id);

    // Nobody else sees any of it.
    assert_eq!(bob.read(MODELS), json!([]));
    for (method, path) in requests(&id) {
        assert_eq!(bob.ask(method, &path, "{}").status, 404, "{method} {path}");
    }

    // It is there after a restart, with all it knew, and its next version follows.
    drop(server);
    let server = Server::start_with(dir.path(), &[]);
    let alice = Person::login(&server, "alice");
    assert_eq!(alice.read(&path)["hash"], trained["hash"]);
    assert_eq!(alice.post(&format!("{path}/predict"), &own).status, 200);
    assert_eq!(alice.post(&format!("{path}/train"), &json!({})).status, 202);
    alice.until(&path, |model| model["version"] == 2 && model["status"] == "trained");
    assert_eq!(alice.ask("DELETE", &path, "").status, 204);
    assert_eq!(alice.get(&path).status, 404);
    assert_eq!(alice.read(MODELS), json!([]));
    // The bot has its own copy of the version it was made with.
    assert_eq!(alice.read(&bot)["model_version"], 1);
    decides(&alice, &bot);
}

#[test]
fn trainings_are_refused_cancelled_and_fail_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &[]);
    let root = Person::first(&server);
    for (field, value) in [
        ("algorithm", json!("magic")),
        ("symbol", json!("../x")),
        ("interval", json!("fortnight")),
        ("days", json!(0)),
        ("horizon", json!(501)),
        ("epochs", json!(0)),
        ("name", json!("")),
    ] {
        let mut wrong = ets("wrong");
        wrong[field] = value;
        let answer = root.post(MODELS, &wrong);
        assert_eq!(answer.status, 422, "{field}: {}", answer.body);
    }
    assert_eq!(root.read(MODELS), json!([]), "what is refused leaves nothing");

    let mut unknown = ets("unknown");
    unknown["symbol"] = json!("NOSUCH");
    let id = root.post(MODELS, &unknown).json()["id"].as_str().unwrap().to_owned();
    let failed = root.until(&format!("{MODELS}/{id}"), |model| model["status"] == "failed");
    let why = failed["training"]["error"].as_str().unwrap();
    assert!(why.contains("NOSUCH") && why.contains("data import"), "{why}");
    let refused = root.post(&format!("{MODELS}/{id}/predict"), &json!({}));
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("not_trained")));

    let trader = root.add(&server, "tom", "trader");
    for (who, priority, status) in [(&trader, 1, 422), (&root, 11, 422), (&trader, -1, 201), (&root, 5, 201)]
    {
        let mut model = ets("in a hurry");
        model["priority"] = json!(priority);
        let answer = who.post(MODELS, &model);
        assert_eq!(answer.status, status, "{priority}: {}", answer.body);
    }

    let id = root.post(MODELS, &endless("endless")).json()["id"].as_str().unwrap().to_owned();
    let path = format!("{MODELS}/{id}");
    root.until(&path, |model| model["training"]["state"] == "running");
    assert_eq!(root.post(&format!("{path}/train"), &json!({})).status, 409, "it trains already");
    assert_eq!(root.ask("DELETE", &path, "").status, 409, "it trains");
    assert_eq!(root.post(&format!("{path}/cancel"), &json!({})).status, 202);
    root.until(&path, |model| model["status"] == "cancelled");
    assert_eq!(root.post(&format!("{path}/cancel"), &json!({})).status, 422, "nothing trains");
    assert_eq!(root.ask("DELETE", &path, "").status, 204);
}

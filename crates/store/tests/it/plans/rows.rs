//! Rows for a large database, and the questions that are asked of it, as SQL of both engines. Used by the test of the plans
//! and, larger, by the measurement `cargo xtask bench store`.

use store::Engine;

/// Users among whom everything is spread.
pub(crate) const USERS: u64 = 200;

/// How an engine writes ids, moments and a series of numbers.
pub(crate) struct Dialect(pub(crate) Engine);

impl Dialect {
    fn id(&self, number: &str) -> String {
        match self.0 {
            Engine::Sqlite => format!("CAST(printf('%016d', {number}) AS BLOB)"),
            Engine::Postgres => format!("lpad(to_hex(({number})::bigint), 32, '0')::uuid"),
        }
    }

    /// Seconds after 20 November 2026.
    fn ts(&self, seconds: &str) -> String {
        match self.0 {
            Engine::Sqlite => format!("((1795132800 + {seconds}) * 1000000)"),
            Engine::Postgres => format!("to_timestamp(1795132800 + {seconds})"),
        }
    }

    fn yes(&self, condition: &str) -> String {
        match self.0 {
            Engine::Sqlite => format!("({condition})"),
            Engine::Postgres => format!("({condition})::boolean"),
        }
    }

    fn bytes(&self) -> &'static str {
        match self.0 {
            Engine::Sqlite => "zeroblob(32)",
            Engine::Postgres => "decode(repeat('00', 32), 'hex')",
        }
    }

    fn series(&self, rows: u64) -> String {
        match self.0 {
            Engine::Sqlite => format!(
                "(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {rows}) SELECT i FROM n)"
            ),
            Engine::Postgres => format!("generate_series(0::bigint, {rows} - 1) AS n(i)"),
        }
    }

    /// `INSERT` of `rows` rows made of expressions over `i`.
    fn fill(&self, table: &str, rows: u64, columns: &[(&str, String)]) -> String {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
        let (names, values) = (names.join(", "), values.join(", "));
        format!("INSERT INTO {table} ({names}) SELECT {values} FROM {};\n", self.series(rows))
    }
}

/// The rows that everything hangs on.
pub(crate) fn base_rows(d: &Dialect) -> String {
    let text = |text: &str| format!("'{text}'");
    let user = d.id("i");
    let now = d.ts("0");
    let mut sql = d.fill(
        "users",
        USERS,
        &[
            ("id", user.clone()),
            ("username", "'u' || i".into()),
            ("email", "'u' || i || '@example.org'".into()),
            ("password_hash", text("x")),
            ("role", text("trader")),
            ("active", d.yes("i % 10 <> 0")),
            ("last_login", d.ts("i")),
            ("password_changed_at", now.clone()),
            ("created_at", now.clone()),
            ("updated_at", now.clone()),
        ],
    );
    let accounts = [
        ("id", user.clone()),
        ("user_id", user),
        ("name", text("main")),
        ("venue", text("local")),
        ("mode", text("builtin")),
        ("is_default", d.yes("1=1")),
        ("created_at", now.clone()),
    ];
    sql += &d.fill("accounts", USERS, &accounts);
    let yes = d.yes("1=1");
    sql += &format!(
        "INSERT INTO currencies VALUES ('BTC', 'BTC', 8, {yes}, {now}), ('USDT', 'USDT', 8, {yes}, {now});\n"
    );
    let pairs = [
        ("id", "i + 1".to_owned()),
        ("exchange", text("local")),
        ("symbol", "'S' || i".into()),
        ("base", text("BTC")),
        ("quote", text("USDT")),
        ("price_scale", "2".into()),
        ("quantity_scale", "5".into()),
        ("tick", text("0.01")),
        ("lot", text("0.01")),
        ("notional_min", text("5")),
        ("active", yes),
        ("updated_at", now),
    ];
    let pairs: Vec<(&str, String)> = pairs
        .into_iter()
        .map(|(name, value)| {
            (name, if value.starts_with("'0") || value == "'5'" { d.amount(&value) } else { value })
        })
        .collect();
    sql += &d.fill("trading_pairs", 50, &pairs);
    sql
}

impl Dialect {
    fn amount(&self, value: &str) -> String {
        match self.0 {
            Engine::Sqlite => value.to_owned(),
            Engine::Postgres => format!("{value}::numeric"),
        }
    }
}

pub(crate) fn trading_rows(d: &Dialect, trades: u64) -> String {
    let (user, pair) = (d.id(&format!("i % {USERS}")), "i % 50 + 1".to_owned());
    let amount = |text: &str| d.amount(&format!("'{text}'"));
    let market = [
        ("user_id", user.clone()),
        ("account_id", user),
        ("trading_pair_id", pair),
        ("exchange", "'local'".to_owned()),
        ("symbol", "'S' || (i % 50)".to_owned()),
        ("side", "'buy'".to_owned()),
        ("price", amount("97000.5")),
        ("quantity", amount("0.5")),
    ];
    let mut fills = market.to_vec();
    fills.extend([
        ("id", d.id("i")),
        ("order_id", d.id("i / 4")),
        ("base", "'BTC'".to_owned()),
        ("fee", amount("0.1")),
        ("fee_currency", "'USDT'".to_owned()),
        ("pnl", amount("1.5")),
        ("venue_trade_id", "'t' || i".to_owned()),
        ("created_at", d.ts("i * 3")),
    ]);
    let mut orders: Vec<Column> = market.iter().filter(|(name, _)| *name != "price").cloned().collect();
    orders.extend([
        ("id", d.id("i")),
        ("client_order_id", "'c' || i".to_owned()),
        ("exchange_order_id", "'x' || i".to_owned()),
        ("price", d.amount("CAST(10000 + i * 7919 % 90000 + 0.5 AS TEXT)")),
        ("order_type", "'limit'".to_owned()),
        ("time_in_force", "'gtc'".to_owned()),
        ("filled_quantity", amount("0")),
        ("filled_quote", amount("0")),
        ("status", "CASE WHEN i % 20 = 0 THEN 'new' ELSE 'filled' END".to_owned()),
        ("live", d.yes("i % 20 = 0")),
        ("created_at", d.ts("i")),
        ("updated_at", d.ts("i")),
    ]);
    let mut sql = String::new();
    if d.0 == Engine::Postgres {
        let days = trades * 3 / 86_400;
        sql += &format!(
            "SELECT trades_partition({} + make_interval(days => g::int * 28)) FROM generate_series(0, {days} / 28) g;\n",
            d.ts("0")
        );
        let last = d.ts(&(trades * 3).to_string());
        sql += &format!("SELECT trades_partition({last});\n");
    }
    sql += &d.fill("trades", trades, &fills);
    sql += &d.fill("orders", trades / 10, &orders);
    sql
}

/// A column and the expression that fills it.
type Column = (&'static str, String);

/// Id, owner and age of a row.
fn owned_columns(d: &Dialect) -> [Column; 3] {
    [("id", d.id("i")), ("user_id", d.id(&format!("i % {USERS}"))), ("created_at", d.ts("i"))]
}

/// What a row is about.
fn market_columns() -> [Column; 3] {
    [
        ("exchange", "'local'".to_owned()),
        ("symbol", "'S' || (i % 50)".to_owned()),
        ("bar_interval", "'1h'".to_owned()),
    ]
}

pub(crate) fn other_rows(d: &Dialect, rows: u64) -> String {
    holdings_rows(d, rows) + &research_rows(d, rows) + &record_rows(d, rows)
}

fn holdings_rows(d: &Dialect, rows: u64) -> String {
    let user = d.id(&format!("i % {USERS}"));
    let amount = |text: &str| d.amount(&format!("'{text}'"));
    let text = |text: &str| format!("'{text}'");
    let now = d.ts("i");
    let market = market_columns();
    let with = |more: &[Column]| [&owned_columns(d)[..], more].concat();
    let mut sql = d.fill(
        "positions",
        rows,
        &[
            ("id", d.id("i")),
            ("user_id", user.clone()),
            ("account_id", user.clone()),
            ("exchange", text("local")),
            ("symbol", "'S' || (i % 50)".into()),
            ("base", text("BTC")),
            ("quantity", amount("1")),
            ("entry_price", amount("1")),
            ("realised_pnl", amount("1")),
            ("fees", amount("1")),
            ("is_open", d.yes("i % 20 = 0")),
            ("opened_at", now.clone()),
            ("updated_at", now.clone()),
        ],
    );
    sql += &d.fill(
        "balances",
        rows,
        &[
            ("account_id", user.clone()),
            ("currency", format!("'C' || (i / {USERS})")),
            ("user_id", user.clone()),
            ("free", amount("1")),
            ("locked", amount("0")),
            ("updated_at", now.clone()),
        ],
    );
    let bots = [
        ("account_id", user.clone()),
        ("name", "'b' || i".into()),
        ("strategy", text("ema")),
        ("params", text("{}")),
        ("status", "CASE WHEN i % 20 = 0 THEN 'running' ELSE 'stopped' END".into()),
        ("revision", "1".into()),
        ("updated_at", now.clone()),
    ];
    sql += &d.fill("bots", rows, &with(&[&market[..], &bots].concat()));
    sql
}

fn research_rows(d: &Dialect, rows: u64) -> String {
    let text = |text: &str| format!("'{text}'");
    let now = d.ts("i");
    let market = market_columns();
    let with = |more: &[Column]| [&owned_columns(d)[..], more].concat();
    let status = ("training_status", "CASE WHEN i % 200 = 0 THEN 'training' ELSE 'done' END".to_owned());
    let models = [
        ("name", "'m' || i".into()),
        ("algorithm_type", "CASE WHEN i % 400 < 200 THEN 'arima' ELSE 'lstm' END".into()),
        ("symbol", text("S1")),
        ("bar_interval", text("1h")),
        ("params", text("{}")),
        status,
        ("version", "1".into()),
        ("metrics", text("{}")),
        ("active", d.yes("1=1")),
        ("updated_at", now.clone()),
    ];
    let mut sql = d.fill("models", rows, &with(&models));
    sql += &d.fill(
        "predictions",
        rows,
        &with(&[
            ("model_id", d.id("i % 100")),
            ("symbol", "'S' || (i % 7)".into()),
            ("timestamp", now.clone()),
            ("target_at", now.clone()),
            ("value", "1.5".into()),
            ("naive", "1.5".into()),
        ]),
    );
    let tests = [
        ("model_id", d.id("i % 100")),
        ("strategy", text("ema")),
        ("params", text("{}")),
        ("status", text("done")),
        ("starts_at", now.clone()),
        ("ends_at", now.clone()),
        ("metrics", text("{}")),
    ];
    sql += &d.fill("backtests", rows, &with(&[&market[..], &tests].concat()));
    sql
}

fn record_rows(d: &Dialect, rows: u64) -> String {
    let user = d.id(&format!("i % {USERS}"));
    let text = |text: &str| format!("'{text}'");
    let now = d.ts("i");
    let with = |more: &[Column]| [&owned_columns(d)[..], more].concat();
    let audit = [
        ("seq", "i + 1".to_owned()),
        ("timestamp", now.clone()),
        ("user_id", user),
        ("actor", text("a")),
        ("action", "'a' || (i % 100)".into()),
        ("object", text("o")),
        ("detail", text("{}")),
        ("ip", text("")),
        ("request_id", text("")),
        ("previous", d.bytes().into()),
        ("hash", d.bytes().into()),
    ];
    let sql = d.fill("audit_log", rows, &audit);
    let jobs = [
        ("kind", text("k")),
        ("payload", text("{}")),
        (
            "status",
            "CASE WHEN i % 200 = 0 THEN 'queued' WHEN i % 200 = 1 THEN 'running' ELSE 'done' END".into(),
        ),
        ("priority", "i % 3".into()),
        ("progress", "0".into()),
        ("progress_note", text("")),
        ("attempts", "0".into()),
        ("attempts_max", "1".into()),
        ("run_after", now.clone()),
        ("lease_until", now),
        ("cancel_requested", d.yes("1=0")),
    ];
    sql + &d.fill("jobs", rows, &with(&jobs))
}

/// Of users, bots, the audit log and the queue.
fn questions_of_people(d: &Dialect, who: u64) -> Vec<(&'static str, String)> {
    let (market, kind) = (who % 50, who % 100);
    let user = d.id(&who.to_string());
    let to = d.ts("90000");
    vec![
        (
            "idx_users_email_active",
            format!("SELECT id FROM users WHERE email = 'u{who}@example.org' AND active"),
        ),
        ("idx_users_last_login", "SELECT username FROM users ORDER BY last_login DESC LIMIT 10".into()),
        (
            "idx_trading_bots_user_status",
            format!("SELECT name FROM bots WHERE user_id = {user} AND status = 'running'"),
        ),
        (
            "idx_trading_bots_symbol_status",
            format!("SELECT name FROM bots WHERE symbol = 'S{market}' AND status = 'running'"),
        ),
        (
            "idx_audit_user",
            format!(
                "SELECT action FROM audit_log WHERE user_id = {user} AND timestamp < {to} ORDER BY timestamp DESC LIMIT 10"
            ),
        ),
        (
            "idx_audit_action",
            format!(
                "SELECT actor FROM audit_log WHERE action = 'a{kind}' AND timestamp < {to} ORDER BY timestamp DESC LIMIT 10"
            ),
        ),
        (
            "idx_jobs_ready",
            "SELECT id, user_id FROM jobs WHERE status = 'queued' ORDER BY priority DESC, run_after LIMIT 50"
                .into(),
        ),
        (
            "idx_jobs_user",
            format!(
                "SELECT kind FROM jobs WHERE user_id = {user} AND created_at < {to} ORDER BY created_at DESC LIMIT 10"
            ),
        ),
    ]
}

/// Of orders, fills, positions and balances.
fn questions_of_trading(d: &Dialect, who: u64) -> Vec<(&'static str, String)> {
    let (market, pair, kind) = (who % 50, who % 50 + 1, who % 100);
    let user = d.id(&who.to_string());
    let id = d.id(&(who * 11).to_string());
    let price = d.amount("'50000.5'");
    let from = d.ts("3000");
    let to = d.ts("90000");
    vec![
        (
            "idx_orders_user_status",
            format!(
                "SELECT id, price FROM orders WHERE user_id = {user} AND status = 'new' ORDER BY created_at DESC LIMIT 20"
            ),
        ),
        (
            "idx_orders_user_time",
            format!(
                "SELECT id, price FROM orders WHERE user_id = {user} AND (created_at, id) < ({to}, {id}) ORDER BY created_at DESC, id DESC LIMIT 20"
            ),
        ),
        (
            "idx_orders_active",
            format!(
                "SELECT id, price FROM orders WHERE trading_pair_id = {pair} AND live AND (price, id) > ({price}, {id}) ORDER BY price, id LIMIT 100"
            ),
        ),
        (
            "idx_orders_exchange_id",
            format!(
                "SELECT id, price FROM orders WHERE exchange_order_id = 'x{}' AND exchange = 'local'",
                who * 11
            ),
        ),
        (
            "idx_trades_user_performance",
            format!(
                "SELECT id, symbol, base, side, price, quantity, pnl, created_at FROM trades WHERE user_id = {user} AND created_at >= {from} AND created_at < {to} ORDER BY created_at DESC LIMIT 100"
            ),
        ),
        (
            "idx_trades_composite",
            format!(
                "SELECT price FROM trades WHERE exchange = 'local' AND symbol = 'S{market}' AND created_at < {to} ORDER BY created_at DESC LIMIT 50"
            ),
        ),
        (
            "idx_trades_pair_time",
            format!(
                "SELECT price FROM trades WHERE trading_pair_id = {pair} AND created_at >= {from} AND created_at < {to} ORDER BY created_at LIMIT 50"
            ),
        ),
        ("idx_trades_order", format!("SELECT price FROM trades WHERE order_id = {id}")),
        (
            "idx_positions_active",
            format!(
                "SELECT quantity FROM positions WHERE user_id = {user} AND is_open ORDER BY symbol, base"
            ),
        ),
        (
            "idx_positions_user_time",
            format!(
                "SELECT quantity FROM positions WHERE user_id = {user} AND opened_at < {to} ORDER BY opened_at DESC LIMIT 10"
            ),
        ),
        (
            "idx_balances_user_currency",
            format!("SELECT free FROM balances WHERE user_id = {user} AND currency = 'C{kind}'"),
        ),
    ]
}

/// Of models, forecasts and back-tests.
fn questions_of_research(d: &Dialect, who: u64) -> Vec<(&'static str, String)> {
    let user = d.id(&who.to_string());
    let to = d.ts("90000");
    vec![
        (
            "idx_ml_models_user_algorithm",
            format!("SELECT name FROM models WHERE user_id = {user} AND algorithm_type = 'arima'"),
        ),
        (
            "idx_ml_models_training_status",
            "SELECT name FROM models WHERE training_status = 'training'".into(),
        ),
        (
            "idx_predictions_model_symbol",
            format!(
                "SELECT value FROM predictions WHERE model_id = {user} AND symbol = 'S3' AND timestamp < {to} ORDER BY timestamp DESC LIMIT 10"
            ),
        ),
        (
            "idx_predictions_unscored",
            format!(
                "SELECT id FROM predictions WHERE actual IS NULL AND target_at >= {} AND target_at < {} ORDER BY target_at LIMIT 10",
                d.ts("100"),
                d.ts("300")
            ),
        ),
        (
            "idx_predictions_created",
            format!(
                "SELECT id FROM predictions WHERE created_at < {} ORDER BY created_at LIMIT 100",
                d.ts("300")
            ),
        ),
        (
            "idx_backtests_model",
            format!("SELECT status FROM backtests WHERE model_id = {user} ORDER BY created_at DESC LIMIT 10"),
        ),
        (
            "idx_backtests_user",
            format!(
                "SELECT status FROM backtests WHERE user_id = {user} AND created_at < {to} ORDER BY created_at DESC LIMIT 10"
            ),
        ),
    ]
}

/// The questions, as the tables' modules ask them, of user `who` (below [`USERS`]): index, text.
pub(crate) fn questions(d: &Dialect, who: u64) -> Vec<(&'static str, String)> {
    [questions_of_people(d, who), questions_of_trading(d, who), questions_of_research(d, who)].concat()
}

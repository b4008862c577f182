//! Each index serves the question it was made for: the plan uses it, reads no table from end to end and sorts nothing
//! that the index has in order. On a million fills (`TRADEWIND_STORE_TRADES` says another number), where a plan without it
//! would hurt.

mod rows;

use store::{Engine, INDEXES};

use crate::engines::{Fresh, on_both};
use rows::{Dialect, base_rows, other_rows, questions, trading_rows};

on_both!(every_index_serves_its_question);

/// Of the table that is large; they are built after it is filled, which is far quicker and what a migration does.
const LATE: &[&str] =
    &["idx_trades_user_performance", "idx_trades_composite", "idx_trades_pair_time", "idx_trades_order"];

fn trades_wanted() -> u64 {
    std::env::var("TRADEWIND_STORE_TRADES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000)
}

async fn every_index_serves_its_question(mut fresh: Fresh) -> Fresh {
    let d = Dialect(fresh.store.engine());
    for index in LATE {
        assert!(INDEXES.iter().any(|known| known.name == *index && known.table == "trades"));
        fresh.sql(&format!("DROP INDEX {index}"));
    }
    let rows = base_rows(&d) + &trading_rows(&d, trades_wanted()) + &other_rows(&d, 20_000);
    fresh.sql_file(&format!("BEGIN;\n{rows}COMMIT;\n"));
    // Opening builds what is missing.
    fresh.reopen().await;
    match d.0 {
        Engine::Sqlite => fresh.sql("ANALYZE"),
        Engine::Postgres => fresh.sql("VACUUM (ANALYZE)"),
    };
    let mut faults = Vec::new();
    for (index, question) in questions(&d, 7) {
        let explain = match d.0 {
            Engine::Sqlite => "EXPLAIN QUERY PLAN",
            Engine::Postgres => "EXPLAIN (COSTS OFF)",
        };
        let plan = fresh.sql(&format!("{explain} {question}"));
        if let Some(why) = fault(&fresh, d.0, index, &plan) {
            faults.push(format!("{index}: {why}\n{question}\n{plan}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    let only = match d.0 {
        Engine::Sqlite => "USING COVERING INDEX idx_trades_user_performance",
        Engine::Postgres => "Index Only Scan",
    };
    let performance =
        questions(&d, 7).into_iter().find(|(index, _)| *index == "idx_trades_user_performance").unwrap().1;
    let explain = if d.0 == Engine::Sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN (COSTS OFF)" };
    assert!(
        fresh.sql(&format!("{explain} {performance}")).contains(only),
        "performance is read from the index alone"
    );
    fresh
}

/// What is wrong with a plan.
fn fault(fresh: &Fresh, engine: Engine, index: &str, plan: &str) -> Option<String> {
    assert!(INDEXES.iter().any(|known| known.name == index), "{index} is not declared");
    match engine {
        Engine::Sqlite => {
            let used = plan.lines().any(|line| line.split_whitespace().any(|word| word == index));
            let whole = plan.lines().any(|line| line.contains("SCAN") && !line.contains("INDEX"));
            let sorted = plan.contains("USE TEMP B-TREE FOR ORDER BY");
            (!used || whole || sorted).then(|| format!("used {used}, whole table {whole}, sorted {sorted}"))
        }
        Engine::Postgres => {
            let names = plan.lines().filter_map(|line| {
                line.split("Index Scan using ").nth(1).or_else(|| {
                    line.split("Index Only Scan using ")
                        .nth(1)
                        .or_else(|| line.split("Bitmap Index Scan on ").nth(1))
                        .or_else(|| line.split("Index Scan Backward using ").nth(1))
                })
            });
            let used: Vec<String> = names
                .map(|rest| rest.split_whitespace().next().unwrap_or_default())
                .map(|name| parent(fresh, name))
                .collect();
            let (whole, other) = (plan.contains("Seq Scan"), used.iter().any(|name| name != index));
            let sorted =
                plan.lines().any(|line| line.trim_start_matches([' ', '-', '>']).starts_with("Sort"));
            let wrong = used.is_empty() || whole || other || sorted && !plan.contains("Bitmap");
            wrong.then(|| format!("used {used:?}, whole table {whole}, sorted {sorted}"))
        }
    }
}

/// The index of the partitioned table that a partition's index belongs to.
fn parent(fresh: &Fresh, name: &str) -> String {
    let text = format!("SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = '{name}'::regclass");
    let parent = fresh.sql(&text);
    if parent.is_empty() { name.to_owned() } else { parent }
}

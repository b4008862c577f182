//! `run.json`: what was run and the sums of what it gave.

use serde_json::{Value, json};
use types::{Money, Time, decimal};

use super::spec_json;
use crate::equity::Fall;
use crate::{EquityCurve, EquityPoint, OrderCounts, Outcome, RunSpec};

/// Version of the form.
const FORM: u64 = 1;

pub(super) fn put(outcome: &Outcome, now: Time) -> Value {
    let scale = outcome.run.money_scale;
    let money = |m: Money| decimal::format_short(m.0, scale);
    let counts = &outcome.orders;
    let fall = outcome.equity.largest_fall().map(|fall| {
        json!({
            "peak": money(fall.peak), "peak_at_ns": fall.peak_at.0,
            "trough": money(fall.trough), "trough_at_ns": fall.trough_at.0,
            "recovered_at_ns": fall.recovered_at.map(|t| t.0),
        })
    });
    let denied: serde_json::Map<String, Value> =
        counts.denied.iter().map(|(code, n)| (code.clone(), json!(n))).collect();
    json!({
        "v": FORM,
        "at_ns": now.0,
        "spec": spec_json::put(&outcome.run),
        "equity": {
            "start": money(outcome.equity.start()),
            "final": money(outcome.final_equity()),
            "bars": outcome.equity.bars(),
            "bars_per_point": outcome.equity.every(),
            "bars_exposed": outcome.equity.exposed(),
            "largest_fall": fall,
        },
        "orders": {
            "sent": counts.sent, "filled": counts.filled, "canceled": counts.canceled, "expired": counts.expired,
            "rejected": counts.rejected, "never_arrived": counts.never_arrived, "open": counts.open,
            "cancels": counts.cancels, "denied": denied,
        },
        "fills": outcome.fills.len(),
        "trades": outcome.trades.len(),
        "fees": money(outcome.fees),
        "funding": money(outcome.funding),
        "turnover": money(outcome.turnover),
        "slippage": money(outcome.slippage),
        "reasons": outcome.reasons,
        "warnings": outcome.warnings,
        "cpu_seconds": outcome.cpu_seconds,
        "digest": format!("{:016x}", outcome.digest),
    })
}

/// Everything but the tables.
pub(super) fn get(json: &Value) -> Option<Outcome> {
    if json["v"].as_u64() != Some(FORM) {
        return None;
    }
    let run = spec_json::get(&json["spec"])?;
    let money = |name: &str| decimal::parse(json[name].as_str()?, run.money_scale).ok().map(Money);
    let texts = |name: &str| {
        let list = json[name].as_array()?;
        list.iter().map(|v| Some(v.as_str()?.to_owned())).collect::<Option<Vec<_>>>()
    };
    let orders = &json["orders"];
    let count = |name: &str| orders[name].as_u64();
    let denied = orders["denied"].as_object()?.iter().map(|(code, n)| Some((code.clone(), n.as_u64()?)));
    Some(Outcome {
        equity: EquityCurve::default(),
        fills: Vec::new(),
        trades: Vec::new(),
        orders: OrderCounts {
            sent: count("sent")?,
            filled: count("filled")?,
            canceled: count("canceled")?,
            expired: count("expired")?,
            rejected: count("rejected")?,
            never_arrived: count("never_arrived")?,
            open: count("open")?,
            cancels: count("cancels")?,
            denied: denied.collect::<Option<_>>()?,
        },
        fees: money("fees")?,
        funding: money("funding")?,
        turnover: money("turnover")?,
        slippage: money("slippage")?,
        reasons: texts("reasons")?,
        warnings: texts("warnings")?,
        cpu_seconds: json["cpu_seconds"].as_f64()?,
        digest: u64::from_str_radix(json["digest"].as_str()?, 16).ok()?,
        run,
    })
}

/// The curve from its points and its sums.
pub(super) fn curve(json: &Value, run: &RunSpec, points: &[EquityPoint]) -> Option<EquityCurve> {
    let equity = &json["equity"];
    let money = |value: &Value| decimal::parse(value.as_str()?, run.money_scale).ok().map(Money);
    let largest = match &equity["largest_fall"] {
        Value::Null => None,
        fall => Some(Fall {
            peak: money(&fall["peak"])?,
            peak_at: Time(fall["peak_at_ns"].as_i64()?),
            trough: money(&fall["trough"])?,
            trough_at: Time(fall["trough_at_ns"].as_i64()?),
            recovered_at: fall["recovered_at_ns"].as_i64().map(Time),
        }),
    };
    let start = money(&equity["start"])?;
    let (every, bars) = (equity["bars_per_point"].as_u64()?, equity["bars"].as_u64()?);
    EquityCurve::of_points(start, points, every, bars, equity["bars_exposed"].as_u64()?, largest)
}

//! What was run, as JSON.

use orders::{Bracket, Level, Native};
use serde_json::{Value, json};
use types::{FeeRate, Interval, Money, Price, Qty, Time, decimal};
use venue_sim::{Config, Faults, Fees, Latency, PricePath, Queue, Slippage, Touch, Travelled};

use crate::{RunSpec, Traded};

pub(super) fn put(run: &RunSpec) -> Value {
    let params: serde_json::Map<String, Value> =
        run.params.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
    json!({
        "name": run.name,
        "strategy": run.strategy,
        "params": params,
        "model": run.model,
        "traded": run.traded.iter().map(put_traded).collect::<Vec<_>>(),
        "interval": run.interval.as_str(),
        "from_ns": run.from.map(|t| t.0),
        "to_ns": run.to.map(|t| t.0),
        "cash": decimal::format_short(run.cash.0, run.money_scale),
        "quote": run.quote,
        "money_scale": run.money_scale,
        "bracket": run.bracket.as_ref().map(put_bracket),
        "venue": put_venue(&run.venue),
        "feed_ns": run.feed_ns,
        "funding_e8": run.funding,
        "code": run.code,
    })
}

pub(super) fn get(json: &Value) -> Option<RunSpec> {
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let money_scale = u8::try_from(json["money_scale"].as_u64()?).ok()?;
    let params = json["params"].as_object()?.iter().map(|(n, v)| Some((n.clone(), v.as_str()?.to_owned())));
    Some(RunSpec {
        name: text("name")?,
        strategy: text("strategy")?,
        params: params.collect::<Option<_>>()?,
        model: text("model"),
        traded: json["traded"].as_array()?.iter().map(get_traded).collect::<Option<_>>()?,
        interval: Interval::parse(json["interval"].as_str()?)?,
        from: json["from_ns"].as_i64().map(Time),
        to: json["to_ns"].as_i64().map(Time),
        cash: Money(decimal::parse(json["cash"].as_str()?, money_scale).ok()?),
        quote: text("quote")?,
        money_scale,
        bracket: get_bracket(&json["bracket"])?,
        venue: get_venue(&json["venue"])?,
        feed_ns: json["feed_ns"].as_i64()?,
        funding: json["funding_e8"].as_i64()?,
        code: text("code")?,
    })
}

fn put_traded(traded: &Traded) -> Value {
    json!({
        "instrument": traded.instrument,
        "perpetual": traded.perpetual,
        "price_scale": traded.price_scale,
        "qty_scale": traded.qty_scale,
        "tick": decimal::format_short(i128::from(traded.tick.0), traded.price_scale),
        "lot": decimal::format_short(i128::from(traded.lot.0), traded.qty_scale),
        "source": traded.source,
    })
}

fn get_traded(json: &Value) -> Option<Traded> {
    let scale = |name: &str| json[name].as_u64().and_then(|s| u8::try_from(s).ok());
    let (price_scale, qty_scale) = (scale("price_scale")?, scale("qty_scale")?);
    Some(Traded {
        instrument: json["instrument"].as_str()?.to_owned(),
        perpetual: json["perpetual"].as_bool()?,
        price_scale,
        qty_scale,
        tick: Price(decimal::parse_unsigned(json["tick"].as_str()?, price_scale).ok()?),
        lot: Qty(decimal::parse_unsigned(json["lot"].as_str()?, qty_scale).ok()?),
        source: json["source"].as_str()?.to_owned(),
    })
}

fn put_venue(venue: &Config) -> Value {
    let (fees, touch) = (&venue.fees, matches!(venue.touch, Touch::At));
    json!({
        "maker_e8": fees.maker.0,
        "taker_e8": fees.taker.0,
        "rebate_e8": fees.rebate.0,
        "fee_in_received": fees.in_received,
        "path": venue.path.as_str(),
        "fill_on_touch": touch,
        "queue_power": match venue.queue {
            Queue::Conservative => Value::Null,
            Queue::Probability { power } => json!(power),
        },
        "faults": put_faults(&venue.faults),
        "slippage": put_slippage(venue.slippage),
        "participation_bips": venue.participation_bips,
        "latency": put_latency(&venue.latency),
        "liquidation_e8": venue.liquidation_fee.0,
        "native": { "stop": venue.native.stop, "trailing": venue.native.trailing, "oco": venue.native.oco },
        "seed": venue.seed.to_string(),
    })
}

fn get_venue(json: &Value) -> Option<Config> {
    let rate = |name: &str| json[name].as_u64().and_then(|r| u32::try_from(r).ok()).map(FeeRate);
    Some(Config {
        fees: Fees {
            maker: rate("maker_e8")?,
            taker: rate("taker_e8")?,
            rebate: rate("rebate_e8")?,
            in_received: json["fee_in_received"].as_bool()?,
        },
        path: PricePath::parse(json["path"].as_str()?)?,
        touch: if json["fill_on_touch"].as_bool()? { Touch::At } else { Touch::Through },
        queue: match &json["queue_power"] {
            Value::Null => Queue::Conservative,
            power => Queue::Probability { power: u8::try_from(power.as_u64()?).ok()? },
        },
        faults: get_faults(&json["faults"])?,
        slippage: get_slippage(&json["slippage"])?,
        participation_bips: json["participation_bips"].as_u64().and_then(|b| u32::try_from(b).ok()),
        latency: get_latency(&json["latency"])?,
        liquidation_fee: rate("liquidation_e8")?,
        native: get_native(&json["native"])?,
        seed: json["seed"].as_str()?.parse().ok()?,
    })
}

/// What a venue keeps itself; everything in what was written before this was said.
fn get_native(json: &Value) -> Option<Native> {
    if json.is_null() {
        return Some(Native::ALL);
    }
    let has = |name: &str| json[name].as_bool();
    Some(Native { stop: has("stop")?, trailing: has("trailing")?, oco: has("oco")? })
}

/// A bracket of distances: a run's own is one.
fn put_bracket(bracket: &Bracket) -> Value {
    let bps = |level: Option<Level>| match level {
        Some(Level::Off(bips)) => Some(bips.0),
        _ => None,
    };
    json!({
        "stop_loss_bps": bps(bracket.stop()),
        "take_profit_bps": bps(bracket.target()),
        "trailing_bps": bracket.trailing().map(|bips| bips.0),
    })
}

fn get_bracket(json: &Value) -> Option<Option<Bracket>> {
    if json.is_null() {
        return Some(None);
    }
    let bps = |name: &str| json[name].as_u64().and_then(|b| u32::try_from(b).ok());
    Bracket::of_bips(bps("stop_loss_bps"), bps("take_profit_bps"), bps("trailing_bps")).ok()
}

fn put_faults(faults: &Faults) -> Value {
    json!({
        "rejected": faults.rejected, "never_arrive": faults.never_arrive, "timed_out": faults.timed_out,
        "lost": faults.lost, "repeated": faults.repeated, "outage_every_ns": faults.outage_every_ns,
        "outage_ns": faults.outage_ns,
    })
}

fn get_faults(json: &Value) -> Option<Faults> {
    let often = |name: &str| u32::try_from(json[name].as_u64()?).ok();
    Some(Faults {
        rejected: often("rejected")?,
        never_arrive: often("never_arrive")?,
        timed_out: often("timed_out")?,
        lost: often("lost")?,
        repeated: often("repeated")?,
        outage_every_ns: json["outage_every_ns"].as_i64()?,
        outage_ns: json["outage_ns"].as_i64()?,
    })
}

fn put_slippage(slippage: Slippage) -> Value {
    let (of, rate) = match slippage {
        Slippage::None => ("none", 0),
        Slippage::Rate(rate) => ("price", rate),
        Slippage::Range(rate) => ("range", rate),
        Slippage::Volume(rate) => ("volume", rate),
    };
    json!({ "of": of, "rate_e8": rate })
}

fn get_slippage(json: &Value) -> Option<Slippage> {
    let rate = u32::try_from(json["rate_e8"].as_u64()?).ok()?;
    match json["of"].as_str()? {
        "none" => Some(Slippage::None),
        "price" => Some(Slippage::Rate(rate)),
        "range" => Some(Slippage::Range(rate)),
        "volume" => Some(Slippage::Volume(rate)),
        _ => None,
    }
}

fn put_latency(latency: &Latency) -> Value {
    match latency {
        Latency::None => json!({ "kind": "none" }),
        Latency::Constant { order_ns, report_ns } => {
            json!({ "kind": "constant", "order_ns": order_ns, "report_ns": report_ns })
        }
        Latency::Drawn { least_ns, mean_ns } => {
            json!({ "kind": "drawn", "least_ns": least_ns, "mean_ns": mean_ns })
        }
        Latency::Recorded { source, measured } => {
            let rows: Vec<_> = measured.iter().map(|m| json!([m.at.0, m.order_ns, m.report_ns])).collect();
            json!({ "kind": "recorded", "source": source, "measured": rows })
        }
    }
}

fn get_latency(json: &Value) -> Option<Latency> {
    let ns = |name: &str| json[name].as_i64();
    match json["kind"].as_str()? {
        "none" => Some(Latency::None),
        "constant" => Some(Latency::Constant { order_ns: ns("order_ns")?, report_ns: ns("report_ns")? }),
        "drawn" => Some(Latency::Drawn { least_ns: ns("least_ns")?, mean_ns: ns("mean_ns")? }),
        "recorded" => {
            let row = |row: &Value| {
                Some(Travelled {
                    at: Time(row[0].as_i64()?),
                    order_ns: row[1].as_i64()?,
                    report_ns: row[2].as_i64()?,
                })
            };
            let measured = json["measured"].as_array()?.iter().map(row).collect::<Option<_>>()?;
            Some(Latency::Recorded { source: json["source"].as_str()?.to_owned(), measured })
        }
        _ => None,
    }
}

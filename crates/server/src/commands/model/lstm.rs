//! `model fit --algorithm lstm`: the next step's return from the steps before, trained as torch trains it; `--init` takes the
//! first weights from a file in torch's layout, so that both can be laid side by side.
//!
//! With the columns open, high, low, close, volume a step has four features (log return, ln(high/low), ln(close/open), change
//! of ln(1 + volume)); otherwise the log return of the column alone. Everything is scaled by the rows that training may see.

use std::path::Path;

use forecast::lstm::{
    Flow, LayerWeights, Loss, LstmError, Network, Options, Samples, Shape, Weights, continue_training,
    gradient,
};
use serde_json::{Map, Value, json};

use super::csv::Table;
use super::fit::{timed, value_column};
use crate::cli::model;
use crate::failure::{Exit, Failure};

/// Windows that train when nobody says how many: all but the last 12 %, at most so many.
const TRAINED_MAX: usize = 5_000;
/// First predictions and gradients shown, as many as the reference values have.
const SHOWN: usize = 64;
const SAMPLED: usize = 8;

pub(super) fn run(options: &model::Fit, table: &Table) -> Result<Value, Failure> {
    if options.log || options.scale.is_some() {
        return Err(Failure::new(Exit::Usage, "--log and --scale do not go with an LSTM")
            .because("it models log returns, scaled by its own training part"));
    }
    let asked = &options.lstm;
    let (raw, width, level) = features(options, table)?;
    let window = asked.window.unwrap_or(60);
    let windows = (raw.len() / width).saturating_sub(window);
    let trained = asked.train.unwrap_or_else(|| (windows * 88 / 100).min(TRAINED_MAX));
    if trained == 0 || windows <= trained {
        return Err(Failure::new(Exit::Failed, format!("{} has too few rows", table.name()))
            .because(format!("{windows} windows of {window} steps can be made, {trained} are to train, and some must be left to test"))
            .advise("give more rows, a shorter --window, or a smaller --train"));
    }
    let (scaled, means, deviations) = scale(&raw, width, trained + window - 1);
    let part = |range: std::ops::Range<usize>| {
        let targets = range.clone().map(|w| scaled[(w + window) * width]).collect();
        Samples::new(scaled.clone(), width, window, range.collect(), targets).map_err(|e| refused(&e))
    };
    let (samples, later) = (part(0..trained)?, part(trained..windows)?);
    let (network, settings) = start(options, width, window)?;
    let mut answer = before(&network, &samples, &settings)?;
    let (cpu_s, result) =
        timed(|| continue_training(network, &samples, None, &settings, &mut |_| Flow::Continue));
    let result = result.map_err(|e| refused(&e))?;
    after(&mut answer, &result.network, &later);
    let rows = scaled.len() / width;
    let newest = &scaled[(rows - window) * width..];
    let next = result.network.predict(&[newest], window).map_err(|e| refused(&e))?[0][0];
    let change = f64::from(next) * deviations[0] + means[0];
    let spread = answer["test_mse"].as_f64().unwrap_or(1.0).sqrt() * deviations[0];
    let mean = level * change.exp();
    answer.extend(object(json!({
        "v": 1,
        "algorithm": "lstm",
        "hidden": settings.hidden,
        "layers": settings.layers,
        "window": window,
        "batch": settings.batch,
        "n_train": trained,
        "n_windows": windows,
        "mu": means,
        "sd": deviations,
        "epoch_loss": result.losses,
        // One step is what this network is trained for; `se` is from the test part's error.
        "forecast": [{ "mean": mean, "se": mean * spread, "log_return": change }],
        "cpu_s": cpu_s,
        "train_cpu_s": cpu_s,
    })));
    Ok(Value::Object(answer))
}

fn refused(error: &LstmError) -> Failure {
    let exit = if matches!(error, LstmError::Option { .. }) { Exit::Usage } else { Exit::Failed };
    Failure::new(exit, "the network cannot be trained").because(error)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Rows of features, their width, and the last value of the column.
fn features(options: &model::Fit, table: &Table) -> Result<(Vec<f64>, usize, f64), Failure> {
    let column = value_column(options, table)?;
    let close = positive(table, column)?;
    let Some(level) = close.last().copied() else {
        return Err(Failure::new(Exit::Failed, format!("{} has no rows", table.name())));
    };
    let others = ["open", "high", "low", "volume"].map(|name| table.find(name));
    let [Some(open), Some(high), Some(low), Some(volume)] = others else {
        return Ok((close.windows(2).map(|w| (w[1] / w[0]).ln()).collect(), 1, level));
    };
    let (open, high, low) = (positive(table, open)?, positive(table, high)?, positive(table, low)?);
    let volume = table.numbers(volume)?;
    if let Some(row) = volume.iter().position(|v| !(*v >= 0.0 && v.is_finite())) {
        return Err(bad(table, row, "the volume", volume[row]));
    }
    let rows = (1..close.len()).flat_map(|t| {
        [
            (close[t] / close[t - 1]).ln(),
            (high[t] / low[t]).ln(),
            (close[t] / open[t]).ln(),
            volume[t].ln_1p() - volume[t - 1].ln_1p(),
        ]
    });
    Ok((rows.collect(), 4, level))
}

fn positive(table: &Table, column: usize) -> Result<Vec<f64>, Failure> {
    let values = table.numbers(column)?;
    match values.iter().position(|v| !(*v > 0.0 && v.is_finite())) {
        Some(row) => Err(bad(table, row, &table.names[column], values[row])),
        None => Ok(values),
    }
}

fn bad(table: &Table, row: usize, what: &str, value: f64) -> Failure {
    let value = if value.is_nan() { "missing".to_owned() } else { value.to_string() };
    Failure::new(Exit::Failed, format!("{}, line {}: {what} is {value}", table.name(), table.line(row)))
        .because("returns need prices above zero in every row")
        .advise("fill or remove the row")
}

/// Standardised by the first `seen` rows.
#[expect(clippy::cast_possible_truncation, reason = "the network works in float32")]
fn scale(raw: &[f64], width: usize, seen: usize) -> (Vec<f32>, Vec<f64>, Vec<f64>) {
    let rows = || raw.chunks_exact(width).take(seen);
    let n = rows().count().max(1) as f64;
    let means: Vec<f64> = (0..width).map(|k| rows().map(|r| r[k]).sum::<f64>() / n).collect();
    let deviation = |k: usize| (rows().map(|r| (r[k] - means[k]).powi(2)).sum::<f64>() / n).sqrt().max(1e-12);
    let deviations: Vec<f64> = (0..width).map(deviation).collect();
    let one = |(k, v): (usize, &f64)| ((v - means[k]) / deviations[k]) as f32;
    let scaled = raw.chunks_exact(width).flat_map(|r| r.iter().enumerate().map(one)).collect();
    (scaled, means, deviations)
}

/// The first weights and how they are trained.
fn start(options: &model::Fit, inputs: usize, window: usize) -> Result<(Network, Options), Failure> {
    let asked = &options.lstm;
    let seed = options.prophet.seed.unwrap_or(1);
    let given = asked.init.as_deref().map(|path| weights(path, inputs)).transpose()?;
    let layers = given.as_ref().map_or(asked.layers.unwrap_or(1), |w| w.layers.len());
    let hidden = given.as_ref().map_or(asked.hidden.unwrap_or(32), |w| w.layers[0].bias_ih.len() / 4);
    let settings = Options {
        hidden,
        layers,
        window,
        epochs: asked.epochs.unwrap_or(20),
        batch: asked.batch.unwrap_or(32),
        rate: asked.rate.unwrap_or(1e-3),
        clip: asked.clip,
        patience: None,
        shuffle: asked.shuffle,
        seed,
        loss: Loss::Squared,
    };
    settings.check().map_err(|e| refused(&e))?;
    let shape = Shape { inputs, hidden, layers, outputs: 1 };
    let network = match given {
        Some(weights) => Network::from_weights(shape, &weights),
        None => Network::random(shape, seed),
    };
    Ok((network.map_err(|e| refused(&e))?, settings))
}

/// Reads weights: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`, `lin_w`, `lin_b`, or torch's own names.
fn weights(path: &Path, inputs: usize) -> Result<Weights, Failure> {
    let name = path.display().to_string();
    let failed = |why: String| {
        Failure::new(Exit::Failed, format!("{name} holds no weights for {inputs} features"))
            .because(why)
            .advise("give JSON with weight_ih, weight_hh, bias_ih, bias_hh (with _l1 for a second layer), lin_w, lin_b")
    };
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    let json: Value = serde_json::from_str(&text).map_err(|e| failed(e.to_string()))?;
    let find = |names: &[String]| {
        names.iter().find_map(|n| json.get(n)).map(|value| {
            let mut out = Vec::new();
            flatten(value, &mut out);
            out
        })
    };
    let of_layer = |layer: usize, part: &str| {
        let mut names =
            vec![format!("{part}_l{layer}"), format!("l.{part}_l{layer}"), format!("lstm.{part}_l{layer}")];
        if layer == 0 {
            names.push(part.to_owned());
        }
        find(&names)
    };
    let mut layers = Vec::new();
    while let Some(weight_ih) = of_layer(layers.len(), "weight_ih") {
        let layer = layers.len();
        let part = |part: &str| {
            of_layer(layer, part).ok_or_else(|| failed(format!("{part} of layer {layer} is missing")))
        };
        let (weight_hh, bias_ih, bias_hh) = (part("weight_hh")?, part("bias_ih")?, part("bias_hh")?);
        layers.push(LayerWeights { weight_ih, weight_hh, bias_ih, bias_hh });
    }
    if layers.is_empty() || layers[0].bias_ih.len() < 4 {
        return Err(failed("weight_ih is missing".to_owned()));
    }
    let head = find(&["lin_w", "o.weight", "linear.weight", "fc.weight"].map(str::to_owned));
    let head_bias = find(&["lin_b", "o.bias", "linear.bias", "fc.bias"].map(str::to_owned));
    let (Some(head), Some(head_bias)) = (head, head_bias) else {
        return Err(failed("lin_w or lin_b is missing".into()));
    };
    Ok(Weights { layers, head, head_bias })
}

/// Numbers of nested lists in their order; anything else becomes NaN, which the network refuses with its place.
#[expect(clippy::cast_possible_truncation, reason = "the network works in float32")]
fn flatten(value: &Value, out: &mut Vec<f32>) {
    match value {
        Value::Array(list) => list.iter().for_each(|v| flatten(v, out)),
        other => out.push(other.as_f64().unwrap_or(f64::NAN) as f32),
    }
}

/// What the network says and learns before its first step.
fn before(network: &Network, samples: &Samples, settings: &Options) -> Result<Map<String, Value>, Failure> {
    let first: Vec<f32> = network.predict_samples(samples, 0..SHOWN).iter().map(|o| o[0]).collect();
    let (loss, slope) = gradient(network, samples, settings.batch, settings).map_err(|e| refused(&e))?;
    let (mut norms, mut sample) = (Map::new(), Map::new());
    let mut note = |name: String, list: &[f32]| {
        let norm = list.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        norms.insert(name.clone(), json!(norm));
        sample.insert(name, json!(list[..list.len().min(SAMPLED)]));
    };
    for (n, layer) in slope.layers.iter().enumerate() {
        note(format!("l.weight_ih_l{n}"), &layer.weight_ih);
        note(format!("l.weight_hh_l{n}"), &layer.weight_hh);
        // torch keeps two biases, which have the same gradient.
        note(format!("l.bias_ih_l{n}"), &layer.bias_ih);
        note(format!("l.bias_hh_l{n}"), &layer.bias_ih);
    }
    note("o.weight".to_owned(), &slope.head);
    note("o.bias".to_owned(), &slope.head_bias);
    Ok(object(json!({
        "init_pred_first64": first,
        "first_batch_loss": loss,
        "first_batch_grad_norms": norms,
        "first_batch_grad_sample": sample,
    })))
}

/// How it does on windows it was not trained on, in units of the scaled return; `naive0` says no change.
fn after(answer: &mut Map<String, Value>, network: &Network, later: &Samples) {
    let said: Vec<f32> = network.predict_samples(later, 0..later.len()).iter().map(|o| o[0]).collect();
    let target = |s: usize| later.targets(s)[0];
    let n = later.len() as f64;
    let mean = |f: &dyn Fn(usize) -> f64| (0..later.len()).map(f).sum::<f64>() / n;
    answer.extend(object(json!({
        "test_mse": mean(&|s| f64::from(said[s] - target(s)).powi(2)),
        "test_naive0_mse": mean(&|s| f64::from(target(s)).powi(2)),
        "test_dir_acc": mean(&|s| f64::from(u8::from((said[s] > 0.0) == (target(s) > 0.0)))),
        "test_pred_first32": said[..said.len().min(32)],
    })));
}

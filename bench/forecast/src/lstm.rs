//! The LSTM on the reference's problem: 5,000 windows of 60 steps of 4 features, batches of 32 in order, 20 epochs.

use std::path::Path;

use cpu_time::ThreadTime;
use forecast::lstm::{Flow, Loss, Options, Samples, train};
use serde_json::Value;

use crate::peers::Peers;

const WINDOW: usize = 60;
const TRAINED: usize = 5_000;
const EPOCHS: usize = 20;

pub(crate) fn run(folder: &Path, peers: &Peers) {
    let samples = samples(folder);
    println!(
        "\n| LSTM | hidden | CPU s for 20 epochs | torch CPU s | ratio | last loss | torch |\n|---|---|---|---|---|---|---|"
    );
    for (layers, hidden) in [(1, 32), (1, 64), (2, 32)] {
        let options = Options {
            hidden,
            layers,
            epochs: EPOCHS,
            clip: None,
            patience: None,
            shuffle: false,
            loss: Loss::Squared,
            ..Options::default()
        };
        let start = ThreadTime::now();
        let trained = train(&samples, None, &options, &mut |_| Flow::Continue).expect("a network");
        let ours = start.elapsed().as_secs_f64();
        let recorded = recorded(folder, layers, hidden);
        let theirs = peers.cpu_s("lstm", &format!("{layers}x{hidden}"));
        let theirs = theirs.or_else(|| recorded.as_ref().and_then(|r| r["train_cpu_s"].as_f64()));
        let loss = recorded.as_ref().and_then(|r| r["epoch_loss"].as_array()?.last()?.as_f64());
        println!(
            "| {layers} layer{} | {hidden} | {ours:.2} | {} | {} | {:.4} | {} |",
            if layers > 1 { "s" } else { "" },
            theirs.map_or("–".into(), |t| format!("{t:.2}")),
            theirs.map_or("–".into(), |t| format!("{:.2}", ours / t)),
            trained.losses.last().expect("a pass"),
            loss.map_or("–".into(), |l| format!("{l:.4}")),
        );
    }
}

fn recorded(folder: &Path, layers: usize, hidden: usize) -> Option<Value> {
    let name = format!("lstm_torch_{layers}_{hidden}_20_32.json");
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).ok()?).ok()
}

fn samples(folder: &Path) -> Samples {
    let text = std::fs::read_to_string(folder.join("data/ethbtc_5m.csv")).expect("the data");
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|l| l.split(',').map(|c| c.parse().expect("a number")).collect()).collect();
    let mut features: Vec<[f64; 4]> = rows
        .windows(2)
        .map(|w| {
            let (a, b) = (&w[0], &w[1]);
            [(b[4] / a[4]).ln(), (b[2] / b[3]).ln(), (b[4] / b[1]).ln(), b[5].ln_1p() - a[5].ln_1p()]
        })
        .collect();
    let seen = TRAINED + WINDOW - 1;
    for k in 0..4 {
        let mean = features[..seen].iter().map(|f| f[k]).sum::<f64>() / seen as f64;
        let sd = (features[..seen].iter().map(|f| (f[k] - mean).powi(2)).sum::<f64>() / seen as f64).sqrt();
        features.iter_mut().for_each(|f| f[k] = (f[k] - mean) / sd);
    }
    let flat: Vec<f32> = features.iter().flatten().map(|v| *v as f32).collect();
    let targets = (0..TRAINED).map(|w| flat[(w + WINDOW) * 4]).collect();
    Samples::new(flat, 4, WINDOW, (0..TRAINED).collect(), targets).expect("samples")
}

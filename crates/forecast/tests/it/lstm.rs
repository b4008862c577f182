//! The LSTM against torch from the same first weights, against finite differences, and under an impatient caller.
//!
//! torch's values lie in `../shared/reference/forecast` beside the checkout; without them those tests say so and pass.

use forecast::lstm::{
    Flow, LayerWeights, Loss, LstmError, Network, Options, Samples, Shape, Weights, continue_training,
    gradient, train,
};
use serde_json::Value;

use crate::reference::{folder, json};

const WINDOW: usize = 60;
const TRAINED: usize = 5_000;

fn floats(value: &Value) -> Vec<f32> {
    serde_json::from_value(value.clone()).unwrap()
}

/// The four features of the reference, scaled by the rows that training may see, and the next return as target.
fn bars() -> Option<(Samples, Samples)> {
    let text = std::fs::read_to_string(folder()?.join("data/ethbtc_5m.csv")).unwrap();
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|l| l.split(',').map(|c| c.parse().unwrap()).collect()).collect();
    let mut features: Vec<[f64; 4]> = rows
        .windows(2)
        .map(|w| {
            let (before, now) = (&w[0], &w[1]);
            [
                (now[4] / before[4]).ln(),
                (now[2] / now[3]).ln(),
                (now[4] / now[1]).ln(),
                now[5].ln_1p() - before[5].ln_1p(),
            ]
        })
        .collect();
    let seen = TRAINED + WINDOW - 1;
    for k in 0..4 {
        let mean = features[..seen].iter().map(|f| f[k]).sum::<f64>() / seen as f64;
        let sd = (features[..seen].iter().map(|f| (f[k] - mean).powi(2)).sum::<f64>() / seen as f64).sqrt();
        features.iter_mut().for_each(|f| f[k] = (f[k] - mean) / sd);
    }
    #[allow(clippy::cast_possible_truncation, reason = "torch's inputs are float32")]
    let flat: Vec<f32> = features.iter().flatten().map(|v| *v as f32).collect();
    let windows = features.len() - WINDOW;
    let part = |range: std::ops::Range<usize>| {
        let targets = range.clone().map(|w| flat[(w + WINDOW) * 4]).collect();
        Samples::new(flat.clone(), 4, WINDOW, range.collect(), targets).unwrap()
    };
    Some((part(0..TRAINED), part(TRAINED..windows)))
}

fn network() -> Option<Network> {
    let init = json("lstm_init_h32.json")?;
    let layer = LayerWeights {
        weight_ih: floats(&init["weight_ih"]),
        weight_hh: floats(&init["weight_hh"]),
        bias_ih: floats(&init["bias_ih"]),
        bias_hh: floats(&init["bias_hh"]),
    };
    let weights =
        Weights { layers: vec![layer], head: floats(&init["lin_w"]), head_bias: floats(&init["lin_b"]) };
    Some(Network::from_weights(Shape { inputs: 4, hidden: 32, layers: 1, outputs: 1 }, &weights).unwrap())
}

fn as_torch() -> Options {
    Options {
        clip: None,
        patience: None,
        shuffle: false,
        epochs: 10,
        loss: Loss::Squared,
        ..Options::default()
    }
}

#[test]
fn first_predictions_gradients_and_losses_are_those_of_torch() {
    let (Some((samples, later)), Some(network)) = (bars(), network()) else { return };
    let torch = json("lstm_torch_1_32_20_32.json").unwrap();
    let first = network.predict_samples(&samples, 0..64);
    for (got, want) in first.iter().zip(floats(&torch["init_pred_first64"])) {
        assert!((got[0] - want).abs() < 1e-5, "{got:?} against {want}");
    }

    let (loss, slope) = gradient(&network, &samples, 32, &as_torch()).unwrap();
    assert!((f64::from(loss) - torch["first_batch_loss"].as_f64().unwrap()).abs() < 1e-5);
    let layer = &slope.layers[0];
    for (name, got) in [
        ("l.weight_ih_l0", &layer.weight_ih),
        ("l.weight_hh_l0", &layer.weight_hh),
        ("l.bias_ih_l0", &layer.bias_ih),
        ("o.weight", &slope.head),
        ("o.bias", &slope.head_bias),
    ] {
        let norm = got.iter().map(|g| g * g).sum::<f32>().sqrt();
        let want: f32 = serde_json::from_value(torch["first_batch_grad_norms"][name].clone()).unwrap();
        assert!((norm / want - 1.0).abs() < 1e-4, "{name}: {norm} against {want}");
        for (g, w) in got.iter().zip(floats(&torch["first_batch_grad_sample"][name])) {
            assert!((g - w).abs() < 1e-4 * w.abs().max(1e-2 * norm), "{name}: {g} against {w}");
        }
    }

    let trained = continue_training(network, &samples, None, &as_torch(), &mut |_| Flow::Continue).unwrap();
    for (epoch, (got, want)) in trained.losses.iter().zip(floats(&torch["epoch_loss"])).enumerate() {
        println!("epoch {}: {got} torch {want}", epoch + 1);
        assert!((got - want).abs() < 1e-5, "epoch {}: {got} against {want}", epoch + 1);
    }
    let out = trained.network.predict_samples(&later, 0..later.len());
    let mse = out.iter().enumerate().map(|(s, o)| (o[0] - later.targets(s)[0]).powi(2)).sum::<f32>();
    assert!(mse / (later.len() as f32) < 0.45);
}

/// A wave with a little noise, two features a row.
fn wave(rows: usize, targets: usize) -> Samples {
    let features: Vec<f32> = (0..rows)
        .flat_map(|t| {
            let noise = (t * 7_919 % 101) as f32 / 101.0 - 0.5;
            [(t as f32 * 0.5).sin() + 0.1 * noise, (t as f32 * 0.5).cos()]
        })
        .collect();
    let starts: Vec<usize> = (0..rows - 8 - targets).collect();
    let after = starts.iter().flat_map(|s| (0..targets).map(move |h| s + 8 + h));
    let targets = after.map(|row| features[row * 2]).collect();
    Samples::new(features, 2, 8, starts, targets).unwrap()
}

fn small(layers: usize, loss: Loss) -> Options {
    Options { hidden: 8, layers, window: 8, epochs: 3, loss, ..Options::default() }
}

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let samples = wave(60, 2);
    for (layers, loss) in [(1, Loss::Squared), (2, Loss::Squared), (2, Loss::Quantiles(vec![0.1, 0.5, 0.9]))]
    {
        let options = small(layers, loss);
        let shape = Shape { inputs: 2, hidden: 8, layers, outputs: options.loss.outputs(2) };
        let base = Network::random(shape, 3).unwrap().weights();
        let at = |weights: &Weights| {
            let network = Network::from_weights(shape, weights).unwrap();
            gradient(&network, &samples, 20, &options).unwrap()
        };
        let (_, slope) = at(&base);
        for (layer, place) in [(0, 5), (0, 63), (layers - 1, 17), (layers - 1, 100)] {
            for part in 0..3 {
                let read = |w: &Weights| {
                    let l = &w.layers[layer];
                    let list = [&l.weight_ih, &l.weight_hh, &l.bias_ih][part];
                    list[place % list.len()]
                };
                let moved = |by: f32| {
                    let mut w = base.clone();
                    let l = &mut w.layers[layer];
                    let list =
                        [&mut l.weight_ih, &mut l.weight_hh, &mut l.bias_ih].into_iter().nth(part).unwrap();
                    let place = place % list.len();
                    list[place] += by;
                    f64::from(at(&w).0)
                };
                let numeric = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                let exact = f64::from(read(&slope));
                assert!(
                    (numeric - exact).abs() < 2e-3 * (1.0 + exact.abs()),
                    "{layers} {layer} {part}: {numeric} {exact}"
                );
            }
        }
    }
}

#[test]
fn it_learns_a_wave_and_is_the_same_every_time() {
    let (samples, validation) = (wave(400, 1), wave(120, 1));
    for layers in [1, 2] {
        let options = Options { epochs: 15, rate: 1e-2, ..small(layers, Loss::Squared) };
        let first = train(&samples, Some(&validation), &options, &mut |_| Flow::Continue).unwrap();
        assert!(first.validation.last().unwrap() < &0.02, "{:?}", first.validation);
        assert_eq!(first, train(&samples, Some(&validation), &options, &mut |_| Flow::Continue).unwrap());
        let other = Options { seed: 2, ..options };
        assert_ne!(first, train(&samples, Some(&validation), &other, &mut |_| Flow::Continue).unwrap());
    }
}

#[test]
fn quantiles_hold_their_share() {
    let samples = wave(900, 1);
    let options = Options { epochs: 30, rate: 5e-3, ..small(1, Loss::Quantiles(vec![0.1, 0.9])) };
    let trained = train(&samples, None, &options, &mut |_| Flow::Continue).unwrap();
    let out = trained.network.predict_samples(&samples, 0..samples.len());
    let inside =
        out.iter().enumerate().filter(|(s, o)| (o[0]..=o[1]).contains(&samples.targets(*s)[0])).count();
    let share = inside as f64 / samples.len() as f64;
    assert!((0.6..0.97).contains(&share), "{share}");
}

#[test]
fn patience_ends_training_and_the_best_weights_stay() {
    let (samples, validation) = (wave(200, 1), wave(100, 1));
    let options = Options { epochs: 500, rate: 0.05, patience: Some(3), ..small(1, Loss::Squared) };
    let trained = train(&samples, Some(&validation), &options, &mut |_| Flow::Continue).unwrap();
    assert!(trained.early && trained.losses.len() < 500, "{}", trained.losses.len());
    let best = trained.validation.iter().copied().fold(f32::INFINITY, f32::min);
    let out = trained.network.predict_samples(&validation, 0..validation.len());
    let mse: f32 = out.iter().enumerate().map(|(s, o)| (o[0] - validation.targets(s)[0]).powi(2)).sum();
    assert!((mse / validation.len() as f32 - best).abs() < 1e-5);
}

#[test]
fn the_caller_is_asked_at_every_batch() {
    let samples = wave(200, 1);
    let options = small(1, Loss::Squared);
    let mut asked = 0;
    let cancelled = train(&samples, None, &options, &mut |p| {
        asked += 1;
        if (p.epoch, p.batch) == (2, 3) { Flow::Cancel } else { Flow::Continue }
    });
    assert_eq!(cancelled, Err(LstmError::Cancelled { epoch: 2 }));
    assert_eq!(asked, samples.len().div_ceil(32) + 3);
    let finished =
        train(&samples, None, &options, &mut |p| if p.epoch == 2 { Flow::Finish } else { Flow::Continue });
    assert_eq!(finished.map(|t| (t.losses.len(), t.early)), Ok((1, true)));
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let samples = wave(60, 1);
    let tell = &mut |_| Flow::Continue;
    for bad in [
        Options { hidden: 0, ..small(1, Loss::Squared) },
        Options { layers: 3, ..small(1, Loss::Squared) },
        Options { batch: 0, ..small(1, Loss::Squared) },
        Options { rate: f64::NAN, ..small(1, Loss::Squared) },
        small(1, Loss::Quantiles(vec![0.9, 0.1])),
        Options { window: 9, ..small(1, Loss::Squared) },
    ] {
        assert!(train(&samples, None, &bad, tell).is_err(), "{bad:?}");
    }
    assert!(matches!(
        Samples::new(vec![f32::NAN; 8], 1, 4, vec![0], vec![1.0]),
        Err(LstmError::NotFinite { index: 0, .. })
    ));
    assert!(matches!(Samples::new(vec![0.0; 8], 1, 4, vec![5], vec![1.0]), Err(LstmError::Length { .. })));
    assert!(matches!(Samples::new(vec![0.0; 8], 1, 4, vec![], vec![]), Err(LstmError::TooShort { .. })));
    let network = Network::random(Shape { inputs: 2, hidden: 4, layers: 1, outputs: 1 }, 1).unwrap();
    assert!(network.predict(&[&[0.0; 7]], 4).is_err());
    let run_away = Options { rate: 1.0, clip: None, ..small(1, Loss::Squared) };
    let huge = Samples::new(vec![1e30; 200], 1, 8, (0..100).collect(), vec![3e38; 100]).unwrap();
    assert!(matches!(train(&huge, None, &run_away, tell), Err(LstmError::Diverged { epoch: 1 })));
}

//! Models as JSON and back: shapes as text, numbers as the base64 of their little-endian bits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forecast::arima::{Given, Regressor, Spec};
use forecast::ets::{self, Form, Trend};
use forecast::lstm::{LayerWeights, Network, Shape, Weights};
use forecast::market::{ArimaModel, NeuralModel, Trained};
use forecast::prophet::{Feature, Growth, Kind, Mode, Model};
use serde::{Deserialize, Serialize};

/// A model as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Artefact {
    /// The last price.
    Naive,
    /// The price a season earlier.
    SeasonalNaive { period: usize },
    /// A straight line.
    Drift,
    /// Numbers: smoothing (4), first (2), σ², log-likelihood, first season.
    Ets { trend: String, period: Option<usize>, observed: usize, numbers: String },
    /// Numbers: ar, ma, sar, sma, constant if any, σ², log-likelihood, AICc.
    Arima { order: [usize; 3], seasonal: Option<[usize; 4]>, constant: Option<String>, numbers: String },
    /// Numbers: k, m, σ, log-posterior, y scale, start, t scale, τ, then δ, β, change points.
    Prophet { flat: bool, changes: usize, features: Vec<Column>, numbers: String },
    /// Numbers: swing, means, deviations; weights in torch's layout as float32.
    Lstm {
        inputs: usize,
        hidden: usize,
        layers: usize,
        outputs: usize,
        window: usize,
        horizons: Vec<usize>,
        numbers: String,
        weights: String,
        losses: Vec<f32>,
        validation: Vec<f32>,
    },
}

/// A Fourier column of Prophet: the only ones that a market's model has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    component: String,
    /// Numbers: period in days, prior scale.
    numbers: String,
    harmonic: usize,
    cosine: bool,
    multiplicative: bool,
}

fn pack(numbers: &[f64]) -> String {
    STANDARD.encode(numbers.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

fn unpack(text: &str) -> Option<Vec<f64>> {
    let bytes = STANDARD.decode(text).ok()?;
    let chunks = bytes.chunks_exact(8);
    chunks.remainder().is_empty().then(|| {
        chunks.map(|c| f64::from_le_bytes([c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]])).collect()
    })
}

fn pack32(numbers: &[f32]) -> String {
    STANDARD.encode(numbers.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

fn unpack32(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(text).ok()?;
    let chunks = bytes.chunks_exact(4);
    chunks
        .remainder()
        .is_empty()
        .then(|| chunks.map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect())
}

/// Takes lists of known lengths off the front of a list; `None` at its end.
struct Taker<T>(std::vec::IntoIter<T>);

impl<T> Taker<T> {
    fn new(list: Vec<T>) -> Self {
        Self(list.into_iter())
    }

    fn one(&mut self) -> Option<T> {
        self.0.next()
    }

    fn list(&mut self, count: usize) -> Option<Vec<T>> {
        if self.0.len() < count {
            return None;
        }
        Some(self.0.by_ref().take(count).collect())
    }

    fn rest(self) -> Vec<T> {
        self.0.collect()
    }
}

impl Artefact {
    /// Writes a model down; `None` for a Prophet with columns that a market's model never has.
    pub(crate) fn of(model: &Trained) -> Option<Self> {
        Some(match model {
            Trained::Naive => Self::Naive,
            Trained::SeasonalNaive { period } => Self::SeasonalNaive { period: *period },
            Trained::Drift => Self::Drift,
            Trained::Ets(fit) => of_ets(fit),
            Trained::Arima(model) => of_arima(model),
            Trained::Prophet(model) => of_prophet(model)?,
            Trained::Lstm(model) => of_lstm(model),
        })
    }

    /// The model; `None` if the parts do not fit together.
    pub(crate) fn read(&self) -> Option<Trained> {
        Some(match self {
            Self::Naive => Trained::Naive,
            Self::SeasonalNaive { period } => Trained::SeasonalNaive { period: *period },
            Self::Drift => Trained::Drift,
            Self::Ets { trend, period, observed, numbers } => read_ets(trend, *period, *observed, numbers)?,
            Self::Arima { order, seasonal, constant, numbers } => {
                read_arima(*order, *seasonal, constant.as_deref(), numbers)?
            }
            Self::Prophet { flat, changes, features, numbers } => {
                read_prophet(*flat, *changes, features, numbers)?
            }
            Self::Lstm { .. } => self.read_lstm()?,
        })
    }

    fn read_lstm(&self) -> Option<Trained> {
        let Self::Lstm {
            inputs,
            hidden,
            layers,
            outputs,
            window,
            horizons,
            numbers,
            weights,
            losses,
            validation,
        } = self
        else {
            return None;
        };
        let (h, mut taker, mut list) = (*hidden, Taker::new(unpack32(weights)?), Vec::new());
        for layer in 0..*layers {
            let inputs = if layer == 0 { *inputs } else { h };
            list.push(LayerWeights {
                weight_ih: taker.list(4 * h * inputs)?,
                weight_hh: taker.list(4 * h * h)?,
                bias_ih: taker.list(4 * h)?,
                bias_hh: vec![0.0; 4 * h],
            });
        }
        let weights =
            Weights { layers: list, head: taker.list(outputs * h)?, head_bias: taker.list(*outputs)? };
        let shape = Shape { inputs: *inputs, hidden: h, layers: *layers, outputs: *outputs };
        let network = Network::from_weights(shape, &weights).ok()?;
        let mut numbers = Taker::new(unpack(numbers)?);
        let (swing, means, deviations) = (numbers.one()?, numbers.list(*inputs)?, numbers.list(*inputs)?);
        if horizons.len() * 3 != *outputs || horizons.is_empty() || *window == 0 {
            return None;
        }
        Some(Trained::Lstm(Box::new(NeuralModel {
            network,
            window: *window,
            horizons: horizons.clone(),
            means,
            deviations,
            swing,
            losses: losses.clone(),
            validation: validation.clone(),
        })))
    }
}

fn of_ets(fit: &ets::Fit) -> Artefact {
    let trend = match fit.form.trend {
        Trend::None => "none",
        Trend::Additive => "additive",
        Trend::Damped => "damped",
    };
    let mut numbers = fit.smoothing.to_vec();
    numbers.extend(fit.first);
    numbers.extend([fit.sigma2, fit.loglik]);
    numbers.extend(&fit.first_season);
    let (trend, period) = (trend.to_owned(), fit.form.period);
    Artefact::Ets { trend, period, observed: fit.observed, numbers: pack(&numbers) }
}

fn read_ets(trend: &str, period: Option<usize>, observed: usize, numbers: &str) -> Option<Trained> {
    let trend = match trend {
        "none" => Trend::None,
        "additive" => Trend::Additive,
        "damped" => Trend::Damped,
        _ => return None,
    };
    let mut numbers = Taker::new(unpack(numbers)?);
    let smoothing = [numbers.one()?, numbers.one()?, numbers.one()?, numbers.one()?];
    let first = [numbers.one()?, numbers.one()?];
    let (sigma2, loglik) = (numbers.one()?, numbers.one()?);
    let first_season = numbers.rest();
    if first_season.len() != period.unwrap_or(0) {
        return None;
    }
    let form = Form { trend, period };
    Some(Trained::Ets(ets::Fit { form, smoothing, first, first_season, sigma2, loglik, observed }))
}

fn of_arima(model: &ArimaModel) -> Artefact {
    let (spec, given) = (&model.spec, &model.given);
    let mut numbers: Vec<f64> =
        [&given.ar, &given.ma, &given.sar, &given.sma].into_iter().flatten().copied().collect();
    numbers.extend(given.constant);
    numbers.extend([given.sigma2.unwrap_or(f64::NAN), model.loglik, model.aicc]);
    let constant = match spec.regressor {
        Regressor::None => None,
        Regressor::Mean => Some("mean".to_owned()),
        Regressor::Drift => Some("drift".to_owned()),
    };
    let seasonal = spec.seasonal.map(|s| [s.p, s.d, s.q, s.period]);
    Artefact::Arima { order: [spec.p, spec.d, spec.q], seasonal, constant, numbers: pack(&numbers) }
}

fn read_arima(
    order: [usize; 3],
    seasonal: Option<[usize; 4]>,
    constant: Option<&str>,
    numbers: &str,
) -> Option<Trained> {
    let mut spec = Spec::new(order[0], order[1], order[2]);
    if let Some([p, d, q, period]) = seasonal {
        spec = spec.seasonal(p, d, q, period);
    }
    spec = spec.with(match constant {
        None => Regressor::None,
        Some("mean") => Regressor::Mean,
        Some("drift") => Regressor::Drift,
        Some(_) => return None,
    });
    spec.check().ok()?;
    let (seasonal_p, seasonal_q) = seasonal.map_or((0, 0), |s| (s[0], s[2]));
    let mut numbers = Taker::new(unpack(numbers)?);
    let (ar, ma) = (numbers.list(spec.p)?, numbers.list(spec.q)?);
    let (sar, sma) = (numbers.list(seasonal_p)?, numbers.list(seasonal_q)?);
    let constant = if spec.regressor == Regressor::None { None } else { Some(numbers.one()?) };
    let given = Given { ar, ma, sar, sma, constant, sigma2: Some(numbers.one()?) };
    Some(Trained::Arima(Box::new(ArimaModel { spec, given, loglik: numbers.one()?, aicc: numbers.one()? })))
}

fn of_prophet(model: &Model) -> Option<Artefact> {
    let features = model
        .features
        .iter()
        .map(|f| match f.kind {
            Kind::Fourier { period_days, harmonic, cosine } => Some(Column {
                component: f.component.clone(),
                numbers: pack(&[period_days, f.prior_scale]),
                harmonic,
                cosine,
                multiplicative: f.mode == Mode::Multiplicative,
            }),
            Kind::Days(_) | Kind::Regressor { .. } => None,
        })
        .collect::<Option<Vec<_>>>()?;
    let mut numbers = vec![
        model.k,
        model.m,
        model.sigma_obs,
        model.log_posterior,
        model.y_scale,
        model.start,
        model.t_scale,
        model.tau,
    ];
    numbers.extend(&model.delta);
    numbers.extend(&model.beta);
    numbers.extend(&model.changepoints);
    let (flat, changes) = (model.growth == Growth::Flat, model.delta.len());
    Some(Artefact::Prophet { flat, changes, features, numbers: pack(&numbers) })
}

fn read_prophet(flat: bool, changes: usize, columns: &[Column], numbers: &str) -> Option<Trained> {
    let features = columns
        .iter()
        .map(|c| {
            let mut numbers = Taker::new(unpack(&c.numbers)?);
            let (period_days, prior_scale) = (numbers.one()?, numbers.one()?);
            Some(Feature {
                kind: Kind::Fourier { period_days, harmonic: c.harmonic, cosine: c.cosine },
                component: c.component.clone(),
                prior_scale,
                mode: if c.multiplicative { Mode::Multiplicative } else { Mode::Additive },
            })
        })
        .collect::<Option<Vec<_>>>()?;
    let mut n = Taker::new(unpack(numbers)?);
    let (k, m, sigma_obs, log_posterior) = (n.one()?, n.one()?, n.one()?, n.one()?);
    let (y_scale, start, t_scale, tau) = (n.one()?, n.one()?, n.one()?, n.one()?);
    let (delta, beta, changepoints) = (n.list(changes)?, n.list(features.len())?, n.list(changes)?);
    let growth = if flat { Growth::Flat } else { Growth::Linear };
    Some(Trained::Prophet(Box::new(Model {
        k,
        m,
        delta,
        beta,
        sigma_obs,
        log_posterior,
        changepoints,
        y_scale,
        start,
        t_scale,
        features,
        growth,
        tau,
    })))
}

fn of_lstm(model: &NeuralModel) -> Artefact {
    let (shape, weights) = (model.network.shape(), model.network.weights());
    let mut flat = Vec::new();
    for layer in &weights.layers {
        flat.extend(&layer.weight_ih);
        flat.extend(&layer.weight_hh);
        flat.extend(&layer.bias_ih);
    }
    flat.extend(&weights.head);
    flat.extend(&weights.head_bias);
    let mut numbers = vec![model.swing];
    numbers.extend(&model.means);
    numbers.extend(&model.deviations);
    Artefact::Lstm {
        inputs: shape.inputs,
        hidden: shape.hidden,
        layers: shape.layers,
        outputs: shape.outputs,
        window: model.window,
        horizons: model.horizons.clone(),
        numbers: pack(&numbers),
        weights: pack32(&flat),
        losses: model.losses.clone(),
        validation: model.validation.clone(),
    }
}

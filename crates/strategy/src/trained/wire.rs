//! A trained model as bytes, bit for bit: so that a bot's journal holds the model it decides by, whatever becomes of the file it came
//! from. Permanent, like all formats of the journal: a kind keeps its number and its fields.

use forecast::arima::{Given, Regressor, Spec};
use forecast::ets::{self, Form, Trend};
use forecast::lstm::{LayerWeights, Network, Shape, Weights};
use forecast::market::{ArimaModel, NeuralModel, Trained};
use forecast::prophet::{Feature, Growth, Kind, Mode, Model};
use types::wire::{Reader, WireError, Writer};

/// Appends a model.
///
/// # Errors
/// A Prophet with columns that a market's model never has (holidays, regressors).
pub fn put_model(w: &mut Writer<'_>, model: &Trained) -> Result<(), WireError> {
    match model {
        Trained::Naive => w.u8(0),
        Trained::SeasonalNaive { period } => {
            w.u8(1);
            whole(w, *period);
        }
        Trained::Drift => w.u8(2),
        Trained::Ets(fit) => {
            w.u8(3);
            put_ets(w, fit);
        }
        Trained::Arima(model) => {
            w.u8(4);
            put_arima(w, model);
        }
        Trained::Prophet(model) => {
            w.u8(5);
            put_prophet(w, model)?;
        }
        Trained::Lstm(model) => {
            w.u8(6);
            put_lstm(w, model);
        }
    }
    Ok(())
}

/// Reads what [`put_model`] wrote.
///
/// # Errors
/// When the bytes are not that, or their parts do not fit together.
pub fn get_model(r: &mut Reader<'_>) -> Result<Trained, WireError> {
    Ok(match r.u8()? {
        0 => Trained::Naive,
        1 => Trained::SeasonalNaive { period: size(r)? },
        2 => Trained::Drift,
        3 => Trained::Ets(get_ets(r)?),
        4 => Trained::Arima(Box::new(get_arima(r)?)),
        5 => Trained::Prophet(Box::new(get_prophet(r)?)),
        6 => Trained::Lstm(Box::new(get_lstm(r)?)),
        _ => return Err(WireError::Invalid),
    })
}

fn whole(w: &mut Writer<'_>, value: usize) {
    w.varint(value as u64);
}

fn size(r: &mut Reader<'_>) -> Result<usize, WireError> {
    usize::try_from(r.varint()?).map_err(|_| WireError::Invalid)
}

fn float(r: &mut Reader<'_>) -> Result<f64, WireError> {
    r.u64().map(f64::from_bits)
}

fn floats(w: &mut Writer<'_>, values: &[f64]) {
    whole(w, values.len());
    values.iter().for_each(|x| w.u64(x.to_bits()));
}

fn list(r: &mut Reader<'_>) -> Result<Vec<f64>, WireError> {
    let count = r.count(8)?;
    (0..count).map(|_| float(r)).collect()
}

fn floats32(w: &mut Writer<'_>, values: &[f32]) {
    whole(w, values.len());
    values.iter().for_each(|x| w.u32(x.to_bits()));
}

fn list32(r: &mut Reader<'_>) -> Result<Vec<f32>, WireError> {
    let count = r.count(4)?;
    (0..count).map(|_| r.u32().map(f32::from_bits)).collect()
}

/// Fails unless it holds.
const fn sound(holds: bool) -> Result<(), WireError> {
    if holds { Ok(()) } else { Err(WireError::Invalid) }
}

fn put_ets(w: &mut Writer<'_>, fit: &ets::Fit) {
    w.u8(match fit.form.trend {
        Trend::None => 0,
        Trend::Additive => 1,
        Trend::Damped => 2,
    });
    whole(w, fit.form.period.map_or(0, |period| period + 1));
    whole(w, fit.observed);
    fit.smoothing.iter().chain(&fit.first).for_each(|x| w.u64(x.to_bits()));
    w.u64(fit.sigma2.to_bits());
    w.u64(fit.loglik.to_bits());
    floats(w, &fit.first_season);
}

fn get_ets(r: &mut Reader<'_>) -> Result<ets::Fit, WireError> {
    let trend = match r.u8()? {
        0 => Trend::None,
        1 => Trend::Additive,
        2 => Trend::Damped,
        _ => return Err(WireError::Invalid),
    };
    let (period, observed) = (size(r)?.checked_sub(1), size(r)?);
    let smoothing = [float(r)?, float(r)?, float(r)?, float(r)?];
    let first = [float(r)?, float(r)?];
    let (sigma2, loglik, first_season) = (float(r)?, float(r)?, list(r)?);
    sound(first_season.len() == period.unwrap_or(0))?;
    let form = Form { trend, period };
    Ok(ets::Fit { form, smoothing, first, first_season, sigma2, loglik, observed })
}

fn put_arima(w: &mut Writer<'_>, model: &ArimaModel) {
    let (spec, given) = (&model.spec, &model.given);
    [spec.p, spec.d, spec.q].into_iter().for_each(|n| whole(w, n));
    w.bool(spec.seasonal.is_some());
    if let Some(s) = spec.seasonal {
        [s.p, s.d, s.q, s.period].into_iter().for_each(|n| whole(w, n));
    }
    w.u8(match spec.regressor {
        Regressor::None => 0,
        Regressor::Mean => 1,
        Regressor::Drift => 2,
    });
    [&given.ar, &given.ma, &given.sar, &given.sma].into_iter().for_each(|part| floats(w, part));
    for optional in [given.constant, given.sigma2] {
        w.bool(optional.is_some());
        w.u64(optional.unwrap_or(0.0).to_bits());
    }
    w.u64(model.loglik.to_bits());
    w.u64(model.aicc.to_bits());
}

fn get_arima(r: &mut Reader<'_>) -> Result<ArimaModel, WireError> {
    let mut spec = Spec::new(size(r)?, size(r)?, size(r)?);
    let mut seasonal = (0, 0);
    if r.bool()? {
        let (p, d, q, period) = (size(r)?, size(r)?, size(r)?, size(r)?);
        spec = spec.seasonal(p, d, q, period);
        seasonal = (p, q);
    }
    spec = spec.with(match r.u8()? {
        0 => Regressor::None,
        1 => Regressor::Mean,
        2 => Regressor::Drift,
        _ => return Err(WireError::Invalid),
    });
    spec.check().map_err(|_| WireError::Invalid)?;
    let (ar, ma, sar, sma) = (list(r)?, list(r)?, list(r)?, list(r)?);
    sound([ar.len(), ma.len(), sar.len(), sma.len()] == [spec.p, spec.q, seasonal.0, seasonal.1])?;
    let mut optional = || {
        let is_some = r.bool()?;
        float(r).map(|x| is_some.then_some(x))
    };
    let (constant, sigma2) = (optional()?, optional()?);
    let given = Given { ar, ma, sar, sma, constant, sigma2 };
    Ok(ArimaModel { spec, given, loglik: float(r)?, aicc: float(r)? })
}

fn put_prophet(w: &mut Writer<'_>, model: &Model) -> Result<(), WireError> {
    w.bool(model.growth == Growth::Flat);
    whole(w, model.features.len());
    for feature in &model.features {
        let Kind::Fourier { period_days, harmonic, cosine } = feature.kind else {
            return Err(WireError::Invalid);
        };
        w.u64(period_days.to_bits());
        whole(w, harmonic);
        w.bool(cosine);
        w.text(&feature.component);
        w.u64(feature.prior_scale.to_bits());
        w.bool(feature.mode == Mode::Multiplicative);
    }
    let Model { k, m, sigma_obs, log_posterior, y_scale, start, t_scale, tau, .. } = model;
    [k, m, sigma_obs, log_posterior, y_scale, start, t_scale, tau]
        .into_iter()
        .for_each(|x| w.u64(x.to_bits()));
    [&model.delta, &model.beta, &model.changepoints].into_iter().for_each(|part| floats(w, part));
    Ok(())
}

fn get_prophet(r: &mut Reader<'_>) -> Result<Model, WireError> {
    /// Fewest bytes of a column.
    const COLUMN_LEN_MIN: usize = 20;
    let growth = if r.bool()? { Growth::Flat } else { Growth::Linear };
    let count = r.count(COLUMN_LEN_MIN)?;
    let column = |r: &mut Reader<'_>| {
        let kind = Kind::Fourier { period_days: float(r)?, harmonic: size(r)?, cosine: r.bool()? };
        let (component, prior_scale) = (r.text()?.to_owned(), float(r)?);
        let mode = if r.bool()? { Mode::Multiplicative } else { Mode::Additive };
        Ok(Feature { kind, component, prior_scale, mode })
    };
    let features = (0..count).map(|_| column(r)).collect::<Result<Vec<_>, WireError>>()?;
    let (k, m, sigma_obs, log_posterior) = (float(r)?, float(r)?, float(r)?, float(r)?);
    let (y_scale, start, t_scale, tau) = (float(r)?, float(r)?, float(r)?, float(r)?);
    let (delta, beta, changepoints) = (list(r)?, list(r)?, list(r)?);
    sound(delta.len() == changepoints.len() && beta.len() == features.len())?;
    Ok(Model {
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
    })
}

fn put_lstm(w: &mut Writer<'_>, model: &NeuralModel) {
    let (shape, weights) = (model.network.shape(), model.network.weights());
    [shape.inputs, shape.hidden, shape.layers, shape.outputs, model.window]
        .into_iter()
        .for_each(|n| whole(w, n));
    whole(w, model.horizons.len());
    model.horizons.iter().for_each(|n| whole(w, *n));
    for layer in &weights.layers {
        [&layer.weight_ih, &layer.weight_hh, &layer.bias_ih, &layer.bias_hh]
            .into_iter()
            .for_each(|part| floats32(w, part));
    }
    [&weights.head, &weights.head_bias, &model.losses, &model.validation]
        .into_iter()
        .for_each(|part| floats32(w, part));
    w.u64(model.swing.to_bits());
    [&model.means, &model.deviations].into_iter().for_each(|part| floats(w, part));
}

fn get_lstm(r: &mut Reader<'_>) -> Result<NeuralModel, WireError> {
    /// Most layers of a network that is read: what is trained here has one or two.
    const LAYERS_MAX: usize = 16;
    let shape = Shape { inputs: size(r)?, hidden: size(r)?, layers: size(r)?, outputs: size(r)? };
    let window = size(r)?;
    let count = r.count(1)?;
    let horizons = (0..count).map(|_| size(r)).collect::<Result<Vec<_>, _>>()?;
    sound(shape.layers <= LAYERS_MAX && window > 0 && !horizons.is_empty())?;
    sound(horizons.len().checked_mul(3) == Some(shape.outputs))?;
    let layers = (0..shape.layers)
        .map(|_| {
            let (weight_ih, weight_hh, bias_ih, bias_hh) = (list32(r)?, list32(r)?, list32(r)?, list32(r)?);
            Ok(LayerWeights { weight_ih, weight_hh, bias_ih, bias_hh })
        })
        .collect::<Result<Vec<_>, WireError>>()?;
    let weights = Weights { layers, head: list32(r)?, head_bias: list32(r)? };
    let (losses, validation) = (list32(r)?, list32(r)?);
    let network = Network::from_weights(shape, &weights).map_err(|_| WireError::Invalid)?;
    let (swing, means, deviations) = (float(r)?, list(r)?, list(r)?);
    sound(means.len() == shape.inputs && deviations.len() == shape.inputs)?;
    Ok(NeuralModel { network, window, horizons, means, deviations, swing, losses, validation })
}

#[cfg(test)]
mod tests {
    use forecast::arima::Spec;
    use forecast::lstm::{Flow, Options as NetworkOptions};
    use forecast::market::{ArimaRecipe, Bars, Neural, Recipe, train};

    use super::*;

    fn bars() -> Bars {
        let count = 500;
        let times: Vec<f64> = (0..count).map(|n| 1.7e9 + f64::from(n) * 3_600.0).collect();
        let wave = |n: i32| 100.0 + (f64::from(n) / 12.0).sin() * 5.0 + f64::from(n * 7 % 11) / 9.0;
        let close: Vec<f64> = (0..count).map(wave).collect();
        let (high, low): (Vec<f64>, Vec<f64>) = close.iter().map(|c| (c + 1.0, c - 1.0)).unzip();
        Bars::new(3_600.0, &times, [&close, &high, &low, &close, &vec![5.0; close.len()]]).unwrap()
    }

    fn models() -> Vec<Trained> {
        let bars = bars();
        let options = NetworkOptions { hidden: 4, window: 12, epochs: 1, ..NetworkOptions::default() };
        let neural = Neural { options, horizon: 4, embargo: 4, ..Neural::default() };
        [
            Recipe::Naive,
            Recipe::SeasonalNaive { period: 24 },
            Recipe::Drift,
            Recipe::Ets { period: Some(12) },
            Recipe::Ets { period: None },
            Recipe::Arima(ArimaRecipe::Order(Spec::new(1, 1, 1))),
            Recipe::Arima(ArimaRecipe::Order(Spec::new(1, 0, 0).seasonal(1, 0, 0, 12).with(Regressor::Mean))),
            Recipe::Prophet(Box::default()),
            Recipe::Lstm(Box::new(neural)),
        ]
        .iter()
        .map(|recipe| train(recipe, &[bars.view()], &mut |_| Flow::Continue).unwrap())
        .collect()
    }

    fn bytes(model: &Trained) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_model(&mut Writer(&mut bytes), model).unwrap();
        bytes
    }

    #[test]
    fn a_model_reads_back_bit_for_bit_and_a_part_of_one_does_not() {
        let bars = bars();
        for model in models() {
            let (name, written) = (model.algorithm().name(), bytes(&model));
            let mut r = Reader::new(&written);
            let again = get_model(&mut r).unwrap();
            assert_eq!(r.end(), Ok(()), "{name}");
            assert_eq!(bytes(&again), written, "{name}");
            let ahead = |model: &Trained| {
                let steps = model.forecast(bars.view(), 4).unwrap();
                steps.iter().flat_map(|s| [s.mean, s.low, s.high].map(f64::to_bits)).collect::<Vec<_>>()
            };
            assert_eq!(ahead(&again), ahead(&model), "{name}");
            for cut in (0..written.len()).step_by(written.len() / 200 + 1) {
                assert!(get_model(&mut Reader::new(&written[..cut])).is_err(), "{name} cut at {cut}");
            }
        }
        assert!(get_model(&mut Reader::new(&[7])).is_err());
    }

    #[test]
    fn broken_bytes_are_refused_or_read_but_never_panic() {
        for model in models() {
            let written = bytes(&model);
            for at in 0..written.len().min(300) {
                let mut broken = written.clone();
                broken[at] ^= 0x81;
                let _ = get_model(&mut Reader::new(&broken));
            }
        }
    }
}

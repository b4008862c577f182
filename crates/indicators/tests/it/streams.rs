//! The rules that hold for every function. Sizes: `INDICATOR_CASES` random cases per function (default 8).

use indicators::{Function, Settings, Stream};
use types::wire::{Reader, Writer};

use crate::series::{Shape, Walk, rng, settings};

const SHAPES: [Shape; 4] = [Shape::Real, Shape::Ticks, Shape::Still, Shape::Mixed];

fn cases() -> u64 {
    std::env::var("INDICATOR_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// Every function with random parameters over a random series; the seed and what failed are in the message.
fn each(test: impl Fn(&Settings, &[&[f64]], u64) -> Result<(), String>) {
    let mut failures = Vec::new();
    for (at, function) in Function::all().enumerate() {
        for case in 0..cases() {
            let seed = (at as u64) << 32 | case;
            let mut rng = rng(seed);
            let settings = settings(&mut rng, function);
            let shape = SHAPES[usize::try_from(case % 4).unwrap()];
            let rows = settings.lookback() + 40 + usize::try_from(case * 150 % 700).unwrap();
            let walk = Walk::new(&mut rng, rows, shape);
            if let Err(what) = test(&settings, &walk.inputs(function), seed) {
                let values = settings.values();
                failures.push(format!("{} {values:?} {shape:?} seed {seed}: {what}", function.name()));
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{} functions:\n{}", failures.len(), failures.join("\n"));
}

fn row(inputs: &[&[f64]], at: usize) -> Vec<f64> {
    inputs.iter().map(|series| series[at]).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    // Not a number has many bit patterns, of which none means more than another.
    values.iter().map(|v| if v.is_nan() { f64::NAN.to_bits() } else { v.to_bits() }).collect()
}

#[test]
fn a_stream_gives_the_bits_of_the_batch_from_its_first_value_on() {
    each(|settings, inputs, _| {
        let batch = settings.batch(inputs).ok_or("the batch refuses it")?;
        let mut stream = Stream::new(settings);
        for at in 0..inputs[0].len() {
            let got = stream.update(&row(inputs, at)).map_err(|e| e.to_string())?;
            let got = got.map(|out| bits(&out[..batch.len()]));
            let index = at.checked_sub(settings.lookback());
            let want = index.map(|i| bits(&batch.iter().map(|column| column[i]).collect::<Vec<_>>()));
            if got != want {
                let show = |v: &Option<Vec<u64>>| {
                    v.as_ref().map(|v| v.iter().map(|b| f64::from_bits(*b)).collect::<Vec<_>>())
                };
                return Err(format!("row {at}: streamed {:?}, batch {:?}", show(&got), show(&want)));
            }
        }
        Ok(())
    });
}

#[test]
fn run_n_save_load_run_m_is_run_n_plus_m() {
    each(|settings, inputs, seed| {
        let rows = inputs[0].len();
        let cut = usize::try_from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % rows as u64).unwrap();
        let mut whole = Stream::new(settings);
        let mut halves = Stream::new(settings);
        for at in 0..rows {
            if at == cut || at == rows / 2 {
                let mut bytes = Vec::new();
                halves.save(&mut Writer(&mut bytes));
                halves = Stream::new(settings);
                let mut r = Reader::new(&bytes);
                halves.load(&mut r).map_err(|e| format!("restored at {at}: {e}"))?;
                r.end().map_err(|e| e.to_string())?;
                let mut again = Vec::new();
                halves.save(&mut Writer(&mut again));
                if again != bytes {
                    return Err(format!("saved at {at}: restored state has other bytes"));
                }
            }
            let (a, b) = (whole.update(&row(inputs, at)), halves.update(&row(inputs, at)));
            let same = a.map(|v| v.map(|v| bits(&v))) == b.map(|v| v.map(|v| bits(&v)));
            if !same {
                return Err(format!("restored at {cut}, differs at row {at}: {a:?} and {b:?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn a_row_that_is_no_number_is_refused_and_changes_nothing() {
    each(|settings, inputs, _| {
        let mut clean = Stream::new(settings);
        let mut troubled = Stream::new(settings);
        for at in 0..inputs[0].len() {
            let mut bad = row(inputs, at);
            *bad.last_mut().ok_or("no inputs")? = if at % 2 == 0 { f64::NAN } else { f64::INFINITY };
            if troubled.update(&bad).is_ok() {
                return Err(format!("row {at} was taken"));
            }
            let (a, b) = (clean.update(&row(inputs, at)), troubled.update(&row(inputs, at)));
            if a.map(|v| v.map(|v| bits(&v))) != b.map(|v| v.map(|v| bits(&v))) {
                return Err(format!("row {at} differs"));
            }
        }
        Ok(())
    });
}

#[test]
fn foreign_bytes_are_refused_or_read_but_never_panic() {
    each(|settings, inputs, seed| {
        let mut stream = Stream::new(settings);
        for at in 0..inputs[0].len().min(60) {
            stream.update(&row(inputs, at)).map_err(|e| e.to_string())?;
        }
        let mut bytes = Vec::new();
        stream.save(&mut Writer(&mut bytes));
        for cut in 0..bytes.len().min(64) {
            let mut broken = bytes.clone();
            broken[cut] ^= seed.to_le_bytes()[0] | 1;
            let _ = Stream::new(settings).load(&mut Reader::new(&broken));
            if Stream::new(settings).load(&mut Reader::new(&bytes[..cut])).is_ok() {
                return Err(format!("{cut} bytes of {} were taken for the whole", bytes.len()));
            }
        }
        Ok(())
    });
}

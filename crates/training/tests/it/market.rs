//! A market made by a seeded generator: returns with momentum.

use forecast::market::Bars;
use training::{BarSource, Choice, Request};

/// `count` bars of 15 minutes.
pub(crate) fn bars(count: usize, carry: f64, seed: u64) -> Bars {
    let mut state = seed;
    let mut noise = || {
        (0..12)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1_u64 << 53) as f64
            })
            .sum::<f64>()
            - 6.0
    };
    let (mut price, mut change) = (100.0_f64, 0.0_f64);
    let mut columns: [Vec<f64>; 5] = Default::default();
    for _ in 0..count {
        let open = price;
        change = carry * change + 0.002 * noise();
        price *= change.exp();
        let row = [open, open.max(price) * 1.001, open.min(price) * 0.999, price, 10.0 + noise().abs()];
        columns.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
    }
    let times: Vec<f64> = (0..count).map(|k| k as f64 * 900.0).collect();
    let [o, h, l, c, v] = &columns;
    Bars::new(900.0, &times, [o, h, l, c, v]).unwrap()
}

/// Serves such bars.
pub(crate) struct Made;

impl BarSource for Made {
    fn bars(&self, symbol: &str, _: &str, days: u32) -> Result<Bars, String> {
        match symbol {
            "NONE" => Err("there are no bars of NONE; import some".into()),
            _ => Ok(bars(days as usize * 96, 0.6, symbol.len() as u64)),
        }
    }
}

pub(crate) fn request(choice: Choice) -> Request {
    Request {
        choice,
        symbols: vec!["BTC".into()],
        days: 8,
        horizon: 4,
        epochs: 2,
        hidden: 8,
        window: 12,
        ..Request::default()
    }
}

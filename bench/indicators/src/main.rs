//! `bench-indicators [ROWS]` (default 500,000): CPU ns per row of the indicators that strategies use most: streamed through the
//! registry, TA-Lib's batch over the same rows, and what saving and restoring the state takes. Rounds take turns; medians of five.

use cpu_time::ThreadTime;
use indicators::{Function, Memory, Settings, Stream};
use types::wire::{Reader, Writer};

const NAMES: &[&str] = &[
    "SMA", "EMA", "WMA", "DEMA", "TEMA", "RSI", "MACD", "BBANDS", "STDDEV", "MAX", "DONCHIAN", "ATR", "ADX",
    "CCI", "STOCH", "STOCHRSI", "WILLR", "AROON", "SAR", "LINEARREG", "OBV", "AD", "MFI", "MIDPRICE",
    "CDLENGULFING", "SUPERTREND", "KAMA", "HT_TRENDLINE",
];
const ROUNDS: usize = 5;

/// Open, high, low, close, volume of a random walk in whole units, as strategies see prices.
fn columns(rows: usize) -> [Vec<f64>; 5] {
    let mut seed = 42_u64;
    let mut dice = |n: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) % n) as f64
    };
    let mut columns: [Vec<f64>; 5] = Default::default();
    let mut price = 5_000_000.0;
    for _ in 0..rows {
        let open = price;
        price = (price + dice(20_001) - 10_000.0_f64).max(100_000.0);
        let (high, low) = (open.max(price) + dice(5_000), open.min(price) - dice(5_000));
        for (column, value) in columns.iter_mut().zip([open, high, low, price, dice(1_000_000)]) {
            column.push(value);
        }
    }
    columns
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: usize = std::env::args().nth(1).map_or(Ok(500_000), |text| text.parse())?;
    let columns = columns(rows);
    println!("| indicator | parameters | state | streamed, ns | batch, ns | ratio | state, bytes | save and restore, us |");
    println!("|---|---|---|---|---|---|---|---|");
    for name in NAMES {
        let function = Function::find(name).ok_or("no such function")?;
        let settings = Settings::parse(function, &[])?;
        let inputs: Vec<&[f64]> = function
            .inputs()
            .into_iter()
            .map(|input| match input.name() {
                "open" => columns[0].as_slice(),
                "high" => columns[1].as_slice(),
                "low" => columns[2].as_slice(),
                "volume" => columns[4].as_slice(),
                _ => columns[3].as_slice(),
            })
            .collect();
        let (mut streamed, mut batched) = (Vec::new(), Vec::new());
        let mut stream = Stream::new(&settings);
        for _ in 0..ROUNDS {
            stream = Stream::new(&settings);
            let (mut row, mut last) = (vec![0.0; inputs.len()], None);
            let start = ThreadTime::now();
            for at in 0..rows {
                row.iter_mut().zip(&inputs).for_each(|(x, column)| *x = column[at]);
                last = stream.update(&row)?.or(last);
            }
            streamed.push(start.elapsed().as_nanos() as f64 / rows as f64);
            let start = ThreadTime::now();
            let batch = settings.batch(&inputs).ok_or("the batch refuses it")?;
            batched.push(start.elapsed().as_nanos() as f64 / rows as f64);
            let (ours, theirs) = (last.ok_or("no value")?[0], batch[0][batch[0].len() - 1]);
            assert_eq!(ours.to_bits(), theirs.to_bits(), "{name}");
        }
        let mut bytes = Vec::new();
        let start = ThreadTime::now();
        stream.save(&mut Writer(&mut bytes));
        Stream::new(&settings).load(&mut Reader::new(&bytes))?;
        let restored = start.elapsed().as_nanos() as f64 / 1_000.0;
        let memory = match stream.memory() {
            Memory::State => "own",
            Memory::Window { .. } | Memory::WholeWindow { .. } => "window",
            Memory::Past => "all rows",
        };
        let values: Vec<String> = settings
            .values()
            .iter()
            .map(|v| match v {
                indicators::Value::Whole(v) => v.to_string(),
                indicators::Value::Real(v) => v.to_string(),
            })
            .collect();
        let (streamed, batched) = (median(streamed), median(batched));
        println!(
            "| {name} | {} | {memory} | {streamed:.1} | {batched:.1} | {:.2} | {} | {restored:.1} |",
            values.join(" "),
            streamed / batched,
            bytes.len()
        );
    }
    Ok(())
}

//! Which functions have a state of our own, and how it is made.

use crate::kernel::Kernel;
use crate::own::*;
use crate::settings::Settings;

/// The indicator of these settings, when we have one.
pub(crate) fn make(settings: &Settings) -> Option<Box<dyn Kernel>> {
    average(settings).or_else(|| price(settings)).or_else(|| volume(settings))
}

/// Functions of one series.
fn average(settings: &Settings) -> Option<Box<dyn Kernel>> {
    let v = settings.values();
    let n = v.first().map_or(0, |v| v.bars());
    let line = |value| Some(Box::new(Regression::new(n, value)) as Box<dyn Kernel>);
    let lagged = |change| Some(Box::new(Lagged::new(n, change)) as Box<dyn Kernel>);
    Some(match settings.function().name() {
        "SMA" => Box::new(Sma::new(n)),
        "SUM" => Box::new(Sma::sum(n)),
        "EMA" => Box::new(Ema::new(n, Seed::Mean)),
        "WMA" => Box::new(Wma::new(n)),
        "RMA" => Box::new(Rma::new(n)),
        "DEMA" => Box::new(Chain::double(n)),
        "TEMA" => Box::new(Chain::triple(n)),
        "MA" => Box::new(Average::new(v[1].whole(), n)?),
        "VAR" => Box::new(Variance::new(n)),
        "STDDEV" => Box::new(Deviation::new(n, v[1].real())),
        "BBANDS" if v[3].whole() == 0 => Box::new(Bands::new(n, v[1].real(), v[2].real())),
        "MAX" => Box::new(Highest::new(n, Extreme::Highest)),
        "MIN" => Box::new(Highest::new(n, Extreme::Lowest)),
        "RSI" => Box::new(Rsi::new(n)),
        "KAMA" => Box::new(Kama::new(n)),
        "TRIX" => Box::new(Trix::new(n)),
        "CMO" => Box::new(Cmo::new(n)),
        "MACD" => Box::new(Macd::new(n, v[1].bars(), v[2].bars())),
        "STOCHRSI" => Box::new(StochasticRsi::new(n, v[1].bars(), Average::new(v[3].whole(), v[2].bars())?)),
        "LINEARREG" => return line(RegressionValue::End),
        "LINEARREG_SLOPE" => return line(RegressionValue::Slope),
        "LINEARREG_ANGLE" => return line(RegressionValue::Angle),
        "LINEARREG_INTERCEPT" => return line(RegressionValue::Intercept),
        "TSF" => return line(RegressionValue::Next),
        "MOM" => return lagged(Change::Difference),
        "ROC" => return lagged(Change::Percent),
        "ROCP" => return lagged(Change::Share),
        "ROCR" => return lagged(Change::Ratio),
        "ROCR100" => return lagged(Change::RatioPercent),
        _ => return None,
    })
}

/// Functions of highs, lows and closes.
fn price(settings: &Settings) -> Option<Box<dyn Kernel>> {
    let v = settings.values();
    let n = v.first().map_or(0, |v| v.bars());
    let moved = |movement| Some(Box::new(Directional::new(n, movement)) as Box<dyn Kernel>);
    Some(match settings.function().name() {
        "TRANGE" => Box::new(TrueRange::default()),
        "ATR" => Box::new(Atr::new(n)),
        "NATR" => Box::new(Atr::percent(n)),
        "DONCHIAN" => Box::new(Donchian::new(n)),
        "WILLR" => Box::new(WilliamsR::new(n)),
        "AROON" => Box::new(Aroon::new(n)),
        "CCI" => Box::new(Cci::new(n)),
        "SUPERTREND" => Box::new(SuperTrend::new(n, v[1].real())),
        "KC" => Box::new(Keltner::new(n, v[1].bars(), v[2].real())),
        "SAR" => Box::new(Sar::new(v[0].real(), v[1].real())),
        "STOCHF" => Box::new(StochasticFast::new(n, Average::new(v[2].whole(), v[1].bars())?)),
        "STOCH" => {
            let slow = Average::new(v[2].whole(), v[1].bars())?;
            Box::new(Stochastic::new(n, slow, Average::new(v[4].whole(), v[3].bars())?))
        }
        "PLUS_DI" => return moved(Movement::Plus),
        "MINUS_DI" => return moved(Movement::Minus),
        "DX" => return moved(Movement::Index),
        "ADX" => return moved(Movement::Average),
        _ => return None,
    })
}

/// Functions of volumes.
fn volume(settings: &Settings) -> Option<Box<dyn Kernel>> {
    let v = settings.values();
    let n = v.first().map_or(0, |v| v.bars());
    Some(match settings.function().name() {
        "OBV" => Box::new(OnBalanceVolume::default()),
        "VWAP" => Box::new(CumulativeVwap::default()),
        "AD" => Box::new(AccumulationDistribution::default()),
        "ADOSC" => Box::new(ChaikinOscillator::new(n, v[1].bars())),
        "MFI" => Box::new(MoneyFlow::new(n)),
        _ => return None,
    })
}

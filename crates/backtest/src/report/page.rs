//! The page: what stands where.

use types::{Money, decimal};

use super::{Report, candles, curves, escape, facts, heat, lede, sweeps, tables, trust};
use crate::metrics::{Basis, Measurement, Track, measure};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A report with what is derived from it.
pub(super) struct View<'a> {
    pub(super) report: &'a Report<'a>,
    pub(super) track: Track,
    pub(super) metrics: Vec<Measurement>,
    /// Decimals of a price on the tick.
    pub(super) price_decimals: usize,
}

impl View<'_> {
    pub(super) fn metric(&self, name: &str) -> Option<&Measurement> {
        self.metrics.iter().find(|m| m.metric.name == name)
    }

    pub(super) fn basis(&self) -> Basis<'_> {
        Basis::of(&self.track, self.report.trials)
    }

    /// An amount of the quote asset, without trailing zeros, thousands parted.
    pub(super) fn money(&self, amount: Money) -> String {
        let text = decimal::format_short(amount.0.abs(), self.report.outcome.run.money_scale);
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let mut out = if amount.0 < 0 { "−".to_owned() } else { String::new() };
        for (i, c) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                out.push(',');
            }
            out.push(c);
        }
        if !fraction.is_empty() {
            out.push('.');
            out.push_str(fraction);
        }
        out
    }
}

/// The document.
pub(super) fn page(report: &Report<'_>) -> String {
    let track = Track::of(report.outcome, report.bars);
    let metrics = measure(&Basis::of(&track, report.trials));
    let view = View { report, track, metrics, price_decimals: price_decimals(report) };
    let run = &report.outcome.run;
    let instrument = run.traded.first().map_or("", |t| t.instrument.as_str());
    let sections = [
        lede::html(&view),
        facts::figures(&view),
        curves::equity(&view),
        columns(
            &[heat::months(&view), candles::html(&view), tables::exits(&view), tables::trades(&view)],
            &[
                trust::html(&view),
                sweeps::map(&view),
                tables::drawdowns(&view),
                curves::rolling_sharpe(&view),
            ],
        ),
        sweeps::walk(&view),
        even(&[
            curves::luck(&view),
            curves::trade_histogram(&view),
            curves::excursions(&view),
            facts::made(&view),
        ]),
        facts::metrics(&view),
    ];
    format!(
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <meta name=color-scheme content=\"light dark\"><title>{} on {}: back-test</title><style>{STYLE}</style></head>\
         <body><main class=page>{}{}</main><script>{SCRIPT}</script></body></html>\n",
        escape::text(&lede::title(&run.strategy)),
        escape::text(instrument),
        sections.concat(),
        footer(),
    )
}

/// Decimals that the tick needs.
fn price_decimals(report: &Report<'_>) -> usize {
    let Some(traded) = report.outcome.run.traded.first() else { return 2 };
    let text = decimal::format_short(i128::from(traded.tick.0.max(1)), traded.price_scale);
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len()).max(2)
}

fn columns(left: &[String], right: &[String]) -> String {
    format!(
        "<div class=cols><div class=stack>{}</div><div class=stack>{}</div></div>",
        left.concat(),
        right.concat()
    )
}

/// Sections two by two; those that are empty leave no hole.
fn even(sections: &[String]) -> String {
    let there: Vec<&String> = sections.iter().filter(|s| !s.is_empty()).collect();
    let side = |from: usize| there.iter().skip(from).step_by(2).map(|s| s.as_str()).collect::<String>();
    format!(
        "<div class=\"cols even\"><div class=stack>{}</div><div class=stack>{}</div></div>",
        side(0),
        side(1)
    )
}

fn footer() -> String {
    "<footer>Past days are not coming days. A back-test knows neither the queue in front of an order nor what its orders would have \
     done to the market. Ratios are from returns after costs with a risk-free rate of zero, scaled to a year of 365 days; every \
     measure's formula and source stand in the program's documentation.</footer>"
        .to_owned()
}

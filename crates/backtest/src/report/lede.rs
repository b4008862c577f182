//! The sentence that a report opens with, and the line of facts below it.

use super::escape;
use super::page::View;
use crate::metrics::calendar::{DAY_MS, Date};
use crate::metrics::{Unit, number};
use venue_sim::{PricePath, Slippage};

/// `ema-cross` → `EMA cross`.
pub(super) fn title(strategy: &str) -> String {
    const SHORT: [&str; 8] = ["ema", "macd", "rsi", "atr", "dca", "twap", "vwap", "sma"];
    let words: Vec<String> = strategy
        .split('-')
        .enumerate()
        .map(|(i, word)| match word {
            w if SHORT.contains(&w) => w.to_uppercase(),
            w if i == 0 => w.chars().take(1).flat_map(char::to_uppercase).chain(w.chars().skip(1)).collect(),
            w => w.to_owned(),
        })
        .collect();
    words.join(" ")
}

/// A share as coloured words: `made <span>1.2 %</span>`.
fn result(share: f64) -> String {
    let amount = Unit::Share.text(share.abs(), false);
    match share {
        s if s > 0.0 => format!("made <span class=up>{amount}</span>"),
        s if s < 0.0 => format!("lost <span class=dn>{amount}</span>"),
        _ => "made nothing".to_owned(),
    }
}

/// A length of time as a person says it: `14 days`, `22 months`.
fn span(days: f64) -> String {
    let say = |n: f64, unit: &str| {
        let n = n.round();
        format!("{n} {unit}{}", if (n - 1.0).abs() < 0.5 { "" } else { "s" })
    };
    match days {
        d if d < 2.0 => say(d * 24.0, "hour"),
        d if d < 90.0 => say(d, "day"),
        d if d < 1_000.0 => say(d / 30.44, "month"),
        d => say(d / 365.25, "year"),
    }
}

/// The opening.
pub(super) fn html(view: &View<'_>) -> String {
    let (report, track) = (view.report, &view.track);
    let run = &report.outcome.run;
    let traded = run.traded.first().map_or("", |t| t.instrument.as_str());
    let symbol = traded.split_once(':').map_or(traded, |(_, symbol)| symbol);
    let total = track.end() / track.start - 1.0;
    let hold = match (track.price.first(), track.price.last()) {
        (Some(first), Some(last)) if *first > 0.0 => format!(" Holding it {}.", result(last / first - 1.0)),
        _ => String::new(),
    };
    let unseen = report.sweep.and_then(|s| s.unseen.last()).map_or_else(String::new, |(_, share)| {
        format!(" Chosen on the past and judged on days it had not seen, it {}.", result(share - 1.0))
    });
    let sentence = format!(
        "{} on {} {} in {}.{hold}{unseen}",
        escape::text(&title(&run.strategy)),
        escape::text(symbol),
        result(total),
        span(track.days()),
    );
    let parts = facts(view, traded).into_iter().map(|part| format!("<span>{}</span>", escape::text(&part)));
    let name = if run.name.is_empty() { String::new() } else { format!(" · {}", escape::text(&run.name)) };
    format!(
        "<header><p class=brand><b>Tradewind</b> back-test report{name}</p>\
         <h1 class=lede style=\"margin-top:14px\">{sentence}</h1>\
         <p class=sub>{} · run <span class=mono>{}</span></p></header>{}",
        parts.collect::<Vec<_>>().join(" · "),
        escape::text(report.id),
        warnings(view),
    )
}

fn facts(view: &View<'_>, traded: &str) -> Vec<String> {
    let (track, run) = (&view.track, &view.report.outcome.run);
    let last = track.times.last().copied().unwrap_or(track.from);
    let mut facts = vec![traded.to_owned(), run.interval.as_str().to_owned()];
    let (from, to) = (Date::of(track.from), Date::of(last));
    facts.push(if last - track.from < DAY_MS { from.to_string() } else { format!("{from} – {to}") });
    facts.push(format!("fee {}", rate(run.venue.fees.taker.0)));
    facts.push(slippage(run.venue.slippage));
    facts.push(path(run.venue.path).to_owned());
    let outcome = view.report.outcome;
    facts.push(format!(
        "{} bars in {} s of processor time",
        number(outcome.equity.bars() as f64, 0, false),
        number(outcome.cpu_seconds, if outcome.cpu_seconds < 10.0 { 2 } else { 0 }, false)
    ));
    facts
}

/// A rate in 10^-8 as a share.
pub(super) fn rate(units: u32) -> String {
    Unit::Share.text(f64::from(units) / 1e8, false)
}

pub(super) fn slippage(model: Slippage) -> String {
    match model {
        Slippage::None => "no slippage".to_owned(),
        Slippage::Rate(units) => format!("slippage {}", rate(units)),
        Slippage::Range(units) => format!("slippage {} of each bar's range", rate(units)),
        Slippage::Volume(units) => format!("slippage {} at the bar's volume", rate(units)),
    }
}

pub(super) const fn path(path: PricePath) -> &'static str {
    match path {
        PricePath::Open => "fills at the next open",
        PricePath::Close => "fills at the close decided on",
        PricePath::OpenHighLowClose => "fills at the next open, high before low",
        PricePath::OpenLowHighClose => "fills at the next open, low before high",
    }
}

fn warnings(view: &View<'_>) -> String {
    let lines = view.report.outcome.warnings.iter();
    lines.map(|w| format!("<p class=warnline>{}</p>", escape::text(w))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_spans_are_those_of_people() {
        assert_eq!(title("ema-cross"), "EMA cross");
        assert_eq!(title("donchian-breakout"), "Donchian breakout");
        assert_eq!(span(14.0), "14 days");
        assert_eq!(span(670.0), "22 months");
        assert_eq!(span(0.5), "12 hours");
        assert_eq!(span(366.0), "12 months");
        assert_eq!(result(0.0), "made nothing");
    }
}

//! Models of the simulated venue from the command line: delays, faults, what it lacks.

use std::path::Path;

use backtest::{Faults, Latency};
use orders::Native;
use types::Time;
use venue_sim::Travelled;

use super::numbers::{nanoseconds, wrong};
use crate::cli::backtest::Venue;
use crate::failure::{Exit, Failure};

/// How long messages travel.
pub(super) fn latency(venue: &Venue) -> Result<Latency, Failure> {
    if let Some(path) = &venue.latency_file {
        return measured(path);
    }
    let fixed = nanoseconds("--latency-ms", venue.latency_ms.as_deref())?;
    let mean_ns = nanoseconds("--latency-jitter-ms", venue.latency_jitter_ms.as_deref())?;
    Ok(match (fixed, mean_ns) {
        (0, 0) => Latency::None,
        (ns, 0) => Latency::Constant { order_ns: ns, report_ns: ns },
        (least_ns, mean_ns) => Latency::Drawn { least_ns, mean_ns },
    })
}

/// Delays of a file. A first line of words is a heading.
fn measured(path: &Path) -> Result<Latency, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Usage, format!("the delays in {} cannot be used", path.display()))
            .because(why)
            .advise("give lines of three whole numbers of nanoseconds: time since 1970, to the venue, back")
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let measured = read(&text).map_err(|why| failed(&why))?;
    Ok(Latency::Recorded { source: path.display().to_string(), measured })
}

fn read(text: &str) -> Result<Vec<Travelled>, String> {
    let mut measured: Vec<Travelled> = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let numbers: Vec<Option<i64>> = line.split(',').map(|cell| cell.trim().parse().ok()).collect();
        let [Some(at), Some(order_ns), Some(report_ns)] = numbers[..] else {
            if n == 0 && numbers.iter().all(Option::is_none) {
                continue;
            }
            return Err(format!("line {}: {line:?} is no measurement", n + 1));
        };
        if order_ns < 0 || report_ns < 0 {
            return Err(format!("line {}: a delay is below zero", n + 1));
        }
        if measured.last().is_some_and(|last| last.at.0 > at) {
            return Err(format!("line {}: it is earlier than the line before", n + 1));
        }
        measured.push(Travelled { at: Time(at), order_ns, report_ns });
    }
    if measured.is_empty() { Err("there is no measurement in it".to_owned()) } else { Ok(measured) }
}

/// What goes wrong.
pub(super) fn faults(given: &[String]) -> Result<Faults, Failure> {
    let mut faults = Faults::default();
    for text in given {
        let known = "give KIND=PPM with rejected, never-arrive, timed-out, lost or repeated, like lost=500";
        let (kind, often) = text.split_once('=').unwrap_or((text, ""));
        let often = often.parse::<u32>().ok().filter(|n| *n <= 1_000_000);
        let often = often.ok_or_else(|| wrong("--fault", text, "it is no number up to a million", known))?;
        let slot = match kind {
            "rejected" => &mut faults.rejected,
            "never-arrive" => &mut faults.never_arrive,
            "timed-out" => &mut faults.timed_out,
            "lost" => &mut faults.lost,
            "repeated" => &mut faults.repeated,
            _ => return Err(wrong("--fault", text, "there is no such fault", known)),
        };
        *slot = often;
    }
    Ok(faults)
}

/// What the venue keeps itself.
pub(super) fn native(lacks: &[String]) -> Result<Native, Failure> {
    let mut native = Native::ALL;
    for kind in lacks {
        match kind.as_str() {
            "stop" => native.stop = false,
            "trailing" => native.trailing = false,
            "oco" => native.oco = false,
            _ => {
                return Err(wrong("--lacks", kind, "there is no such kind", "give stop, trailing or oco"));
            }
        }
    }
    Ok(native)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_read_in_order_and_a_heading_is_left_out() {
        let read_two = read("at,there,back\n5, 10, 20\n\n6,11,21\n").unwrap();
        let expected = |at, order_ns, report_ns| Travelled { at: Time(at), order_ns, report_ns };
        assert_eq!(read_two, [expected(5, 10, 20), expected(6, 11, 21)]);
        for wrong in ["", "1,2", "1,2,3\nx,2,3", "2,0,0\n1,0,0", "1,-1,0"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn faults_and_what_is_lacking_are_told_by_name() {
        let given = ["lost=500".to_owned(), "never-arrive=3".to_owned()];
        assert_eq!(faults(&given).unwrap(), Faults { lost: 500, never_arrive: 3, ..Faults::default() });
        for wrong in ["lost", "lost=x", "lost=1000001", "gone=1"] {
            assert_eq!(faults(&[wrong.to_owned()]).unwrap_err().exit, Exit::Usage, "{wrong}");
        }
        let lacking = native(&["oco".to_owned(), "stop".to_owned()]).unwrap();
        assert_eq!(lacking, Native { trailing: true, ..Native::NONE });
        assert_eq!(native(&["icebergs".to_owned()]).unwrap_err().exit, Exit::Usage);
    }
}

//! The last lines of the log, for administrators who look at them through the API. The log itself is elsewhere.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use types::Time;

/// Lines kept: about a megabyte.
const LINES_MAX: usize = 5_000;
/// Longest message in bytes; the rest is cut.
const LEN_MAX: usize = 2_000;

/// How bad a line is, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Steps.
    Trace,
    /// For those who look for a fault.
    Debug,
    /// What happened.
    Info,
    /// What should not have happened and was coped with.
    Warn,
    /// What failed.
    Error,
}

impl LogLevel {
    /// All, from the mildest.
    pub const ALL: [Self; 5] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// `warn`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its number since the start, from 1.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// How bad.
    pub level: LogLevel,
    /// The part of the program.
    pub target: String,
    /// What happened.
    pub message: String,
    /// Particulars.
    pub fields: Vec<(String, String)>,
}

#[derive(Debug, Default)]
struct Lines {
    last: u64,
    lines: VecDeque<LogLine>,
}

/// The last lines. Writers and readers hold the lock for one line or one copy.
#[derive(Debug, Default)]
pub struct LogRing(Mutex<Lines>);

impl LogRing {
    /// Adds a line; its number is set here. The oldest goes when there are too many.
    pub fn push(&self, mut line: LogLine) {
        let cut = |text: &mut String| {
            if text.len() > LEN_MAX {
                text.truncate(text.floor_char_boundary(LEN_MAX));
                text.push('…');
            }
        };
        cut(&mut line.message);
        line.fields.iter_mut().for_each(|(_, value)| cut(value));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.last += 1;
        line.seq = all.last;
        if all.lines.len() >= LINES_MAX {
            all.lines.pop_front();
        }
        all.lines.push_back(line);
    }

    /// The newest lines after a number, at least so bad, with a text in them, oldest first.
    #[must_use]
    pub fn recent(&self, after: u64, least: LogLevel, text: &str, limit: usize) -> Vec<LogLine> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |line: &&LogLine| {
            line.seq > after && line.level >= least && (text.is_empty() || line.message.contains(text))
        };
        let mut found: Vec<_> = all.lines.iter().rev().filter(fits).take(limit).cloned().collect();
        found.reverse();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept_and_found() {
        let ring = LogRing::default();
        for n in 0..LINES_MAX + 3 {
            ring.push(LogLine {
                seq: 0,
                at: Time(0),
                level: if n % 2 == 0 { LogLevel::Info } else { LogLevel::Error },
                target: "test".to_owned(),
                message: format!("line {n}"),
                fields: Vec::new(),
            });
        }
        let all = ring.recent(0, LogLevel::Trace, "", usize::MAX);
        assert_eq!((all.len(), all[0].seq), (LINES_MAX, 4));
        let last = ring.recent(0, LogLevel::Warn, "", 2);
        assert_eq!(last.iter().map(|line| line.seq).collect::<Vec<_>>(), [5_000, 5_002]);
        assert_eq!(ring.recent(5_002, LogLevel::Trace, "", 10).len(), 1);
        assert_eq!(ring.recent(0, LogLevel::Trace, "line 4999", 10).len(), 1);
        let long = LogLine { message: "ä".repeat(LEN_MAX), ..all[0].clone() };
        ring.push(long);
        let cut = ring.recent(5_003, LogLevel::Trace, "", 1).remove(0).message;
        assert!(cut.len() <= LEN_MAX + 3 && cut.ends_with('…'));
    }
}

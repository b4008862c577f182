//! How many tests passed and failed, read from what the test programs print.

/// A count of tests (or of steps that are one check each).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

/// How the lines begin that carry a count: cargo test, cargo-nextest, our client suites.
const MARKS: [&str; 3] = ["test result:", "Summary [", "suite "];

impl Tally {
    /// What one line of output says; nothing for most lines.
    pub(crate) fn of_line(line: &str) -> Self {
        let line = plain(line);
        let line = line.trim();
        if !MARKS.iter().any(|mark| line.starts_with(mark)) {
            return Self::default();
        }
        let words: Vec<&str> = line.split([' ', ',', ';', '.', '(', ')']).filter(|w| !w.is_empty()).collect();
        let counts = words.windows(3).map(|w| (w[0].parse().unwrap_or(0), w[1], w[2]));
        let last = words.windows(2).last().map(|w| (w[0].parse().unwrap_or(0), w[1], ""));
        let mut tally = Self::default();
        for (count, word, next) in counts.chain(last) {
            match (word, next) {
                ("passed", _) => tally.passed += count,
                ("failed", _) | ("timed", "out") | ("exec", "failed") => tally.failed += count,
                _ => {}
            }
        }
        tally
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// `line` without colour codes.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // A colour code ends with its first letter.
            let _ = chars.find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_each_kind_of_runner() {
        let tally = |passed, failed| Tally { passed, failed };
        for (line, expected) in [
            ("test result: FAILED. 20 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out", tally(20, 2)),
            ("     Summary [   0.114s] 36 tests run: 36 passed, 0 skipped", tally(36, 0)),
            (
                "     Summary [   9.1s] 36 tests run: 33 passed (1 slow), 1 failed, 2 timed out, 0 skipped",
                tally(33, 3),
            ),
            ("\u{1b}[32;1m     Summary\u{1b}[0m [   9.1s] 3 tests run: 2 passed, 1 exec failed", tally(2, 1)),
            ("suite ccxt: 23 passed, 1 failed", tally(23, 1)),
            ("running 20 tests: 5 passed", tally(0, 0)),
            ("", tally(0, 0)),
        ] {
            assert_eq!(Tally::of_line(line), expected, "{line}");
        }
    }
}

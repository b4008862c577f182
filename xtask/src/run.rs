//! Steps: run a program, show its output as it comes, count, and say how long it took.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::tally::Tally;

/// One finished step.
struct Done {
    name: String,
    took: Duration,
    tally: Tally,
}

/// A run of several steps. A failed step does not stop the later ones: one run shows all there is to mend.
#[derive(Default)]
pub(crate) struct Report {
    done: Vec<Done>,
}

impl Report {
    /// Carries out one step. Without counted tests the step itself counts as one check.
    pub(crate) fn step(&mut self, name: &str, body: impl FnOnce() -> Result<Outcome>) {
        let start = Instant::now();
        println!("\n== {name}");
        let mut tally = match body() {
            Ok(outcome) => outcome.tally(),
            Err(error) => {
                eprintln!("error: {error:#}");
                Tally { passed: 0, failed: 1 }
            }
        };
        if tally == Tally::default() {
            tally.passed = 1;
        }
        let took = start.elapsed();
        let word = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!("== {name}: {word}, {tally} ({})", seconds(took));
        self.done.push(Done { name: name.to_owned(), took, tally });
    }

    /// Prints the table and the closing line; true when nothing failed.
    pub(crate) fn close(self) -> bool {
        println!("\n{:>9}  {:>7}  {:>7}  step", "time", "passed", "failed");
        for done in &self.done {
            println!(
                "{:>9}  {:>7}  {:>7}  {}",
                seconds(done.took),
                done.tally.passed,
                done.tally.failed,
                done.name
            );
        }
        let total: Duration = self.done.iter().map(|d| d.took).sum();
        let tally = self.done.iter().fold(Tally::default(), |sum, done| sum.plus(done.tally));
        println!("{:>9}  in all\n\n{tally}", seconds(total));
        tally.failed == 0
    }
}

/// How a program ended and what it counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    counted: Tally,
    broken: bool,
}

impl Outcome {
    /// A program that ended badly without naming a failed test is one failure.
    fn tally(self) -> Tally {
        let unnamed = self.broken && self.counted.failed == 0;
        self.counted.plus(Tally { passed: 0, failed: u64::from(unnamed) })
    }

    /// True if the program ended well.
    pub(crate) fn is_good(self) -> bool {
        !self.broken
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { counted: self.counted.plus(other.counted), broken: self.broken || other.broken }
    }
}

/// `cargo` with arguments, in the repository.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args(arguments);
    // These describe the build of xtask itself and would mislead the cargo below it.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_"))
    {
        command.env_remove(name);
    }
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
    command
}

/// Runs `command`, shows its output line by line and reads the counts in it.
pub(crate) fn run(command: &mut Command) -> Result<Outcome> {
    let shown = shown(command);
    println!("   {shown}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {shown}"))?;
    let (lines, received) = channel();
    let readers = [
        child.stdout.take().map(|out| forward(out, lines.clone())),
        child.stderr.take().map(|err| forward(err, lines)),
    ];
    let mut counted = Tally::default();
    for line in received {
        counted = counted.plus(Tally::of_line(&line));
        println!("{line}");
        std::io::stdout().flush()?;
    }
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    let status = child.wait().with_context(|| format!("lost {shown}"))?;
    if !status.success() {
        eprintln!("   ended with {status}: {shown}");
    }
    Ok(Outcome { counted, broken: !status.success() })
}

/// Runs `command` silently; its standard output if it ended well.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn forward(source: impl Read + Send + 'static, lines: Sender<String>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(source).split(b'\n').map_while(std::io::Result::ok) {
            if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    })
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Outcome> {
        run(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn tests_are_counted_and_a_silent_failure_is_one() {
        let tally = |script| shell(script).map(Outcome::tally).unwrap();
        assert_eq!(tally("echo 'suite a: 3 passed, 0 failed'"), Tally { passed: 3, failed: 0 });
        assert_eq!(tally("echo 'suite a: 3 passed, 2 failed'; exit 1"), Tally { passed: 3, failed: 2 });
        assert_eq!(tally("echo 'suite a: 3 passed, 0 failed'; exit 1"), Tally { passed: 3, failed: 1 });
        assert_eq!(tally("exit 3"), Tally { passed: 0, failed: 1 });
    }

    #[test]
    fn a_report_fails_when_one_step_fails() {
        let mut report = Report::default();
        report.step("good", || shell("true"));
        assert!(report.close());
        let mut report = Report::default();
        report.step("bad", || shell("false"));
        report.step("good", || shell("true"));
        assert!(!report.close());
        let mut report = Report::default();
        report.step("gone", || run(&mut Command::new("no-such-program-here")));
        assert!(!report.close());
    }
}

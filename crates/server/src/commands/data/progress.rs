//! How far long work is: a bar on a terminal, one line every few seconds elsewhere. Always on standard error.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use archive::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::note;

/// Time between two lines where there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

/// Shows progress until it is dropped.
pub(crate) struct Meter {
    bar: Option<ProgressBar>,
    told: Instant,
    stage: &'static str,
}

impl Meter {
    /// A bar if standard error is a terminal.
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let style = "{msg} {wide_bar} {percent} %  {binary_bytes_per_sec}  {eta} left";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, told: Instant::now(), stage: "" }
    }

    /// It is this far.
    pub(crate) fn show(&mut self, progress: Progress) {
        if let Some(bar) = &self.bar {
            if self.stage != progress.stage {
                self.stage = progress.stage;
                bar.set_message(progress.stage);
                bar.reset_eta();
            }
            bar.set_length(progress.of);
            bar.set_position(progress.bytes);
        } else if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            let percent = (progress.bytes * 100).checked_div(progress.of).unwrap_or(100);
            note(format!("{}: {percent} %, {} rows", progress.stage, progress.rows));
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

//! The report of a run as one HTML file that needs nothing else: no network, no script from elsewhere, no font file.
//!
//! It opens with a sentence, shows costs and intervals in the first row, shades what was not seen while tuning, and says in "Can
//! I trust this?" what speaks against it. Light and dark by the reader's preference; readable at 390 pixels. Charts are SVG that
//! stretches; only trades on candles are drawn by script, from data in the file.

mod candles;
mod chart;
mod curves;
mod escape;
mod facts;
mod heat;
mod lede;
mod page;
mod sweeps;
mod tables;
mod trust;

pub use trust::{CostCase, Finding, LookAhead, Verdict};

use types::Bar;

use crate::Outcome;
use crate::metrics::Trials;
use crate::montecarlo::{Bootstrap, Shuffle};
use crate::sweep::SweepOutcome;

/// Everything a report is made of. What is `None` is left out or said to be missing.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The run's name on disk.
    pub id: &'a str,
    /// The run.
    pub outcome: &'a Outcome,
    /// The bars of its first instrument; charts fold them as far as needed.
    pub bars: &'a [Bar],
    /// The command that made it.
    pub command: &'a str,
    /// Trials made over the same days.
    pub trials: Option<Trials>,
    /// The sweep that chose the parameters.
    pub sweep: Option<&'a SweepOutcome>,
    /// What the look-ahead check found.
    pub look_ahead: Option<&'a LookAhead>,
    /// The same run at other costs.
    pub costs: &'a [CostCase],
    /// Order luck.
    pub shuffle: Option<&'a Shuffle>,
    /// Day luck.
    pub bootstrap: Option<&'a Bootstrap>,
}

impl Report<'_> {
    /// The HTML document.
    #[must_use]
    pub fn html(&self) -> String {
        page::page(self)
    }
}

//! Layer 3: when somebody should look. Rules are data ([`RULES`]), the [`Evaluator`] is a fold of readings, the [`Herald`] decides whom
//! to tell what and when, and the same rules are written down for Prometheus ([`prometheus_rules`]). What it forbids: a rule that reads
//! a clock or sends a message.
//!
//! Invariants
//! * An alert fires when its condition held at every reading for as long as the rule says, and clears at the first reading at which
//!   it does not hold, or which has no number for it.
//! * Within a rule's cool-down nobody is told twice that it fires; what still fires when the cool-down ends is told then. That it is
//!   over is told exactly to whom it was told that it fired.

mod budget;
mod evaluator;
mod herald;
mod prometheus;
mod rules;
mod runbook;

pub use budget::{BUDGETS, Bad, Budget, EVENTS_MIN};
pub use evaluator::{Change, Evaluator, Readings, Standing};
pub use herald::{Herald, News, Quiet};
pub use prometheus::prometheus_rules;
pub use rules::{Comparison, RULES, Rule, Severity, Signal};
pub use runbook::runbook;

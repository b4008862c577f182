//! The service's alerts, as a port: `server` puts the rules, their state and the channels behind it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ports::{PortError, Reply};

/// What judges the service and tells people.
pub trait Alerting: Send + Sync + 'static {
    /// All rules and how they stand.
    fn rules(&self) -> Vec<RuleBody>;
    /// What to do about a rule's alerts (Markdown).
    fn runbook(&self, rule: &str) -> Option<&'static str>;
    /// All channels and how they stand.
    fn channels(&self) -> Vec<ChannelBody>;
    /// Sends a test message to one channel or all, and waits for the outcome.
    fn test(&self, channel: Option<String>) -> Reply<'_, Result<Vec<DeliveryBody>, PortError>>;
}

/// A rule and how it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AlertRule)]
pub struct RuleBody {
    /// Its name.
    pub rule: &'static str,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: &'static str,
    /// In one sentence.
    pub summary: &'static str,
    /// `above` or `below`: which side of the threshold is wrong.
    pub comparison: &'static str,
    /// The bound.
    pub threshold: f64,
    /// How long the condition must hold, seconds.
    pub for_s: u32,
    /// How long after people were told they are not told again, seconds.
    pub cool_down_s: i64,
    /// The label by which this rule is many alerts, like `route`.
    pub by: Option<&'static str>,
    /// `ok`, `pending` (wrong, not yet for long enough), `firing`, or `unknown` right after the start.
    pub state: &'static str,
    /// The last number; absent when there is none, and for a rule with a label.
    pub value: Option<f64>,
    /// For a rule with a label: what it is pending or firing for.
    pub subjects: Vec<SubjectBody>,
    /// Where the page is that says what to do.
    pub runbook: String,
}

/// One of many that a rule looks at.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AlertSubject)]
pub struct SubjectBody {
    /// The label's value, like `/api/orders`.
    pub subject: String,
    /// `pending` or `firing`.
    pub state: &'static str,
    /// The last number.
    pub value: Option<f64>,
}

/// A way by which people are told.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AlertChannel)]
pub struct ChannelBody {
    /// `console`, `webhook`, `email`, `telegram` or `redis`.
    pub channel: &'static str,
    /// Whether it is configured.
    pub enabled: bool,
    /// Where it leads, without secrets.
    pub target: Option<String>,
    /// Alerts of less than this severity are not told here.
    pub least: &'static str,
    /// Messages that arrived since the start.
    pub sent: u64,
    /// Messages that did not.
    pub failed: u64,
    /// When the last one arrived.
    pub last_sent_at: Option<crate::wire::Moment>,
    /// Why the last one that did not arrive did not.
    pub last_error: Option<String>,
    /// `closed`: it is tried; `open` or `half_open`: it failed too often and is left alone for a minute.
    pub breaker: &'static str,
}

/// What became of a test message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AlertDelivery)]
pub struct DeliveryBody {
    /// Which channel.
    pub channel: &'static str,
    /// Whether it arrived.
    pub sent: bool,
    /// Why not.
    pub error: Option<String>,
}

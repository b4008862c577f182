//! The API's port onto the service's alerts: rules with their state, runbooks, channels.

use std::sync::{Arc, Mutex, PoisonError};

use ::alerts::{Comparison, RULES, Rule, Standing};
use api::alerting::{Alerting, ChannelBody, DeliveryBody, RuleBody, SubjectBody};
use api::ports::{PortError, Reply};
use api::wire::Moment;
use notify::{Message, Notifier};
use store::Ts;
use tokio::sync::Semaphore;
use types::Time;

/// What the watchman found last, and the channels.
pub(super) struct Alerts {
    notifier: Arc<Notifier>,
    service: String,
    // Held for a copy.
    standings: Mutex<Vec<Standing>>,
    /// One test at a time: it waits for the slowest channel.
    testing: Semaphore,
}

impl Alerts {
    pub(super) fn new(notifier: Notifier, service: &str) -> Arc<Self> {
        Arc::new(Self {
            notifier: Arc::new(notifier),
            service: service.to_owned(),
            standings: Mutex::default(),
            testing: Semaphore::new(1),
        })
    }

    pub(super) const fn notifier(&self) -> &Arc<Notifier> {
        &self.notifier
    }

    pub(super) fn service(&self) -> &str {
        &self.service
    }

    /// How the rules stand now.
    pub(super) fn stand(&self, standings: Vec<Standing>) {
        *self.standings.lock().unwrap_or_else(PoisonError::into_inner) = standings;
    }
}

const fn state(standing: &Standing) -> &'static str {
    match (standing.firing, standing.since_ms) {
        (true, _) => "firing",
        (false, Some(_)) => "pending",
        (false, None) => "ok",
    }
}

fn body(rule: &'static Rule, standings: &[Standing]) -> RuleBody {
    let mine: Vec<&Standing> = standings.iter().filter(|standing| standing.rule.name == rule.name).collect();
    let worst = ["firing", "pending"].into_iter().find(|word| mine.iter().any(|one| state(one) == *word));
    let subject =
        |one: &&Standing| SubjectBody { subject: one.subject.clone(), state: state(one), value: one.value };
    RuleBody {
        rule: rule.name,
        severity: rule.severity.word(),
        summary: rule.about,
        comparison: if rule.comparison == Comparison::Above { "above" } else { "below" },
        threshold: rule.threshold,
        for_s: rule.for_s,
        cool_down_s: rule.severity.cool_down_ms() / 1_000,
        by: rule.by,
        state: worst.unwrap_or(if standings.is_empty() { "unknown" } else { "ok" }),
        value: mine.iter().find(|_| rule.by.is_none()).and_then(|one| one.value),
        subjects: mine.iter().filter(|_| rule.by.is_some()).map(subject).collect(),
        runbook: api::runbook_path(rule.name),
    }
}

fn channel(standing: notify::Standing) -> ChannelBody {
    ChannelBody {
        channel: standing.name,
        enabled: standing.target.is_some(),
        target: standing.target,
        least: standing.least.word(),
        sent: standing.sent,
        failed: standing.failed,
        last_sent_at: standing.last_sent_ms.map(|ms| Moment(Time::from_millis(ms))),
        last_error: standing.last_error,
        breaker: standing.breaker,
    }
}

impl Alerting for Alerts {
    fn rules(&self) -> Vec<RuleBody> {
        let standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        RULES.iter().map(|rule| body(rule, &standings)).collect()
    }

    fn runbook(&self, rule: &str) -> Option<&'static str> {
        ::alerts::runbook(rule)
    }

    fn channels(&self) -> Vec<ChannelBody> {
        self.notifier.standings().into_iter().map(channel).collect()
    }

    fn test(&self, only: Option<String>) -> Reply<'_, Result<Vec<DeliveryBody>, PortError>> {
        Box::pin(async move {
            let standings = self.notifier.standings();
            let enabled: Vec<&str> =
                standings.iter().filter(|one| one.target.is_some()).map(|one| one.name).collect();
            if let Some(name) = &only
                && !enabled.contains(&name.as_str())
            {
                let detail = format!("{name:?} is not configured; these are: {}", enabled.join(", "));
                return Err(PortError::Refused { code: "channel", detail });
            }
            let Ok(_one) = self.testing.try_acquire() else {
                return Err(PortError::Unavailable("another test message is on its way".to_owned()));
            };
            let at = api::wire::rfc3339(Ts::now().time());
            let message = Message { service: self.service.clone(), at, entries: Vec::new() };
            let told = self.notifier.test(only.as_deref(), &message).await;
            let body = |delivery: notify::Delivery| DeliveryBody {
                channel: delivery.channel,
                sent: delivery.failure.is_none(),
                error: delivery.failure,
            };
            Ok(told.into_iter().map(body).collect())
        })
    }
}

//! Layer 5: the open-loop load generator behind `tradewind loadtest`. What it forbids: a load test that waits for the server before it
//! asks again.
//!
//! * **Open loop.** Every request has a planned time that no answer can move. Latency counts from the planned time, so a server that
//!   stalls for a second shows a second for everybody who would have asked meanwhile (no coordinated omission). How late the generator
//!   itself was is measured beside it: a run whose generator was late is told as such.
//! * **One process, thousands of clients.** A client is a task with a keep-alive connection of its own, or a WebSocket.
//! * **Verdicts.** The scenario's own criteria, the product's promises, and a stored baseline decide the outcome.
//! * **Loopback only** unless the caller says otherwise.
//!
//! Limits: HTTP/1.1 without TLS (put a proxy's address on this machine in front of a TLS service); timers have a resolution of one
//! millisecond, which is part of every latency.

mod account;
mod baseline;
mod client;
mod html;
mod plan;
mod record;
mod report;
mod requests;
mod scenario;
mod sockets;
mod target;
mod verdict;

pub use account::Credentials;
pub use baseline::{Comparison, compare};
pub use html::page;
pub use record::Progress;
pub use report::Report;
pub use scenario::{Scale, Scenario, ScenarioError};
pub use target::{Reach, Target, TargetError};
pub use verdict::Criterion;

/// Why a run could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nobody answers at the target.
    #[error("{0} does not answer: {1}")]
    Unreachable(String, String),
    /// A login, a user or a ticket was refused.
    #[error("{what} was refused with status {status}: {body}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// The status.
        status: u16,
        /// What the server said.
        body: String,
    },
    /// The scenario needs a login and there are no credentials.
    #[error("this scenario needs a user: give --username and --password-file, or --serve")]
    NoCredentials,
}

/// Carries out a scenario. `tell` is called once a second.
///
/// # Errors
/// Before the load begins; once it has begun, failures are what is measured.
pub async fn run(
    scenario: &Scenario,
    target: &Target,
    credentials: Option<&Credentials>,
    tell: impl FnMut(&Progress),
) -> Result<Report, RunError> {
    let people = account::prepare(scenario, target, credentials).await?;
    let begun_at = jiff::Timestamp::now();
    let before = account::performance(target, &people).await;
    let measured = if scenario.websocket.is_some() {
        sockets::run(scenario, target, &people, tell).await
    } else {
        requests::run(scenario, target, &people, tell).await
    };
    let after = account::performance(target, &people).await;
    Ok(report::make(scenario, target, begun_at, &measured, before.as_ref(), after.as_ref()))
}

//! Where the service's processor time goes, sampled while it runs.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Problem;
use crate::app::App;
use crate::auth::principal::Admin;
use crate::monitoring::{NoProfile, Sampled};
use crate::wire::{Json, Query};

/// How long is sampled unless told.
const SECONDS: u64 = 10;
/// Longest that may be sampled, seconds.
const SECONDS_MAX: u64 = 60;

/// For how long.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProfileQuery {
    /// Seconds to sample, 1 to 60; 10 unless told.
    #[param(minimum = 1, maximum = 60)]
    seconds: Option<u64>,
}

/// Stacks sampled by processor time.
#[derive(Serialize, ToSchema)]
#[schema(as = Profile)]
pub(crate) struct ProfileBody {
    /// For how long was sampled.
    seconds: u64,
    /// Samples a second of processor time.
    rate: u32,
    /// Samples taken. Their number over the rate is the processor time in seconds; few say little.
    samples: u64,
    /// One stack a line, frames parted by semicolons, then how often it was met: for programs that draw or compare profiles.
    folded: String,
    /// A flame graph as SVG.
    flame_graph: String,
}

/// Samples the running service's stacks, by processor time, and answers with a flame graph. Costs about one percent of it meanwhile.
#[utoipa::path(post, path = "/api/monitoring/profile", tag = "monitoring", operation_id = "profileService", params(ProfileQuery),
    responses((status = 200, body = ProfileBody), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, description = "It is being sampled already.", body = Problem),
        (status = 503, description = "Stacks cannot be sampled here.", body = Problem)))]
pub(crate) async fn profile(
    State(app): State<Arc<App>>,
    Admin(who): Admin,
    Query(query): Query<ProfileQuery>,
) -> Result<Json<ProfileBody>, Problem> {
    let seconds = query.seconds.unwrap_or(SECONDS);
    if seconds == 0 || seconds > SECONDS_MAX {
        let detail = format!("seconds is {seconds}; from 1 to {SECONDS_MAX} can be sampled");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail));
    }
    let sampling = app.monitoring.sample().map_err(|no| refusal(&no))?;
    app.audit(who.note("monitoring.profile", "all", &serde_json::json!({ "seconds": seconds }))).await;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let ended = tokio::task::spawn_blocking(move || sampling.end()).await;
    let ended = ended.unwrap_or_else(|error| Err(NoProfile::Unsampled(error.to_string())));
    let Sampled { rate, samples, folded, flame_graph } = ended.map_err(|no| refusal(&no))?;
    Ok(Json(ProfileBody { seconds, rate, samples, folded, flame_graph }))
}

fn refusal(no: &NoProfile) -> Problem {
    match no {
        NoProfile::Running => Problem::new(StatusCode::CONFLICT, "profile_running", no.to_string()),
        NoProfile::Unsampled(_) => {
            tracing::warn!(%no, "no profile");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_profile", no.to_string())
        }
    }
}

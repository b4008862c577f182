//! The channels by which people are told, and trying them out.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Problem;
use crate::alerting::{ChannelBody, DeliveryBody};
use crate::app::App;
use crate::auth::principal::Admin;
use crate::ports::PortError;
use crate::routes::performance::Operator;
use crate::wire::Json;

/// All channels, configured or not, and how they stand. They are configured where the service is (`[alerts]`).
#[utoipa::path(get, path = "/api/alerts/channels", tag = "alerts", operation_id = "listAlertChannels",
    responses((status = 200, body = Vec<ChannelBody>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Operator) -> Json<Vec<ChannelBody>> {
    Json(app.alerting.channels())
}

/// Whom to send a test message.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertTestRequest)]
pub(crate) struct TestRequest {
    /// One channel; all that are configured without it.
    #[serde(default)]
    channel: Option<String>,
}

/// Sends a test message and tells what became of it, channel by channel.
#[utoipa::path(post, path = "/api/alerts/test", tag = "alerts", operation_id = "testAlertChannels",
    request_body = TestRequest,
    responses((status = 200, body = Vec<DeliveryBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn test(
    State(app): State<Arc<App>>,
    Admin(who): Admin,
    Json(request): Json<TestRequest>,
) -> Result<Json<Vec<DeliveryBody>>, Problem> {
    let shown = request.channel.clone().unwrap_or_else(|| "*".to_owned());
    let told = app.alerting.test(request.channel).await.map_err(|error| match error {
        PortError::Refused { code, detail } => Problem::refused(code, detail),
        PortError::Unavailable(why) => Problem::unavailable("busy", why),
        other => Problem::internal(&other),
    })?;
    app.audit(who.note("alert.test", shown, &serde_json::json!({}))).await;
    Ok(Json(told))
}
